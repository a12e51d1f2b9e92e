"""A body that a schema of samples describes, with nothing of the samples in it: for tests that are kept."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tidegate.authoring.description import Schema
from tidegate.authoring.samples.schema import NUMERIC_KEYS

_ROWS = 2


def made_up(schema: Schema) -> Any:
    """Lists have two items, integers differ, every field is there and null nowhere that a value may be."""
    return _value(schema, count(1))


def _value(schema: Schema, numbers: count[int]) -> Any:
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], numbers)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    make = _MAKERS.get(kind or "")
    return make(schema, numbers) if make else None


def _object(schema: Schema, numbers: count[int]) -> dict[str, Any]:
    if "additionalProperties" in schema:
        return {f"key{number}": _value(schema["additionalProperties"], numbers) for number in range(_ROWS)}
    return {name: _value(each, numbers) for name, each in schema["properties"].items()}


def _array(schema: Schema, numbers: count[int]) -> Any:
    items = [_value(schema["items"], numbers) for _ in range(_ROWS)] if schema["items"] else []
    if schema.get(NUMERIC_KEYS) == "always":
        return {str(number): item for number, item in enumerate(items, 1)}
    return items


def _text(schema: Schema, numbers: count[int]) -> str:
    number = next(numbers)
    day = f"2024-01-{number % 28 + 1:02d}"
    texts = {
        "date": day,
        "date-time": f"{day}T12:00:00Z",
        "date-time-local": f"{day}T12:00:00",
        "uuid": f"00000000-0000-4000-8000-{number:012x}",
        "email": f"person{number}@example.com",
        "uri": f"https://example.com/{number}",
        "uri-reference": f"/{number}",
    }
    return texts.get(schema.get("format", ""), f"text {number}")


def _integer(schema: Schema, numbers: count[int]) -> int:
    return next(numbers) + _EPOCHS.get(schema.get("format", ""), 0)


_EPOCHS = {"unix-time": 1_700_000_000, "unix-time-ms": 1_700_000_000_000}
_MAKERS: dict[str, Callable[[Schema, count[int]], Any]] = {
    "object": _object,
    "array": _array,
    "string": _text,
    "integer": _integer,
    "number": lambda _, numbers: next(numbers) + 0.5,
    "boolean": lambda *_: True,
}
