"""Whether a contract can be checked column by column with the outcome that instances have.

An allowed list: a kind of schema that is not in it is not proven, however harmless it may be. Of the read
contract, a value that orjson has decoded must be taken as Pydantic takes the JSON text. What differs was
found by the differential tests, and is refused here or, where it hangs on the values of a page, by `guards`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tidegate.engine.columnar.fields import Field, Fields, Schema, UnprovenError, plain_model

Below = Iterator[tuple[Schema, bool]]


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """What a page must be looked at for.

    `large_numbers`: whether any value hangs on how an integer beyond 64 bits is decoded. `decimals`: fields
    that hold a decimal or None. `odd_floats`: fields in which floats that Python and Rust write otherwise
    (1.0, 1e-7) become another text or decimal. `functions`: fields with validators of the user's own.
    `shared`: fields whose values hold what was decoded, not a copy of it.
    """

    large_numbers: bool
    decimals: frozenset[str]
    odd_floats: frozenset[str]
    functions: frozenset[str]
    shared: frozenset[str]


def prove_read(contract: Fields) -> ReadFacts:
    """Raises `UnprovenError` that names the field."""
    if contract.extra != "ignore":
        raise UnprovenError(f"{contract.model.__name__} says extra={contract.extra!r}")
    walk = _Walk(contract.definitions)
    for each in contract.fields:
        walk.look(each.schema, _Place(each.name, f"{contract.model.__name__}.{each.name}", each.config))
    decimals = frozenset(each.name for each in contract.fields if is_decimal(each))
    odd_floats = frozenset(walk.odd_floats) - decimals
    return ReadFacts(
        walk.large_numbers, decimals, odd_floats, frozenset(walk.functions), frozenset(walk.shared)
    )


def prove_write(contract: Fields) -> None:
    """Values come to the validators as they do to those of an instance, so that only what a field sees of
    the others matters. Raises `UnprovenError` that names the field.
    """
    if contract.model.model_computed_fields:
        raise UnprovenError(f"{contract.model.__name__} has computed fields")
    for each in (*(field.schema for field in contract.fields), *contract.definitions.values()):
        for part in _parts(each):
            _check_alone(part, contract.model.__name__)


def has_functions(contract: Fields) -> bool:
    """Whether any validator is the user's own."""
    schemas = (*(field.schema for field in contract.fields), *contract.definitions.values())
    return any(part["type"] in _FUNCTIONS for schema in schemas for part in _parts(schema))


def is_decimal(field: Field) -> bool:
    """Whether it holds a decimal, or None, and has no validator beside."""
    return _kind(field) == "decimal"


def is_datetime(field: Field) -> bool:
    """Whether it holds a datetime, or None, and has no validator beside."""
    return _kind(field) == "datetime"


def _kind(field: Field) -> str:
    schema = field.schema
    while schema["type"] in ("default", "nullable"):
        schema = schema["schema"]
    return str(schema["type"])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema stands: the field of the row, its name for errors, the configuration of the model that
    it belongs to, and whether it is below a function, where all values are Python's in both builds.
    """

    field: str
    name: str
    config: Schema
    python: bool = False


class _Walk:
    """Through the core schema of a read contract."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._within: list[str] = []
        self.large_numbers = False
        self.odd_floats: set[str] = set()
        self.functions: set[str] = set()
        self.shared: set[str] = set()

    def look(self, schema: Schema, place: _Place) -> None:
        kind = schema["type"]
        if kind not in _KINDS:
            raise UnprovenError(f"{place.name} is of the kind {kind!r}")
        check, below = _KINDS[kind]
        if why := check(schema, place):
            raise UnprovenError(f"{place.name} {why}")
        self.large_numbers = self.large_numbers or kind in _LARGE
        if not place.python and _writes_floats(schema, place.config):
            self.odd_floats.add(place.field)
        if kind in _FUNCTIONS:
            self.functions.add(place.field)
        if kind in ("any", "dict"):
            self.shared.add(place.field)
        if kind == "model":
            place = replace(place, config=schema.get("config") or {})
        if kind == "definition-ref":
            self._named(schema["schema_ref"], place)
        for each, python in below(schema):
            self.look(each, replace(place, python=place.python or python))

    def _named(self, ref: str, place: _Place) -> None:
        if ref in self._within:
            raise UnprovenError(f"{place.name} may contain itself")
        self._within.append(ref)
        self.look(self._definitions[ref], place)
        self._within.pop()


def _writes_floats(schema: Schema, config: Schema) -> bool:
    """Whether a float becomes what depends on how it is written."""
    coerces = schema.get("coerce_numbers_to_str", config.get("coerce_numbers_to_str", False))
    return schema["type"] == "decimal" or (schema["type"] == "str" and bool(coerces))


def _fine(_: Schema, __: _Place) -> str:
    return ""


def _not_strict(schema: Schema, place: _Place) -> str:
    return "is strict" if schema.get("strict", place.config.get("strict")) else ""


def _bytes(schema: Schema, place: _Place) -> str:
    as_text = place.config.get("val_json_bytes", "utf8") == "utf8"
    return _not_strict(schema, place) if as_text else "decodes bytes"


def _object(schema: Schema, place: _Place) -> str:
    keys, values = schema.get("keys_schema", _ANY)["type"], schema.get("values_schema", _ANY)["type"]
    bare = keys in ("any", "str") and values == "any" and not {"min_length", "max_length"} & schema.keys()
    if not (bare or place.python):
        # of a key that comes twice Pydantic checks both values in JSON, and orjson keeps the last
        return "checks the values of a dict"
    return _not_strict(schema, place)


def _union(schema: Schema, place: _Place) -> str:
    kinds = {each["type"] for each, _ in _choices(schema)}
    return "" if place.python or kinds <= _ALIKE else "is a union"


def _model(schema: Schema, _: _Place) -> str:
    name = schema["cls"].__name__
    inner = plain_model(schema, name)
    config = schema.get("config") or {}
    if "extras_schema" in inner:
        return f"holds {name}, which checks unknown fields"
    if config.get("validate_by_name"):
        return f"holds {name}, whose fields are known by their names, too"
    if any(not isinstance(each.get("validation_alias", ""), str) for each in inner["fields"].values()):
        return f"holds {name}, which has an AliasPath or AliasChoices"
    return ""


def _function(schema: Schema, _: _Place) -> str:
    return "has a validator that takes `info`" if schema["function"]["type"] != "no-info" else ""


def _default(schema: Schema, _: _Place) -> str:
    return _not_alone(schema) or ""


def _nothing(_: Schema) -> Below:
    return iter(())


def _inner(schema: Schema) -> Below:
    if "schema" in schema:
        yield schema["schema"], False


def _inner_python(schema: Schema) -> Below:
    if "schema" in schema:
        yield schema["schema"], True


def _items(schema: Schema) -> Below:
    found = schema.get("items_schema", ())
    for each in found if isinstance(found, list) else [found] if found else []:
        yield each, False


def _values(schema: Schema) -> Below:
    for key in ("keys_schema", "values_schema"):
        if key in schema:
            yield schema[key], False


def _choices(schema: Schema) -> Below:
    for each in schema["choices"]:
        yield (each[0] if isinstance(each, tuple) else each), False


def _steps(schema: Schema) -> Below:
    for number, each in enumerate(schema["steps"]):
        yield each, number > 0


def _lax(schema: Schema) -> Below:
    yield schema["lax_schema"], False


def _model_fields(schema: Schema) -> Below:
    for each in schema["schema"]["fields"].values():
        yield each["schema"], False


_ANY: Schema = {"type": "any"}
# Of JSON text and of the Python value alike, strict or not.
_ALIKE = frozenset({"none", "bool", "int", "float", "str"})
_FUNCTIONS = ("function-before", "function-after", "function-wrap", "function-plain")
# What takes a float, or anything.
_LARGE = frozenset({"float", "decimal", "any", *_FUNCTIONS})
_KINDS: dict[str, tuple[Callable[[Schema, _Place], str], Callable[[Schema], Below]]] = {
    **dict.fromkeys(("any", "definition-ref", *_ALIKE), (_fine, _nothing)),
    # JSON has no type for these, so that strict means another thing there
    **dict.fromkeys(("date", "time", "datetime", "uuid", "url", "decimal"), (_not_strict, _nothing)),
    **dict.fromkeys(("literal", "enum"), (_not_strict, _nothing)),
    **dict.fromkeys(("list", "set", "frozenset", "tuple"), (_not_strict, _items)),
    **dict.fromkeys(("function-before", "function-wrap", "function-plain"), (_function, _inner_python)),
    **dict.fromkeys(("nullable", "custom-error"), (_fine, _inner)),
    "function-after": (_function, _inner),
    "bytes": (_bytes, _nothing),
    "default": (_default, _inner),
    "lax-or-strict": (_not_strict, _lax),
    "chain": (_fine, _steps),
    "dict": (_object, _values),
    "union": (_union, _choices),
    "model": (_model, _model_fields),
}


def _check_alone(part: Schema, model: str) -> None:
    if str(part.get("type")).startswith("function-") and part["function"]["type"] == "with-info":
        raise UnprovenError(f"{model} has a validator that takes `info`")
    if part.get("type") == "default" and (why := _not_alone(part)):
        raise UnprovenError(f"{model} {why}")


def _not_alone(default: Schema) -> str | None:
    if default.get("default_factory_takes_data"):
        return "has a default that is made of other fields"
    return "has a default in the place of errors" if default.get("on_error", "raise") != "raise" else None


def _parts(schema: Any) -> Iterator[Schema]:
    """A core schema and every one within."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema
        for key, each in schema.items():
            if key not in ("metadata", "serialization", "config"):
                yield from _parts(each)
    elif isinstance(schema, list | tuple):
        for each in schema:
            yield from _parts(each)
