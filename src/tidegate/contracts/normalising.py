"""Types for read contracts that put right what many APIs send askew.

Each is an annotation: `NumericKeys[list[ApiArticle]]`, `EmptyToNone[DayFirstDate]`. They nest in any order,
work on JSON and on Python values, strict or not, and leave alone what has the right form already. Messages
say what was expected and quote no value.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

__all__ = [
    "DayFirstDate",
    "EmptyToNone",
    "EpochMilliseconds",
    "EpochSeconds",
    "HtmlText",
    "NumericKeys",
    "OneOrMany",
    "ZeroOne",
    "list_of_numbered",
]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_BOOLS = {"0": False, "1": True}


def _is_numbered(value: Any) -> bool:
    """Whether this is an object that stands for a list, which PHP sends for an array with gaps."""
    return isinstance(value, dict) and all(re.fullmatch("[0-9]+", str(key)) for key in value)


def list_of_numbered(value: Any) -> Any:
    """The items of an object with numbers for keys, in the order of these; anything else as it is."""
    return [value[key] for key in sorted(value, key=int)] if _is_numbered(value) else value


def _list_of_one(value: Any) -> Any:
    several = isinstance(value, list | tuple | set | frozenset) or _is_numbered(value)
    return value if several or _none_of_blank(value) is None else [value]


def _none_of_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _bool_of_digit(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value) if isinstance(value, str | int) else ""
    if text not in _BOOLS:
        raise PydanticCustomError("zero_one", "Input should be 0 or 1, as a number or as text")
    return _BOOLS[text]


def _unescaped(value: Any) -> Any:
    return html.unescape(value) if isinstance(value, str) else value


def _instant(value: Any, unit: Literal["seconds", "milliseconds"]) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        microseconds = _number(value) * (1_000_000 if unit == "seconds" else 1000)
        return _EPOCH + timedelta(microseconds=int(microseconds.to_integral_value()))
    except (ArithmeticError, ValueError):
        raise PydanticCustomError(
            "epoch", "Input should be a number of {unit} since 1970, in the years 1 to 9999", {"unit": unit}
        ) from None


def _number(value: Any) -> Decimal:
    number = isinstance(value, int | float | Decimal | str) and not isinstance(value, bool)
    return Decimal(value if number else "NaN")


def _date_of_day_first(value: Any) -> date:
    if isinstance(value, date):
        return value
    found = _DAY_FIRST.fullmatch(value.strip()) if isinstance(value, str) else None
    day, month, year = (int(found[group]) for group in (1, 3, 4)) if found else (0, 0, 0)
    try:
        return date(year, month, day)
    except ValueError:
        raise PydanticCustomError(
            "day_first_date", "Input should be a date with its day first, such as 31/12/2024"
        ) from None


NumericKeys = Annotated[T, BeforeValidator(list_of_numbered)]
"""`NumericKeys[list[T]]`: a list, or an object with the numbers of the items as keys: `{"1": a, "2": b}`.
The order is that of the numbers."""

OneOrMany = Annotated[T, BeforeValidator(_list_of_one)]
"""`OneOrMany[list[T]]`: a list, or the item itself where there is one. Null and blank text are no items, and
are left to `EmptyToNone`; an object whose keys are all numbers is left to `NumericKeys`."""

EmptyToNone = Annotated[T | None, BeforeValidator(_none_of_blank)]
"""`EmptyToNone[T]`: None for text without a character other than blanks, else `T`. The key must be there;
give the field a default where it may be missing."""

ZeroOne = Annotated[bool, BeforeValidator(_bool_of_digit)]
"""A bool sent as `"0"`, `"1"`, 0 or 1. Nothing else is taken: not "yes", not "true"."""

HtmlText = Annotated[str, BeforeValidator(_unescaped)]
"""Text with HTML entities (`&eacute;`, `&#233;`), resolved once. Tags stay. A length is that of the text."""

EpochSeconds = Annotated[AwareDatetime, BeforeValidator(lambda value: _instant(value, "seconds"))]
"""An instant sent as seconds since 1970, a number or text; in UTC, to the microsecond."""

EpochMilliseconds = Annotated[AwareDatetime, BeforeValidator(lambda value: _instant(value, "milliseconds"))]
"""An instant sent as milliseconds since 1970, a number or text; in UTC, to the microsecond."""

DayFirstDate = Annotated[date, BeforeValidator(_date_of_day_first)]
"""A date such as `31/12/2024`, `31.12.2024` or `1-2-2024`: day, month, year of four digits."""
