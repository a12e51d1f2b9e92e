"""One walk over the annotations of a Pydantic model, into columns.

What the mapping does not hold is refused with the path of the field, never guessed.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import pydantic
import typing_extensions
from pydantic import BaseModel, JsonValue, RootModel
from pydantic.fields import ComputedFieldInfo, FieldInfo

from tidegate.utils.columns import NAMELESS, Column, check_descriptions, check_names
from tidegate.utils.personal_columns import as_marked
from tidegate.utils.place import Place
from tidegate.utils.scalars import NO_SECRETS, TEXTS, enumerated, flat, is_a, scalar
from tidegate.utils.secret_types import holds_secret
from tidegate.utils.shapes import Shape, annotation_of

_IN_TRANSFORM = "columns hold the attributes as they are: do in the transform what it does"

# From Python 3.12 on `type X = ...` makes another class than typing_extensions does.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_LISTS = (list, set, frozenset, tuple, Sequence)
_SETS = (set, frozenset)
_SERIALIZERS = (
    *(pydantic.PlainSerializer, pydantic.WrapSerializer, pydantic.SerializeAsAny),
    *(pydantic.EncodedBytes, pydantic.EncodedStr),
)


def walk(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of a model, in the order of its fields, computed fields last."""
    if not is_a(model, BaseModel):
        raise TypeError(f"columns are made of a Pydantic model class, not of {type(model).__name__}")
    place = Place(model.__name__)
    if issubclass(model, RootModel):
        raise place.refuse("a RootModel is a value, not a row", "write a model with named fields")
    return _columns(model, place)


def _columns(model: type[BaseModel], outer: Place) -> tuple[Column, ...]:
    place = outer.inside(model)
    _refuse_what_is_not_stored(model, place)
    columns = tuple(_fields(model, place))
    if not columns:
        raise place.refuse(f"{model.__name__} has no fields", "write Any for a JSON column")
    check_names(columns, place.path)
    check_descriptions(columns, place.path)
    return columns


def _fields(model: type[BaseModel], place: Place) -> Iterator[Column]:
    for attribute, info in model.model_fields.items():
        if not info.exclude:
            name = info.serialization_alias
            yield from _field(info, annotation_of(info), name, place.at(attribute), computed=False)
    for attribute, computed in model.model_computed_fields.items():
        yield from _field(computed, computed.return_type, computed.alias, place.at(attribute), computed=True)


def _field(
    info: FieldInfo | ComputedFieldInfo, annotation: Any, name: str | None, place: Place, *, computed: bool
) -> Iterator[Column]:
    """The column of a field; none where it is personal data that is left out."""
    shape = Shape((annotation,))
    if shape.load == "omit":
        return
    if getattr(info, "exclude_if", None) is not None:  # of computed fields from Pydantic 2.13 on
        raise place.refuse("exclude_if", _IN_TRANSFORM)
    attribute = place.path.rpartition(".")[2]
    column = replace(
        _shape(annotation, (), place),
        name=attribute if name is None else name,
        attribute=attribute,
        description=" ".join((info.description or "").split()) or None,  # a docstring has lines
        computed=computed,
    )
    yield as_marked(column, shape, place.path)


def _refuse_what_is_not_stored(model: type[BaseModel], place: Place) -> None:
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


def _shape(annotation: Any, metadata: tuple[Any, ...], place: Place) -> Column:
    """The column, still without a name, that an annotation and its constraints ask for."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(args[0], (*args[1:], *metadata), place)
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, metadata, place)
    if isinstance(origin or annotation, _ALIASES) and annotation is not JsonValue:
        alias = origin or annotation
        value = alias.__value__[args] if args else alias.__value__
        return _shape(value, metadata, place.inside_alias(alias))
    metadata = tuple(flat(metadata))
    if any(isinstance(item, _SERIALIZERS) for item in metadata):
        raise place.refuse("a serializer in the annotation", _IN_TRANSFORM)
    if any(item is pydantic.Json or isinstance(item, pydantic.Json) for item in metadata):
        return _json(annotation, place)
    return _typed(annotation, origin or annotation, metadata, place)


def _typed(annotation: Any, cls: Any, metadata: tuple[Any, ...], place: Place) -> Column:
    if cls in (Union, types.UnionType):
        column = _union(annotation, metadata, place)
    elif cls is Literal:
        column = enumerated(get_args(annotation), place)
    elif cls in (Any, JsonValue, pydantic.Json) or is_a(cls, Mapping):
        column = _json(annotation, place)
    elif cls in _LISTS:
        column = _list(annotation, cls, place)
    elif is_a(cls, RootModel):
        column = _root(cls, metadata, place)
    elif is_a(cls, BaseModel):
        column = Column(NAMELESS, "record", fields=_columns(cls, place))
    elif is_a(cls, Enum):
        column = enumerated(cls, place)
    else:
        column = scalar(annotation, cls, metadata, place)
    return column


def _json(annotation: Any, place: Place) -> Column:
    if holds_secret(annotation):
        raise place.refuse("a secret cannot be stored", NO_SECRETS)
    return Column(NAMELESS, "json", nullable=annotation in (Any, JsonValue, pydantic.Json), steps=("json",))


def _union(annotation: Any, metadata: tuple[Any, ...], place: Place) -> Column:
    members = [member for member in get_args(annotation) if member is not type(None)]
    nullable = len(members) < len(get_args(annotation))
    if len(members) == 1:
        column = _shape(members[0], metadata, place)
    else:
        column = _one_text(members, place) or _json(annotation, place)
    return replace(column, nullable=(nullable or column.nullable) and not column.repeated)


def _one_text(members: list[Any], place: Place) -> Column | None:
    """A string column where `str` writes every member (`IPv4Address | IPv6Address`, `HttpUrl | str`)."""
    if not all(is_a(member, (str, *TEXTS)) and not is_a(member, Enum) for member in members):
        return None
    return replace(_shape(members[0], (), place), steps=("text",))


def _root(model: type[RootModel[Any]], metadata: tuple[Any, ...], place: Place) -> Column:
    inside = place.inside(model)
    _refuse_what_is_not_stored(model, inside)
    info = model.model_fields["root"]
    column = _shape(info.annotation, (*info.metadata, *metadata), inside)
    if column.repeated:
        return replace(column, list_roots=column.list_roots + 1)
    return replace(column, steps=("root", *column.steps))


def _list(annotation: Any, cls: Any, place: Place) -> Column:
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
