"""What a single value is read as: what the file declares, unless its own examples demand something else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from tidegate.authoring.writing.words import words
from tidegate.contracts.normalising import EpochMilliseconds, EpochSeconds

_AWARE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = re.compile(r"\b(unix|epoch|since 1970)\b", re.IGNORECASE)
_TIME = frozenset({"duration", "ttl", "timeout", "interval"})
_MONEY = frozenset(
    {"amount", "balance", "cost", "discount", "fee", "price", "revenue", "spend", "tax", "total_price"}
)
_WHOLE = frozenset({"id", "ids", "count", "counter"})
_PLACES = 9  # after the point, in the write contracts: those of BigQuery's NUMERIC
_MILLISECONDS = 10**11  # seconds of the year 5138


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of an API: `kind` is the name of its Python type, `wrap` what is written around that.

    `why` says what the examples have changed, "" where nothing.
    """

    kind: str
    wrap: str = "{}"
    nullable: bool = False
    why: str = ""


_CHECKED: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "Decimal": Decimal,
    "AwareDatetime": AwareDatetime,
    "date": date,
    "EpochSeconds": EpochSeconds,
    "EpochMilliseconds": EpochMilliseconds,
}
MIXED = "str | float | bool"
TEXT_OF_NUMBERS = "Annotated[{}, Field(coerce_numbers_to_str=True)]"


@dataclass(frozen=True, slots=True)
class _Told:
    """What a file says of a value: its name, its description, and examples without null."""

    name: str
    values: Sequence[Any]
    description: str


def relaxed(kind: str, name: str, values: Sequence[Any], description: str = "") -> Scalar:
    """`kind` of the field `name` (as the API spells it), or what takes the `values` of the examples, too.

    Text whose examples all are instants or dates is read as such, and numbers that are said to be Unix
    timestamps are instants: many files declare no format.
    """
    told = _Told(name, [each for each in values if each is not None], description)
    found = Scalar(kind)
    for step in (_by_form, _by_words, _by_fit):
        found = step(found, told)
    return found


def accepts(kind: str, value: Any) -> bool:
    """As the contract reads it from JSON."""
    if kind == "str":
        return isinstance(value, str)
    if kind in {"AwareDatetime", "date"} and not isinstance(value, str):
        return False  # Pydantic would take a number for seconds or milliseconds, whichever is nearer
    try:
        _adapter(kind).validate_json(json.dumps(value))
    except (ValidationError, ValueError):
        return False
    return True


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_CHECKED[kind])


def _by_form(found: Scalar, told: _Told) -> Scalar:
    texts = [each for each in told.values if not _blank(each)]
    if found.kind != "str" or not texts:
        return found
    for kind, form, what in (("AwareDatetime", _AWARE, "instants"), ("date", _DAY, "dates")):
        if all(isinstance(each, str) and form.fullmatch(each) and accepts(kind, each) for each in texts):
            return Scalar(kind, why=f"declared as text; its examples are {what}")
    return found


def _by_words(found: Scalar, told: _Told) -> Scalar:
    if found.kind not in {"int", "float"}:
        return found
    spelled = words(told.name)
    if _EPOCH.search(told.description) and _TIME.isdisjoint(spelled):
        large = re.search("millisec", told.description, re.IGNORECASE) or _is_large(told.values)
        return Scalar("EpochMilliseconds" if large else "EpochSeconds")
    if found.kind == "float" and _WHOLE & set(spelled[-1:]) and all(isinstance(v, int) for v in told.values):
        return Scalar("int", why="declared as a number; whole by its name")
    if found.kind == "float" and _MONEY & set(spelled) and all(_places(v) <= _PLACES for v in told.values):
        return Scalar("Decimal")
    return found


def _by_fit(found: Scalar, told: _Told) -> Scalar:
    unfit = [each for each in told.values if not accepts(found.kind, each)]
    if not unfit:
        return found
    if found.kind != "str" and all(map(_blank, unfit)):
        why = found.why or 'comes as "" in the examples, too'
        return replace(found, wrap=f"EmptyToNone[{found.wrap}]", nullable=True, why=why)
    return _otherwise(found.kind, told.values, unfit[0])


def _otherwise(kind: str, values: Sequence[Any], unfit: Any) -> Scalar:
    """What takes values that are not of the declared kind."""
    why = f"declared as {_DECLARED[kind]}; {_shown(unfit)} in its examples"
    types = {type(each) for each in values}
    if kind == "AwareDatetime" and types == {int}:
        return Scalar("EpochMilliseconds" if _is_large(values) else "EpochSeconds", why=why)
    if kind == "int" and all(accepts("float", each) for each in values):
        return Scalar("float", why=why)
    if len(types) == 1 and types <= {str, bool}:
        return Scalar("str" if types == {str} else "bool", why=why)
    if types <= {str, int, float}:
        return Scalar("str", TEXT_OF_NUMBERS, why=why)
    return Scalar(MIXED if types <= {str, int, float, bool} else "Any", why=why)


_DECLARED = {
    "str": "text",
    "int": "an integer",
    "float": "a number",
    "Decimal": "a number",
    "bool": "a boolean",
    "AwareDatetime": "an instant",
    "date": "a date",
    "EpochSeconds": "an instant",
    "EpochMilliseconds": "an instant",
}


def _is_large(values: Sequence[Any]) -> bool:
    """Numbers that are milliseconds since 1970, if they are instants at all."""
    return any(isinstance(each, int | float) and each > _MILLISECONDS for each in values)


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _places(value: Any) -> int:
    try:
        exponent = Decimal(str(value)).as_tuple().exponent
    except ArithmeticError:
        return 0
    return -exponent if isinstance(exponent, int) else 0


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 and text.isprintable() else "something else"
