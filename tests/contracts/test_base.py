"""The policies of contracts: what unknown fields are, how strict values are, what is shown of them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, computed_field

from tidegate.contracts.base import ContractPolicy, ReadContract, WriteContract, policy_of
from tidegate.contracts.personal import Personal


class Ignoring(ReadContract):
    id: int


class Cautious(ReadContract, unknown="warn"):
    id: int


class Forbidding(ReadContract, unknown="forbid", quarantine_payload="raw"):
    id: int


class Person(ReadContract):
    id: int
    email: Annotated[str, Personal()]
    phones: Annotated[tuple[str, ...], Personal()] = ()
    boss: Person | None = None

    @computed_field
    def name(self) -> Annotated[str, Personal()]:
        return self.email.partition("@")[0]


def reads_unknown(model: type[BaseModel]) -> bool:
    try:
        model.model_validate({"id": 1, "new": 2})
    except ValidationError:
        return False
    return model.model_validate_json('{"id": 1, "new": 2}').model_extra is None


def test_an_unknown_field_is_ignored_unless_a_read_contract_says_otherwise() -> None:
    assert policy_of(Ignoring) == ContractPolicy(unknown="ignore", quarantine_payload="masked")
    assert policy_of(Cautious).unknown == "warn"
    assert [reads_unknown(each) for each in (Ignoring, Cautious, Forbidding)] == [True, True, False]


def test_a_forbidden_field_is_named_also_in_a_page() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[Forbidding]).validate_json('[{"id": 1}, {"id": 2, "new": 3}]')
    assert [(each["type"], each["loc"]) for each in caught.value.errors()] == [
        ("extra_forbidden", (1, "new"))
    ]


def test_a_subclass_inherits_the_policy_and_may_change_it() -> None:
    class Same(Forbidding): ...

    class Softer(Forbidding, unknown="warn"): ...

    class Masked(Forbidding, quarantine_payload="masked"): ...

    assert policy_of(Same) == policy_of(Forbidding) == ContractPolicy("forbid", "raw")
    assert policy_of(Softer) == ContractPolicy("warn", "raw")
    assert policy_of(Masked) == ContractPolicy("forbid", "masked")
    assert [reads_unknown(each) for each in (Same, Softer, Masked, Forbidding)] == [False, True, False, False]


def test_the_policy_of_a_plain_model_is_what_its_configuration_says() -> None:
    class Plain(BaseModel): ...

    class Strict(BaseModel, extra="forbid"): ...

    class Undone(Forbidding, extra="ignore"): ...

    assert [policy_of(each).unknown for each in (Plain, Strict, Undone)] == ["ignore", "forbid", "ignore"]


def test_a_policy_of_no_known_name_is_refused() -> None:
    keywords: dict[str, Any] = {"unknown": "warm"}
    with pytest.raises(TypeError, match=r"Made: unknown='warm' is none of ignore, warn, forbid"):
        type("Made", (ReadContract,), {}, **keywords)
    with pytest.raises(TypeError, match=r"quarantine_payload='hidden' is none of masked, raw"):
        type("Made", (ReadContract,), {}, quarantine_payload="hidden")


def test_values_are_coerced_unless_the_contract_is_strict() -> None:
    class Exact(ReadContract, strict=True, unknown="forbid"):
        id: int

    assert Ignoring.model_validate({"id": "1"}).id == 1
    with pytest.raises(ValidationError, match="valid integer"):
        Exact.model_validate({"id": "1"})
    assert policy_of(Exact).unknown == "forbid"


def test_a_write_contract_takes_no_field_that_it_does_not_name() -> None:
    class Row(WriteContract):
        id: int

    assert not reads_unknown(Row)


def test_an_instance_shows_no_personal_value() -> None:
    ann = Person(id=7, email="ann@example.com", phones=("0612345678",), boss=Person(id=8, email="bob@x.org"))
    shown = f"{ann!r} {ann} {[ann]}"
    assert "id=7" in shown
    assert not [each for each in ("ann", "example", "0612", "bob") if each in shown]
    assert ann.email == ann.model_dump()["email"] == "ann@example.com"
    assert "boss=None" in repr(ann.boss)


def test_the_text_of_a_validation_error_shows_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"id": "x-77", "email": ["ann@example.com"]})
    assert not [each for each in ("x-77", "ann") if each in str(caught.value)]
    assert {each["input"] == "x-77" for each in caught.value.errors()} == {True, False}
