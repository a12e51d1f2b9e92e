"""The alternatives that a schema allows, in plain words: each an object, a list, or a value of one type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tidegate.authoring.description import Schema

_KINDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {
    ("string", "date-time"): "AwareDatetime",
    ("string", "date"): "date",
    ("string", "decimal"): "Decimal",
    ("number", "decimal"): "Decimal",
    ("integer", "unix-time"): "EpochSeconds",
    ("number", "unix-time"): "EpochSeconds",
    ("integer", "unix-time-ms"): "EpochMilliseconds",
}
_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass(frozen=True, slots=True)
class Variant:
    """`kind` is object, array, any, or the name of a Python type. `nullable`: null is another alternative.
    `reference` is the `$ref` that led here; `values` are those of an enumeration.
    """

    kind: str
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Schema = field(default_factory=dict)
    reference: str | None = None
    numeric_keys: bool = False
    nullable: bool = False
    values: tuple[Any, ...] = ()
    examples: tuple[Any, ...] = ()
    description: str = ""


def variants(schema: Schema, definitions: Mapping[str, Schema]) -> list[Variant]:
    """Those beside null; several objects are one with the properties of all. None where anything may come."""
    found = list(_variants(schema, definitions, frozenset()))
    nullable = any(each.kind == "null" for each in found)
    told = _one_object([each for each in found if each.kind != "null"])
    if any(each.kind == "any" for each in told):
        return []
    return [replace(each, nullable=nullable) for each in told]


def _variants(schema: Schema, definitions: Mapping[str, Schema], passed: frozenset[str]) -> Iterator[Variant]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = definitions.get(reference.removeprefix("#/$defs/"))
        if target is None or reference in passed:
            yield Variant("any")
            return
        for each in _variants(target, definitions, passed | {reference}):
            yield replace(each, reference=each.reference or reference)
        return
    several = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if several and not schema.get("properties"):
        shared = {key: schema[key] for key in ("type", "format") if key in schema}
        for each in several:
            yield from _variants({**shared, **each}, definitions, passed)
        return
    for kind in _types(schema):
        yield _variant(kind, schema)


def _types(schema: Schema) -> list[str]:
    told = schema.get("type")
    if isinstance(told, str):
        types = [told]
    elif isinstance(told, list):
        types = [each for each in told if isinstance(each, str)]
    elif values := _values(schema):
        types = list(dict.fromkeys(_TYPES.get(type(each), "any") for each in values if each is not None))
    elif "properties" in schema:
        types = ["object"]
    else:
        types = ["array"] if "items" in schema else ["any"]
    return [*types, "null"] if None in schema.get("enum", ()) and "null" not in types else types


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _variant(kind: str, schema: Schema) -> Variant:
    if kind == "object":
        properties = {k: v if isinstance(v, Mapping) else {} for k, v in schema.get("properties", {}).items()}
        return Variant(kind, properties, frozenset(schema.get("required", ())))
    if kind == "array":
        items = schema.get("items")
        return Variant(
            kind,
            items=items if isinstance(items, Mapping) else {},
            numeric_keys="x-tidegate-numeric-keys" in schema,
        )
    name = _FORMATS.get((kind, schema.get("format", "")), _KINDS.get(kind, kind if kind == "null" else "any"))
    values = tuple(each for each in _values(schema) if each is not None)
    examples, description = tuple(schema.get("examples", ())), str(schema.get("description", ""))
    return Variant(name, values=values, examples=examples, description=description)


def _one_object(found: Sequence[Variant]) -> list[Variant]:
    objects = [each for each in found if each.kind == "object"]
    if len(objects) < 2:
        return list(found)
    properties: dict[str, Schema] = {}
    for each in objects:
        for name, schema in each.properties.items():
            held = properties.get(name)
            properties[name] = schema if held in (None, schema) else {"anyOf": [held, schema]}
    required = frozenset.intersection(*(each.required for each in objects))
    first = found.index(objects[0])
    merged = Variant("object", properties, required)
    rest = [each for each in found if each.kind != "object"]
    return [*rest[:first], merged, *rest[first:]]
