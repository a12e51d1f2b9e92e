"""What Pydantic found wrong, in a person's words and short: values may be personal, and large."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

_SHOWN = 60


def shortened(text: str, limit: int = _SHOWN) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def field_name(path: tuple[int | str, ...]) -> str:
    return ".".join(map(str, path)) or "(the row)"


def expected_and_came(detail: Any, depth: int = 1) -> tuple[str, str]:
    """Of one detail of a `ValidationError`; `depth` is how far below the row its field lies."""
    came = detail["input"]
    if detail["type"] != "missing":
        return detail["msg"], shortened(repr(came))
    keys = ", ".join(map(str, came)) if isinstance(came, dict) else type(came).__name__
    return "required", shortened(f"{'a row' if depth <= 1 else 'an object'} with {keys}")


def first_fault(error: ValidationError, skip: int = 0) -> str:
    """`field total: ..., got ...` of the first detail; `skip` steps of its path lead to the row."""
    detail = error.errors()[0]
    path = detail["loc"][skip:]
    expected, came = expected_and_came(detail, len(path))
    return f"field {field_name(path)}: {expected}, got {came}"
