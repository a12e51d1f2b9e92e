"""The two bases of every contract: what the API sends, and what the warehouse holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Unpack, get_args

from pydantic import BaseModel, ConfigDict

from tidegate.contracts.personal import MASK, personal_attributes

Unknown = Literal["ignore", "warn", "forbid"]
Payload = Literal["masked", "raw"]


@dataclass(frozen=True, slots=True)
class ContractPolicy:
    """How a read contract treats what is not plain sailing.

    `unknown`: fields that it does not name are passed over, passed over with a warning in the report of the
    run, or an error of their row. `quarantine_payload`: whether rows in quarantine are kept with their
    personal values masked, or as they came. `left_out`: keys that come and are not loaded on purpose.
    """

    unknown: Unknown = "ignore"
    quarantine_payload: Payload = "masked"
    left_out: frozenset[str] = frozenset()


def policy_of(model: type[BaseModel]) -> ContractPolicy:
    """Of a read contract, or of any other model: one that forbids extra fields forbids unknown ones."""
    declared: ContractPolicy = getattr(model, "__contract_policy__", ContractPolicy())
    forbids = model.model_config.get("extra") == "forbid"
    if forbids == (declared.unknown == "forbid"):
        return declared
    return replace(declared, unknown="forbid" if forbids else "ignore")


class _Contract(BaseModel):
    """Shows no personal value: neither in the text of an error nor as itself in a log or a traceback."""

    model_config = ConfigDict(hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        personal = personal_attributes(type(self))
        for name, value in super().__repr_args__():
            yield name, MASK if name in personal and value is not None else value


class ReadContract(_Contract):
    """One row as the API sends it, oddities included.

    Strict on structure (a field without a default must be there under its name), lax on values
    (Pydantic's ordinary coercion): vendors break their own schemas in types far more often than in
    names. Pydantic's own `strict=True` as a class keyword ends the coercion.

    Fields that the contract does not name are ignored; `class ApiOrder(ReadContract, unknown="warn")` or
    `"forbid"` says otherwise. `left_out=("footer",)` names keys that are known and not loaded, so that
    drift does not tell of them. `quarantine_payload="raw"` keeps personal values in quarantined rows. A
    subclass inherits all of it; a nested model has its own `unknown` and `left_out`.
    """

    model_config = ConfigDict(extra="ignore", cache_strings="keys")

    __contract_policy__: ClassVar[ContractPolicy] = ContractPolicy()

    def __init_subclass__(
        cls,
        unknown: Unknown | None = None,
        quarantine_payload: Payload | None = None,
        left_out: Iterable[str] = (),
        **config: Unpack[ConfigDict],
    ) -> None:
        super().__init_subclass__(**config)
        if unknown is not None:
            _check(cls, "unknown", unknown, get_args(Unknown))
            # Pydantic builds the validator after this, from this dictionary.
            cls.model_config["extra"] = "forbid" if unknown == "forbid" else "ignore"
            cls.__contract_policy__ = replace(cls.__contract_policy__, unknown=unknown)
        if quarantine_payload is not None:
            _check(cls, "quarantine_payload", quarantine_payload, get_args(Payload))
            cls.__contract_policy__ = replace(cls.__contract_policy__, quarantine_payload=quarantine_payload)
        if left_out:
            known = cls.__contract_policy__.left_out.union(left_out)
            cls.__contract_policy__ = replace(cls.__contract_policy__, left_out=known)
        if cls.__contract_policy__.left_out and policy_of(cls).unknown == "forbid":
            raise TypeError(f"{cls.__name__}: unknown='forbid' refuses the keys of left_out, too")


class WriteContract(_Contract):
    """One row as the warehouse holds it: the only source of the table's schema.

    A field that the contract does not know is an error, so that no value is lost by a typing slip. The
    description of a column is that of its `Field(...)`, or the docstring below it.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def _check(cls: type, name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise TypeError(f"{cls.__name__}: {name}={value!r} is none of {', '.join(allowed)}")
