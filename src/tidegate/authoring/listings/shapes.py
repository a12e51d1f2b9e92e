"""Looking at schemas: through references into `$defs`, through null and alternatives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tidegate.authoring.description import Parameter, Schema
from tidegate.authoring.listings.sentences import MOST

_DEFS = "#/$defs/"
_MOST_STEPS = 10
MOST_PROPERTIES = 600
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_TIMES = frozenset({"date", "date-time", "unix-time", "unix-time-ms", "timestamp"})


@dataclass(frozen=True, slots=True)
class Shapes:
    """The schemas of one body. `defs` are what references in it point into."""

    root: Schema

    def plain(self, schema: Any) -> Schema:
        """What is behind references; of alternatives the first that is more than null."""
        for _ in range(_MOST_STEPS):
            schema = self._behind(schema)
            arms = _arms(schema)
            if not arms:
                return schema  # type: ignore[no-any-return]  # as `_behind` gives it
            schema = arms[0]
        return {}

    def _behind(self, schema: Any) -> Any:
        """The schema that a reference leads to."""
        for _ in range(_MOST_STEPS):
            if not isinstance(schema, Mapping):
                return {}
            if not isinstance(schema.get("$ref"), str):
                return schema
            schema = self.root.get("$defs", {}).get(schema["$ref"].removeprefix(_DEFS), {})
        return {}

    def properties(self, schema: Any) -> Mapping[str, Any]:
        found = self.plain(schema).get("properties")
        return found if isinstance(found, Mapping) else {}

    def items(self, schema: Any) -> Schema | None:
        """What an array holds, references followed; None where it is no array.

        Objects of several kinds are one that may have the fields of all.
        """
        plain = self.plain(schema)
        if "array" not in kinds(plain):
            return None
        several = self.several(schema)
        return joined(several) if several else self.plain(plain.get("items", {}))

    def several(self, array: Any) -> list[Schema]:
        """The kinds of objects that an array holds, where it holds more than one."""
        arrays = [self._behind(each) for each in _arms(self._behind(array))] or [self.plain(array)]
        items = [self._behind(each.get("items", {})) for each in arrays if "array" in kinds(each)]
        arms = [self._behind(arm) for each in items for arm in _arms(each) or [each]]
        found = [each for each in arms if isinstance(each.get("properties"), Mapping)]
        return found if len(found) > 1 and len(found) == len(arms) else []

    def walk(self, schema: Any, depth: int) -> Iterator[tuple[str, Schema]]:
        """Dotted paths of the properties down to `depth`, with their plain schemas, the outer ones first.

        No more than some hundreds: schemas that refer to each other would have millions.
        """
        level: list[tuple[str, Schema]] = [("", self.plain(schema))]
        left = MOST_PROPERTIES
        for _ in range(depth):
            inner = (
                (f"{path}.{name}" if path else name, self.plain(each))
                for path, outer in level
                for name, each in self.properties(outer).items()
            )
            level = list(islice(inner, left))
            left -= len(level)
            yield from level

    def complete(self, schema: Schema) -> Schema:
        """A part of the body on its own: with the definitions that it needs."""
        defs: dict[str, Any] = {}
        left = list(_references(schema))
        while left:
            name = left.pop()
            if name not in defs and name in self.root.get("$defs", {}):
                defs[name] = self.root["$defs"][name]
                left += _references(defs[name])
        return {**schema, "$defs": defs} if defs else schema


def _arms(schema: Schema) -> list[Any]:
    """The alternatives of a schema that is nothing else, but for null."""
    if "properties" in schema or "items" in schema:
        return []
    arms = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [each for each in arms if isinstance(each, Mapping) and each.get("type") != "null"]


def joined(several: Sequence[Schema]) -> Schema:
    """One object that each of these is: with the fields of all, and required what all require."""
    fields: dict[str, list[Any]] = {}
    for each in several:
        for name, schema in each["properties"].items():
            known = fields.setdefault(name, [])
            if schema not in known:
                known.append(schema)
    required = [set(each.get("required", ())) for each in several]
    return {
        "type": "object",
        "properties": {name: each[0] if len(each) == 1 else {"anyOf": each} for name, each in fields.items()},
        "required": [name for name in fields if all(name in names for names in required)],
    }


def _references(schema: Any) -> Iterator[str]:
    left = [schema]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            if isinstance(each.get("$ref"), str):
                yield each["$ref"].removeprefix(_DEFS)
            left += [
                value for key, value in each.items() if key not in {"examples", "enum", "default", "$defs"}
            ]
        elif isinstance(each, list):
            left += each


def kinds(schema: Schema) -> frozenset[str]:
    """The JSON types that a schema names, without null."""
    named = schema.get("type", ())
    return frozenset([named] if isinstance(named, str) else named) - {"null"}


def is_whole_number(schema: Schema) -> bool:
    return bool(kinds(schema)) and kinds(schema) <= {"integer", "number"}


def is_text(schema: Schema) -> bool:
    return "string" in kinds(schema)


def text_of(schema: Schema) -> str:
    told = schema.get("description", "")
    return told[:MOST] if isinstance(told, str) else ""


def told_of(parameter: Parameter) -> str:
    """All that is said of a parameter, with the values that it names, as far as it is looked at."""
    values = " ".join(str(each)[:100] for each in samples(parameter.schema)[:5])
    return f"{parameter.description[:MOST]} {text_of(parameter.schema)} {values}".strip()[:MOST]


def samples(schema: Schema) -> list[Any]:
    """Values that a schema names itself."""
    found = list(schema.get("examples", ()))
    return [*found, schema["default"]] if "default" in schema else found


def is_moment(schema: Schema, name_says_so: bool) -> bool:
    """Whether a scalar is a date or an instant, by its format, its examples, or else by its name."""
    if kinds(schema) & {"boolean", "array", "object"}:
        return False
    if schema.get("format") in _TIMES:
        return True
    texts = [each for each in samples(schema) if isinstance(each, str)]
    return any(_DATE.fullmatch(each) for each in texts) or name_says_so
