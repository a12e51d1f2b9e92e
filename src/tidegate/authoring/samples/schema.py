"""The JSON schema of what was seen: it takes every sample, and another sample never makes it stricter.

Beside the words of draft 2020-12 it has `x-tidegate-numeric-keys` ("always" or "sometimes") at an array that
came as an object with the numbers of its items as keys. `{}` stands where nothing but null, or nothing at
all, was seen. No value of a sample is in it: no enums, no examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tidegate.authoring.description import Schema
from tidegate.authoring.samples.formats import PLAIN, REFERENCE, is_data, names_link, names_time
from tidegate.authoring.samples.seen import Seen, together

NUMERIC_KEYS = "x-tidegate-numeric-keys"
# Keys up to here are numbers of items; a larger one is an id or a year, which a list would lose.
_LAST_NUMBER = 999
# So many names of which none is always there are no fields of a record.
_MANY_NAMES = 100


def schema_of(samples: Iterable[Any]) -> Schema:
    """Of decoded JSON bodies of one kind. Raises `DescriptionError` where one is nested beyond reason."""
    seen = Seen()
    for sample in samples:
        seen.see(sample)
    return _schema(seen)


def _schema(seen: Seen, name: str = "") -> dict[str, Any]:
    """`name` is that of the field, which tells an instant in an integer from a number."""
    kinds = [*_scalars(seen, name), *_collections(seen)]
    if not kinds:
        return {}
    if not seen.nulls:
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if len(kinds) == 1:
        return {**kinds[0], "type": [kinds[0]["type"], "null"]}
    return {"anyOf": [*kinds, {"type": "null"}]}


def _scalars(seen: Seen, name: str) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = []
    if seen.booleans:
        kinds.append({"type": "boolean"})
    if seen.fractions:
        kinds.append({"type": "number"})
    elif seen.integers:
        kinds.append(_of_format("integer", seen.integers if names_time(name) else {PLAIN}))
    if seen.texts:
        linked = {each for each in seen.texts if each != REFERENCE or names_link(name)}
        kinds.append(_of_format("string", linked if len(linked) == len(seen.texts) else {PLAIN}))
    return kinds


def _of_format(kind: str, formats: set[str]) -> dict[str, Any]:
    """A format is told where all values have it."""
    known = formats if len(formats) == 1 else {PLAIN}
    return {"type": kind} if PLAIN in known else {"type": kind, "format": next(iter(known))}


def _collections(seen: Seen) -> list[dict[str, Any]]:
    if _is_numbered(seen):
        items = _schema(together([seen.items, *seen.fields.values()]))
        often = "sometimes" if seen.lists else "always"
        return [{"type": "array", "items": items, NUMERIC_KEYS: often}]
    kinds: list[dict[str, Any]] = []
    if seen.lists:
        kinds.append({"type": "array", "items": _schema(seen.items) if seen.items else {}})
    if seen.objects:
        kinds.append(_object(seen))
    return kinds


def _is_numbered(seen: Seen) -> bool:
    """Whether the objects here are lists, which PHP sends with the numbers of the items as keys."""
    if not seen.objects or not all(re.fullmatch("0|[1-9][0-9]*", name) for name in seen.fields):
        return False
    if seen.lists:
        return bool(seen.fields or seen.items)
    return bool(seen.fields) and all(int(name) <= _LAST_NUMBER for name in seen.fields)


def _object(seen: Seen) -> dict[str, Any]:
    names = seen.names
    always = [name for name in names if seen.always(name)]
    if any(map(is_data, names)) or (len(names) > _MANY_NAMES and not always):
        return {"type": "object", "additionalProperties": _schema(together(seen.fields.values()))}
    properties = {name: _schema(seen.fields[name], name) for name in names}
    return {"type": "object", "properties": properties, **({"required": always} if always else {})}
