"""What a file says of a field, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.authoring.description import Schema
from tidegate.authoring.writing.variants import Variant
from tidegate.authoring.writing.words import cut, line

_NOTHING = frozenset({"array", "boolean", "integer", "none", "null", "number", "object", "string"})


def described(schema: Schema, found: Sequence[Variant], room: int) -> str:
    """With the values that an enumeration knows, as any other may come."""
    text = line(str(schema.get("description") or schema.get("title") or ""), room)
    text = "" if text.lower() in _NOTHING else text
    values = list(dict.fromkeys(str(value) for each in found for value in each.values))
    if not values or sum(value in text for value in values) > 1:
        return text
    listed = ", ".join(values)
    return cut(f"{text}: {listed}" if text else listed, room)
