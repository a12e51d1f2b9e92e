"""What a read contract expects at each place of a row: fields by their keys on the wire, types, values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from pydantic import (
    AliasChoices,
    AliasPath,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    NaiveDatetime,
    PlainValidator,
    RootModel,
    WrapValidator,
)
from pydantic.fields import FieldInfo
from typing_extensions import get_type_hints, is_typeddict

from tidegate.contracts.base import policy_of
from tidegate.engine.drift import kinds

# What changes a value before its type is looked at.
_CHANGES = (BeforeValidator, PlainValidator, WrapValidator)
_COMES_AS: dict[Any, frozenset[str]] = {
    str: frozenset({kinds.TEXT}),
    int: frozenset({kinds.INTEGER}),
    float: frozenset({kinds.INTEGER, kinds.NUMBER}),
    bool: frozenset({kinds.BOOLEAN}),
    **dict.fromkeys(
        (Decimal, date, datetime, AwareDatetime, NaiveDatetime),
        frozenset({kinds.INTEGER, kinds.NUMBER, kinds.TEXT}),
    ),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a model: the keys that it may come under, the first way first, and what it holds.

    `model` and `name` are where it is declared.
    """

    model: type
    name: str
    info: FieldInfo
    keys: tuple[str, ...]

    @property
    def required(self) -> bool:
        return self.info.is_required()


@dataclass
class Place:
    """What may stand at one place; the items of a list stand in the place of the list.

    `free`: objects here may have any keys, or are taken apart by code before their keys are looked at.
    `listed`: a list may stand here.
    `models` are the classes that name keys here. `types`: the types of JSON that the contract names, None
    where it takes others as well or changes them first. `values`: those of its enumerations, if nothing
    else may stand here.
    """

    annotations: tuple[Any, ...]
    slots: list[Slot] = field(default_factory=list)
    models: list[type] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    free: bool = False
    listed: bool = False
    _types: set[str] | None = field(default_factory=set)
    _values: list[Any] = field(default_factory=list)
    _open: bool = False
    _below: dict[str, list[Any]] = field(default_factory=dict)
    _children: dict[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for annotation in self.annotations:
            self._add(annotation)

    @property
    def types(self) -> frozenset[str] | None:
        return frozenset(self._types) if self._types else None

    @cached_property
    def values(self) -> frozenset[Any] | None:
        return frozenset(self._values) if self._values and not self._open else None

    def child(self, key: str) -> Place | None:
        """None where the contract does not know the key."""
        if key not in self._children:
            found = self._below.get(key) or (self.others if self.free else None)
            if found is None:
                return None
            self._children[key] = Place(tuple(found))
        return self._children[key]

    @cached_property
    def left_out(self) -> frozenset[str]:
        """Keys that the contract says it leaves out."""
        return frozenset(key for model in self.models for key in policy_of(model).left_out)

    def _add(self, annotation: Any) -> None:
        origin, args = get_origin(annotation), get_args(annotation)
        cls = origin or annotation
        if annotation is None or annotation is type(None):
            return
        if origin is Annotated:
            self._add_annotated(args[0], args[1:])
        elif isinstance(annotation, _Along):
            self._below.setdefault(annotation.keys[0], []).append(_along(annotation.keys[1:], annotation.end))
        elif isinstance(annotation, NewType):
            self._add(annotation.__supertype__)
        elif hasattr(cls, "__value__"):  # a type alias
            self._add(cls.__value__[args] if args else cls.__value__)
        elif origin in (Union, UnionType):
            for member in args:
                self._add(member)
        elif origin is Literal:
            self._values += args
            self._expect(*map(type, args))
        else:
            self._add_type(cls, args)

    def _add_annotated(self, annotation: Any, metadata: tuple[Any, ...]) -> None:
        if any(isinstance(each, _CHANGES) for each in metadata):
            self.free = self._open = True
            self.others.append(Any)
            self._types = None
        self._add(annotation)
        if any(_coerces(each) for each in metadata):
            self._types = None

    def _add_type(self, cls: Any, args: tuple[Any, ...]) -> None:
        is_class = isinstance(cls, type)
        if is_class and issubclass(cls, RootModel):
            self._add(_annotation(cls.model_fields["root"]))
        elif is_class and (issubclass(cls, BaseModel) or dataclasses.is_dataclass(cls) or is_typeddict(cls)):
            self._add_model(cls)
        elif is_class and issubclass(cls, Mapping):
            self.free = True
            self.others += args[1:] or (Any,)
            self._types = None
        elif is_class and issubclass(cls, Enum):
            self._values += [member.value for member in cls]
            self._expect(*(type(member.value) for member in cls))
        elif args and cls is not type:  # a list, or another container of items
            self.listed = True
            for item in args:
                self._add(item)
        else:
            self._add_plain(cls)

    def _add_plain(self, cls: Any) -> None:
        self._open = True
        if cls in _COMES_AS:
            self._expect(cls)
            return
        self._types = None
        if cls is Any or cls is object or cls is list:
            self.free = True
            self.others.append(Any)

    def _expect(self, *classes: Any) -> None:
        for cls in classes:
            known = _COMES_AS.get(cls)
            if known is None:
                self._types = None
            elif self._types is not None:
                self._types |= known

    def _add_model(self, cls: Any) -> None:
        self.models.append(cls)
        self._types = None
        if _takes_any_key(cls):
            self.free = True
            self.others.append(Any)
        changed = _changed_fields(cls)
        for name, info in _fields(cls).items():
            annotation = Annotated[_annotation(info), _CHANGED] if name in changed else _annotation(info)
            ways = list(_ways(name, info, cls))
            self.slots.append(Slot(cls, name, info, tuple(dict.fromkeys(way[0] for way in ways))))
            for way in ways:
                self._below.setdefault(way[0], []).append(_along(way[1:], annotation))


@dataclass(frozen=True)
class _Along:
    """What stands at the end of an `AliasPath`, seen from where it begins."""

    keys: tuple[str, ...]
    end: Any


_CHANGED = BeforeValidator(lambda value: value)


def _along(keys: tuple[str, ...], end: Any) -> Any:
    return _Along(keys, end) if keys else end


def _annotation(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _coerces(metadata: Any) -> bool:
    """Whether it says that other types are welcome, too: `Field(coerce_numbers_to_str=True)`."""
    return "coerce_numbers_to_str" in repr(metadata)


def _takes_any_key(cls: Any) -> bool:
    if not issubclass(cls, BaseModel):
        return False
    before = cls.__pydantic_decorators__.model_validators.values()
    return cls.model_config.get("extra") == "allow" or any(each.info.mode != "after" for each in before)


def _changed_fields(cls: Any) -> set[str]:
    """The fields of which a validator of the model changes the value before its type is looked at."""
    if not issubclass(cls, BaseModel):
        return set()
    validators = cls.__pydantic_decorators__.field_validators.values()
    names = {name for each in validators if each.info.mode != "after" for name in each.info.fields}
    return set(cls.model_fields) if "*" in names else names


def _fields(cls: Any) -> dict[str, FieldInfo]:
    if issubclass(cls, BaseModel):
        if not cls.__pydantic_complete__:
            cls.model_rebuild()
        fields: dict[str, FieldInfo] = cls.model_fields
        return fields
    hints = get_type_hints(cls, include_extras=True)
    return {name: FieldInfo.from_annotation(hint) for name, hint in hints.items()}


def _ways(name: str, info: FieldInfo, cls: Any) -> Iterator[tuple[str, ...]]:
    """The keys that lead to the value, for each way that it may be named on the wire."""
    config = getattr(cls, "model_config", {})
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [] if alias is None else [alias]
    for choice in choices:
        path = choice.path if isinstance(choice, AliasPath) else [choice]
        yield tuple(key for key in path if isinstance(key, str))
    if alias is None or config.get("populate_by_name") or config.get("validate_by_name"):
        yield (name,)
