"""One walk over the annotations of a Pydantic model, into columns.

What the mapping does not hold is refused with the path of the field, never guessed.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

import pydantic
from annotated_types import GroupedMetadata
from pydantic import BaseModel, JsonValue, RootModel
from pydantic.fields import FieldInfo
from pydantic_core import MultiHostUrl, Url
from typing_extensions import TypeAliasType

from tidegate.utils.columns import Column, Kind, SchemaError, Step, check_names
from tidegate.utils.personal_columns import as_marked
from tidegate.utils.shapes import Shape, annotation_of

_MAX_LEVELS = 15  # of nested records, in BigQuery
_INT64 = range(-(2**63), 2**63)
_NAMELESS = ""
_IN_TRANSFORM = "columns hold the attributes as they are: do in the transform what it does"
_NO_SECRETS = "leave it out, or hash it in the transform"

_IP = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network)
_URL = (pydantic.AnyUrl, Url, MultiHostUrl)
# Written as `str` writes them.
_TEXTS: tuple[Any, ...] = (
    *(UUID, pydantic.NameEmail, *_URL, *_IP),
    *(pydantic.IPvAnyAddress, pydantic.IPvAnyInterface, pydantic.IPvAnyNetwork),
)

# The first group of which an annotation is a subclass; bool stands before int, and datetime before date.
_SCALARS: tuple[tuple[tuple[type, ...], Kind, tuple[Step, ...]], ...] = (
    ((bool,), "bool", ()),
    ((int,), "int", ()),
    ((float,), "float", ()),
    ((str, pydantic.EmailStr), "string", ()),
    ((bytes,), "bytes", ()),
    ((datetime, pydantic.AwareDatetime, pydantic.PastDatetime, pydantic.FutureDatetime), "timestamp", ()),
    ((pydantic.NaiveDatetime,), "datetime", ()),
    ((date, pydantic.PastDate, pydantic.FutureDate), "date", ()),
    ((time,), "time", ()),
    ((timedelta,), "int", ("microseconds",)),
    (_TEXTS, "string", ("text",)),
)
_LISTS = (list, set, frozenset, tuple, Sequence)
_SETS = (set, frozenset)
_SECRETS = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)
_SERIALIZERS = (pydantic.PlainSerializer, pydantic.WrapSerializer)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk stands: the dotted path, and the models that it is inside of."""

    path: str
    models: tuple[type[BaseModel], ...]

    def at(self, attribute: str) -> _Place:
        return replace(self, path=f"{self.path}.{attribute}")

    def inside(self, model: type[BaseModel]) -> _Place:
        if model in self.models:
            raise self.refuse(f"{model.__name__} contains itself", "write Any there, a JSON column")
        if len(self.models) >= _MAX_LEVELS:
            raise self.refuse(f"more than {_MAX_LEVELS} levels of models", "write Any for a JSON column")
        return replace(self, models=(*self.models, model))

    def refuse(self, what: str, hint: str) -> SchemaError:
        return SchemaError(f"{self.path}: {what}", hint=hint)


def walk(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of a model, in the order of its fields, computed fields last."""
    place = _Place(model.__name__, ())
    if issubclass(model, RootModel):
        raise place.refuse("a RootModel is a value, not a row", "write a model with named fields")
    return _columns(model, place)


def _columns(model: type[BaseModel], outer: _Place) -> tuple[Column, ...]:
    place = outer.inside(model)
    _refuse_what_is_not_stored(model, place)
    columns = (*_stored(model, place), *_computed(model, place))
    if not columns:
        raise place.refuse(f"{model.__name__} has no fields", "write Any for a JSON column")
    check_names(columns, place.path)
    return columns


def _stored(model: type[BaseModel], place: _Place) -> Iterator[Column]:
    for attribute, info in model.model_fields.items():
        if info.exclude:
            continue
        shape = Shape((annotation_of(info),))
        if shape.load == "omit":
            continue
        column = _shape(info.annotation, tuple(info.metadata), place.at(attribute))
        name = attribute if info.serialization_alias is None else info.serialization_alias
        column = replace(column, name=name, attribute=attribute, description=info.description)
        yield as_marked(column, shape, place.at(attribute).path)


def _computed(model: type[BaseModel], place: _Place) -> Iterator[Column]:
    for attribute, info in model.model_computed_fields.items():
        shape = Shape((info.return_type,))
        if shape.load == "omit":
            continue
        column = _shape(info.return_type, (), place.at(attribute))
        name = attribute if info.alias is None else info.alias
        column = replace(column, name=name, attribute=attribute, description=info.description, computed=True)
        yield as_marked(column, shape, place.at(attribute).path)


def _refuse_what_is_not_stored(model: type[BaseModel], place: _Place) -> None:
    """Columns hold the attributes as they are; what would change or add to them on the way out is refused."""
    name, decorators = model.__name__, model.__pydantic_decorators__
    if not model.__pydantic_complete__ and model.model_rebuild(raise_errors=False) is not True:
        raise place.refuse(f"{name} names a type that is not defined", "define it before the table")
    if model.model_config.get("extra") == "allow":
        raise place.refuse(f"{name} allows extra fields, which no column holds", 'write extra="forbid"')
    if decorators.model_serializers:
        raise place.refuse(f"{name} has a model_serializer", _IN_TRANSFORM)
    for serializer in decorators.field_serializers.values():
        raise place.at(serializer.info.fields[0]).refuse("a field_serializer", _IN_TRANSFORM)


def _shape(annotation: Any, metadata: tuple[Any, ...], place: _Place) -> Column:
    """The column, still without a name, that an annotation and its constraints ask for."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(args[0], (*args[1:], *metadata), place)
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, metadata, place)
    if isinstance(annotation, TypeAliasType) and annotation is not JsonValue:
        return _shape(annotation.__value__, metadata, place)
    metadata = tuple(_flat(metadata))
    if any(isinstance(item, _SERIALIZERS) for item in metadata):
        raise place.refuse("a serializer in the annotation", _IN_TRANSFORM)
    if any(item is pydantic.Json or isinstance(item, pydantic.Json) for item in metadata):
        return _json(annotation, place)
    return _typed(annotation, origin or annotation, metadata, place)


def _typed(annotation: Any, cls: Any, metadata: tuple[Any, ...], place: _Place) -> Column:
    if cls in (Union, types.UnionType):
        column = _union(annotation, metadata, place)
    elif cls is Literal:
        column = _values(get_args(annotation), place)
    elif cls in (Any, JsonValue, pydantic.Json) or _is(cls, Mapping):
        column = _json(annotation, place)
    elif cls in _LISTS:
        column = _list(annotation, cls, place)
    elif _is(cls, RootModel):
        column = _root(cls, metadata, place)
    elif _is(cls, BaseModel):
        column = Column(_NAMELESS, "record", fields=_columns(cls, place))
    elif _is(cls, Enum):
        column = _values(cls, place)
    elif _is(cls, Decimal):
        column = _decimal(metadata, place)
    else:
        column = _scalar(annotation, cls, metadata, place)
    return column


def _is(cls: Any, parents: type | tuple[type, ...]) -> bool:
    return isinstance(cls, type) and issubclass(cls, parents)


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Single constraints: Pydantic nests them in `Field(...)`, `StringConstraints`, `Interval` and `Len`."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _flat(item.metadata)
        elif isinstance(item, GroupedMetadata):
            yield from _flat(item)
        else:
            yield item


def _limits(metadata: tuple[Any, ...], name: str) -> list[Any]:
    found = (getattr(item, name, None) for item in metadata)
    return [limit for limit in found if limit is not None]


def _scalar(annotation: Any, cls: Any, metadata: tuple[Any, ...], place: _Place) -> Column:
    if _is(cls, _SECRETS):
        raise place.refuse("a secret cannot be stored", _NO_SECRETS)
    found = next(((kind, steps) for group, kind, steps in _SCALARS if _is(cls, group)), None)
    if found is None:
        name = getattr(annotation, "__name__", None) or str(annotation)
        raise place.refuse(
            f"no column type for {name}", "write a BaseModel for a record, Any for a JSON column"
        )
    kind, steps = found
    if kind == "int" and not steps:
        _check_int64(metadata, place)
    lengths = _limits(metadata, "max_length") if kind in ("string", "bytes") and not steps else []
    return Column(_NAMELESS, kind, max_length=min(lengths, default=None), steps=steps)


def _check_int64(metadata: tuple[Any, ...], place: _Place) -> None:
    highest = [*_limits(metadata, "le"), *(limit - 1 for limit in _limits(metadata, "lt"))]
    lowest = [*_limits(metadata, "ge"), *(limit + 1 for limit in _limits(metadata, "gt"))]
    if (highest and min(highest) >= _INT64.stop) or (lowest and max(lowest) < _INT64.start):
        hint = "write Decimal with max_digits and decimal_places=0, or str"
        raise place.refuse("an int with bounds beyond 64 bits", hint)


def _decimal(metadata: tuple[Any, ...], place: _Place) -> Column:
    digits, places = _limits(metadata, "max_digits"), _limits(metadata, "decimal_places")
    if not digits or not places:
        hint = (
            "write Annotated[Decimal, Field(max_digits=12, decimal_places=2)], with the digits of the source"
        )
        raise place.refuse("a Decimal without its digits", hint)
    precision, scale = min(digits), min(places)
    if scale > precision or scale > 38 or precision - scale > 38:
        hint = "at most 38 digits on either side of the point; more only as str"
        raise place.refuse(f"Decimal of {precision} digits, {scale} after the point", hint)
    return Column(_NAMELESS, "decimal", precision=precision, scale=scale)


def _json(annotation: Any, place: _Place) -> Column:
    if _mentions(annotation, _SECRETS):
        raise place.refuse("a secret cannot be stored", _NO_SECRETS)
    return Column(_NAMELESS, "json", nullable=annotation in (Any, JsonValue, pydantic.Json), steps=("json",))


def _mentions(annotation: Any, classes: tuple[type, ...]) -> bool:
    return _is(annotation, classes) or any(_mentions(part, classes) for part in get_args(annotation))


def _union(annotation: Any, metadata: tuple[Any, ...], place: _Place) -> Column:
    members = [member for member in get_args(annotation) if member is not type(None)]
    nullable = len(members) < len(get_args(annotation))
    if len(members) == 1:
        column = _shape(members[0], metadata, place)
    else:
        column = _one_text(members, place) or _json(annotation, place)
    return replace(column, nullable=(nullable or column.nullable) and not column.repeated)


def _one_text(members: list[Any], place: _Place) -> Column | None:
    """A string column where `str` writes every member (`IPv4Address | IPv6Address`, `HttpUrl | str`)."""
    if not all(_is(member, (str, *_TEXTS)) and not _is(member, Enum) for member in members):
        return None
    return replace(_shape(members[0], (), place), steps=("text",))


def _values(values: Iterable[Any], place: _Place) -> Column:
    """A column of the type of the values of an Enum or Literal."""
    members = list(values)
    plain = [member.value if isinstance(member, Enum) else member for member in members]
    steps: tuple[Step, ...] = ("value",) if any(isinstance(member, Enum) for member in members) else ()
    some = [value for value in plain if value is not None]
    kinds: dict[type, Kind] = {str: "string", int: "int", bool: "bool", bytes: "bytes", float: "float"}
    found = {type(value) for value in some}
    if len(found) != 1 or not found <= kinds.keys():
        names = ", ".join(sorted(kind.__name__ for kind in found)) or "no value"
        raise place.refuse(f"values of {names} in one column", "use values of one type, text or numbers")
    kind = kinds[found.pop()]
    if kind == "int" and any(value not in _INT64 for value in some):
        raise place.refuse("a value beyond 64 bits", "use text values")
    return Column(_NAMELESS, kind, nullable=len(some) < len(plain), steps=steps)


def _root(model: type[RootModel[Any]], metadata: tuple[Any, ...], place: _Place) -> Column:
    inside = place.inside(model)
    _refuse_what_is_not_stored(model, inside)
    info = model.model_fields["root"]
    column = _shape(info.annotation, (*info.metadata, *metadata), inside)
    if column.repeated:
        return replace(column, list_roots=column.list_roots + 1)
    return replace(column, steps=("root", *column.steps))


def _list(annotation: Any, cls: Any, place: _Place) -> Column:
    args = get_args(annotation)
    if cls is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        raise place.refuse("a tuple of fixed length", "write tuple[T, ...], or a model with named fields")
    item = _shape(args[0] if args else Any, (), place)
    if item.repeated:
        raise place.refuse("a list of lists", "write Any for a JSON column, or a list of models")
    if item.nullable and item.kind != "json":
        raise place.refuse("a list of optional items", "drop the empty items in the transform")
    if cls in _SETS and item.kind == "record":
        raise place.refuse("a set of models has no order", "write list[...]")
    return replace(item, nullable=False, repeated=True, unordered=cls in _SETS)
