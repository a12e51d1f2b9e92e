"""What Pydantic found wrong, in a person's words, short, and with personal values masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from tidegate.contracts.personal import MASK, Path, PersonalPaths

# Takes personal values out of a text.
Scrub = Callable[[str], str]

_SHOWN = 60

# Messages that Pydantic makes by itself quote no value, but for these; those of validators may.
_QUOTING = {"value_error", "assertion_error", "union_tag_invalid", "uuid_parsing"}
_PLAIN = {*get_args(ErrorType)} - _QUOTING


def shortened(text: str, limit: int = _SHOWN) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def field_name(path: Path, personal: PersonalPaths) -> str:
    return ".".join(map(str, personal.shown(path))) or "(the row)"


def expected_and_came(
    detail: Any, path: Path, personal: PersonalPaths, scrub: Scrub = str
) -> tuple[str, str]:
    """Of one detail of a `ValidationError`: `path` leads from the row to its field, `personal` is the row's,
    `scrub` takes more personal values out of what is shown.
    """
    came = detail["input"]
    if detail["type"] == "missing":
        holder = "a row" if len(path) <= 1 else "an object"
        keys = ", ".join(map(str, came)) if isinstance(came, dict) else type(came).__name__
        return "required", shortened(f"{holder} with {MASK if personal.covers(path[:-1]) else keys}")
    shown = repr(personal.mask(came, path)).replace(repr(MASK), MASK)
    expected = detail["msg"]
    if detail["type"] not in _PLAIN:
        expected = scrub(personal.scrub(expected, came, path))  # a validator may quote another field
    return expected, shortened(scrub(shown))


def first_fault(error: ValidationError, personal: PersonalPaths, skip: int = 0) -> str:
    """`field total: ..., got ...` of the first detail; `skip` steps of its path lead to the row."""
    detail = error.errors()[0]
    path = detail["loc"][skip:]
    expected, came = expected_and_came(detail, path, personal)
    return f"field {field_name(path, personal)}: {expected}, got {came}"
