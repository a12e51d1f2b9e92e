"""From the schema of a row to records: named classes of plainly typed properties, and nothing else.

What is plain is then given to datamodel-code-generator. Names, optional values, and types that the file's
examples contradict are decided here, each with a reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tidegate.authoring.description import Schema
from tidegate.authoring.writing.describing import described
from tidegate.authoring.writing.personal import looks_personal
from tidegate.authoring.writing.pooling import pooled
from tidegate.authoring.writing.relaxing import MIXED, accepts, relaxed
from tidegate.authoring.writing.variants import Variant, variants
from tidegate.authoring.writing.words import attribute, pascal, singular, snake, unique

ROOM = 84  # characters of a description: then its line fits
# Objects within objects that are told field by field, and classes of one row: some files describe all that
# an account has below every row. The most levels that make no more classes than that are taken.
_LEVELS = (12, 6, 4, 3, 2)
_MOST_CLASSES = 150
_DEEP = "what it holds lies too deep to be told field by field"


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a read contract. `plain` is its type as a schema without anything optional in it; `wrap` is
    what is written around the Python type. `why` is a comment, "" for none.
    """

    name: str
    wire: str
    plain: Schema
    required: bool
    nullable: bool
    description: str = ""
    wrap: str = "{}"
    why: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A class. A row that is no object has `root` in the place of properties: its type."""

    name: str
    doc: str
    properties: tuple[Property, ...] = ()
    root: Schema | None = None


@dataclass(frozen=True, slots=True)
class _Type:
    plain: Schema
    wrap: str = "{}"
    nullable: bool = False
    why: str = ""
    kind: str = ""  # of what may be personal: the name of a Python type


def arranged(
    name: str, schema: Schema, rows: Sequence[Any], *, doc: str, taken: set[str]
) -> tuple[Record, ...]:
    """The records of a row, those that others are made of first, its own last.

    `rows` are those of the examples. Names in `taken` are others'; those that are given join them.
    """
    for levels in _LEVELS:
        row = _Row(schema, set(taken), levels, most=_MOST_CLASSES)
        with suppress(_TooManyError):
            row.arrange(name, rows, doc)
            break
    else:
        row = _Row(schema, set(taken), levels=1)
        row.arrange(name, rows, doc)
    taken |= row.taken
    return tuple(row.records)


class _TooManyError(Exception):
    """More classes than a person likes to read."""


class _Row:
    """`taken` is added to. Raises `_TooManyError` beyond `most` classes, in the middle of its work."""

    def __init__(self, schema: Schema, taken: set[str], levels: int, most: int | None = None) -> None:
        self.records: list[Record] = []
        self.taken = taken
        self._schema, self._levels = schema, levels
        self._level, self._most = 0, sys.maxsize if most is None else len(taken) + most
        self._definitions: Mapping[str, Schema] = schema.get("$defs", {})
        self._pool: Mapping[str, list[Any]] = {}
        self._named: dict[str, str] = {}  # by reference

    def arrange(self, name: str, rows: Sequence[Any], doc: str) -> None:
        self._pool = pooled(self._schema, rows)
        found = variants(self._schema, self._definitions)
        if len(found) == 1 and found[0].properties:
            within = self._itself()
            self._named |= dict.fromkeys(within, name)
            below = [value for each in within for value in self._pool.get(each, ())]
            self._record(name, found[0], [*rows, *below], doc)
            return
        kind = self._type(found, name, "", rows)
        single = "type" in kind.plain and kind.plain["type"] not in {"array", "object"}
        self.records.append(Record(name, doc, root=kind.plain if single else {}))

    def _itself(self) -> list[str]:
        """The references that lead back to the row."""
        row = {key: value for key, value in self._schema.items() if key != "$defs"}
        return [f"#/$defs/{name}" for name, each in self._definitions.items() if each == row]

    def _record(self, name: str, variant: Variant, values: Sequence[Any], doc: str) -> str:
        if variant.reference:
            self._named[variant.reference] = name
            values = self._pool.get(variant.reference, values)
        objects = [each for each in values if isinstance(each, dict)]
        properties: list[Property] = []
        for wire, schema in variant.properties.items():
            taken = [each.name for each in properties]
            properties.append(self._property(name, wire, schema, wire in variant.required, objects, taken))
        self.records.append(Record(name, doc, tuple(_settled(properties))))
        return name

    def _property(
        self, owner: str, wire: str, schema: Schema, required: bool, objects: Sequence[Any], taken: list[str]
    ) -> Property:
        seen = [each[wire] for each in objects if wire in each]
        found = variants(schema, self._definitions)
        kind = self._type(found, f"{owner}{pascal(snake(wire))}", wire, seen)
        why = [kind.why] if kind.why else []
        if required and len(seen) < len(objects):
            required = False
            why.append("declared as required; missing in the examples")
        declared_null = any(each.nullable for each in found)
        nullable = kind.nullable or declared_null or None in seen
        if None in seen and required and not declared_null:
            why.append("null in the examples")
        personal = bool(kind.kind) and looks_personal(wire, kind.kind, owner, seen)
        description = described(schema, found, ROOM)
        return Property(
            attribute(snake(wire), taken),
            wire,
            kind.plain,
            required,
            nullable or not found,
            description,
            kind.wrap,
            "; ".join(why),
            personal,
        )

    def _type(self, found: Sequence[Variant], name: str, wire: str, values: Sequence[Any]) -> _Type:
        told = [each for each in values if each is not None]
        if not found:
            return _Type({})
        if len(found) > 1:
            return self._union(found, name, wire, told)
        variant = found[0]
        if variant.kind == "object":
            return self._object(variant, name, told)
        if variant.kind == "array":
            return self._array(variant, name, wire, told)
        if variant.kind == "any":
            return _Type({})
        scalar = relaxed(variant.kind, wire, told or variant.examples, variant.description)
        wrap = _wrapped(scalar.kind, scalar.wrap)
        return _Type(PLAIN[scalar.kind], wrap, scalar.nullable, scalar.why, scalar.kind)

    def _object(self, variant: Variant, name: str, told: Sequence[Any]) -> _Type:
        if any(not isinstance(each, dict) for each in told):
            return _Type({}, why="declared as an object; something else in the examples")
        if not variant.properties:
            return _Type(_FREE, kind="dict")
        if variant.reference in self._named:
            return _Type({"$ref": f"#/$defs/{self._named[variant.reference]}"})
        if self._level == self._levels:
            return _Type(_FREE, kind="dict", why=_DEEP)
        name = unique(name, self.taken, between="")
        self.taken.add(name)
        if len(self.taken) > self._most:
            raise _TooManyError
        self._level += 1
        made = self._record(name, variant, told, "")
        self._level -= 1
        return _Type({"$ref": f"#/$defs/{made}"})

    def _array(self, variant: Variant, name: str, wire: str, told: Sequence[Any]) -> _Type:
        outer = _listed(variant, told)
        if outer is None:
            return _Type({}, why="declared as a list; something else in the examples")
        items = [item for each in told for item in _items_of(each, outer.wrap)]
        name = f"{name.removesuffix(pascal(snake(wire)))}{pascal(singular(snake(wire)))}"
        found = variants(variant.items, self._definitions)
        inner = self._type(found, name, wire, items) if found else _Type({})
        why = outer.why or inner.why
        plain, wrap = inner.plain, outer.wrap
        nullable = inner.nullable or None in items or any(each.nullable for each in found)
        if nullable:
            plain = {} if inner.wrap != "{}" else {"anyOf": [plain, {"type": "null"}]}
        elif inner.wrap != "{}" and "items" in plain:
            plain = {}
        elif inner.wrap != "{}":
            wrap = wrap.replace("{}", f"list[{inner.wrap.replace('{}', inner.kind)}]")
        return _Type({"type": "array", "items": plain}, wrap, why=why, kind=inner.kind)

    def _union(self, found: Sequence[Variant], name: str, wire: str, told: Sequence[Any]) -> _Type:
        kinds = [self._type([each], name, wire, _of_kind(each, told)) for each in found]
        plains = list({str(each.plain): each.plain for each in kinds}.values())
        fits = all(any(_is_of(each, value) for each in found) for value in told)
        if not fits or any(each.wrap != "{}" for each in kinds) or {} in plains:
            return _Type({}, why="of several types")
        kind = next((each.kind for each in kinds if each.kind), "")
        return _Type(plains[0] if len(plains) == 1 else {"anyOf": plains}, kind=kind)


# The Python types that are written, as the schemas that datamodel-code-generator makes them of.
PLAIN: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "Decimal": {"type": "number", "format": "decimal"},
    "AwareDatetime": {"type": "string", "format": "date-time"},
    "EpochSeconds": {"type": "string", "format": "date-time"},
    "EpochMilliseconds": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    MIXED: {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
    "Any": {},
}
_FREE: Schema = {"type": "object", "additionalProperties": True}


def _listed(variant: Variant, told: Sequence[Any]) -> _Type | None:
    """What is written around the type of a list, for what stands in its place in the examples; None where
    nothing would do.
    """
    others = [each for each in told if not isinstance(each, list)]
    numbered = [each for each in others if isinstance(each, dict) and _is_numbered(each)]
    if len(numbered) == len(others):
        return _Type({}, "NumericKeys[{}]" if variant.numeric_keys or others else "{}")
    if numbered or variant.numeric_keys or any(isinstance(each, str) and not each.strip() for each in others):
        return None
    return _Type({}, "OneOrMany[{}]", why="declared as a list; the item itself in the examples")


def _items_of(value: Any, wrap: str) -> list[Any]:
    if isinstance(value, list):
        return value
    return list(value.values()) if wrap.startswith("NumericKeys") else [value]


def _wrapped(kind: str, wrap: str) -> str:
    return wrap.replace("{}", kind) if kind.startswith("Epoch") else wrap


def _settled(properties: Sequence[Property]) -> Iterator[Property]:
    """What depends on the others: a field called `date` would hide the type of another one; and an object
    without a schema, beside personal data, may hold more of it.
    """
    hides = any(_holds_dates(each.plain) for each in properties)
    personal = any(each.personal for each in properties)
    for each in properties:
        name = "date_" if hides and each.name == "date" else each.name
        yield replace(each, name=name, personal=each.personal or (personal and each.plain == _FREE))


def _holds_dates(plain: Schema) -> bool:
    inner = [*plain.get("anyOf", ()), *([plain["items"]] if "items" in plain else [])]
    return plain == PLAIN["date"] or any(map(_holds_dates, inner))


def _is_numbered(value: Mapping[str, Any]) -> bool:
    """Whether `NumericKeys` takes it for a list."""
    return all(re.fullmatch("[0-9]+", key) for key in value)


def _of_kind(variant: Variant, values: Sequence[Any]) -> list[Any]:
    return [each for each in values if _is_of(variant, each)]


def _is_of(variant: Variant, value: Any) -> bool:
    if variant.kind in {"object", "array"}:
        return isinstance(value, dict if variant.kind == "object" else list)
    return not isinstance(value, dict | list) and (variant.kind == "any" or accepts(variant.kind, value))
