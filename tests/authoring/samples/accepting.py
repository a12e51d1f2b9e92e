"""Whether a schema of samples takes a value: a reading of the schema that shares nothing with its making."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AnyUrl, AwareDatetime, NaiveDatetime, TypeAdapter, ValidationError

_FORMATS: Mapping[str, TypeAdapter[Any]] = {
    "date": TypeAdapter(datetime),  # what a date may be is checked by its length, too
    "date-time": TypeAdapter(AwareDatetime),
    "date-time-local": TypeAdapter(NaiveDatetime),
    "uuid": TypeAdapter(UUID),
    "uri": TypeAdapter(AnyUrl),
}


def accepts(schema: Mapping[str, Any], value: Any, *, known: bool = False) -> bool:
    """With `known`, only what was seen: `{}` takes null alone, an object no key beside its properties."""
    if "anyOf" in schema:
        return any(accepts(each, value, known=known) for each in schema["anyOf"])
    if "type" not in schema:
        return value is None or not known
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return any(_of_kind(kind, schema, value, known) for kind in kinds)


def _of_kind(kind: str, schema: Mapping[str, Any], value: Any, known: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    checks: Mapping[str, Callable[[], bool]] = {
        "null": lambda: value is None,
        "boolean": lambda: isinstance(value, bool),
        "number": lambda: number,
        "integer": lambda: number and isinstance(value, int) and _is_epoch(schema.get("format"), value),
        "string": lambda: isinstance(value, str) and _has_format(schema.get("format"), value),
        "array": lambda: _is_array(schema, value, known),
        "object": lambda: isinstance(value, dict) and _is_object(schema, value, known),
    }
    return checks[kind]()


def _is_epoch(form: str | None, value: int) -> bool:
    return form is None or value > 10 ** {"unix-time": 8, "unix-time-ms": 11}[form]


def _has_format(form: str | None, text: str) -> bool:
    if form is None:
        return True
    if form == "uri-reference":
        return text[:1] in {"/", "?"}
    if form == "email":
        return "@" in text
    try:
        _FORMATS[form].validate_python(text)
    except ValidationError:
        return False
    return form != "date" or len(text) == 10


def _is_array(schema: Mapping[str, Any], value: Any, known: bool) -> bool:
    often = schema.get("x-tidegate-numeric-keys")
    if isinstance(value, dict) and often and all(re.fullmatch("[0-9]+", key) for key in value):
        value = list(value.values())
    elif often == "always" and known:
        return False
    return isinstance(value, list) and all(accepts(schema["items"], each, known=known) for each in value)


def _is_object(schema: Mapping[str, Any], value: dict[str, Any], known: bool) -> bool:
    if "additionalProperties" in schema:
        return all(accepts(schema["additionalProperties"], each, known=known) for each in value.values())
    properties = schema["properties"]
    if not set(schema.get("required", ())) <= set(value) or (known and not set(value) <= set(properties)):
        return False
    return all(
        accepts(properties[key], each, known=known) for key, each in value.items() if key in properties
    )
