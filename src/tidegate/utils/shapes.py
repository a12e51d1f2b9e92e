"""What the annotations of a contract say about one place of a row: its keys, and whether it is personal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from typing_extensions import get_type_hints, is_typeddict

from tidegate.utils.personal import Load, marked, strictest

_SECRETS = (Secret, SecretBytes, SecretStr)


@dataclasses.dataclass(frozen=True)
class _Below:
    """What stands at the end of an `AliasPath`, seen from where it begins."""

    keys: tuple[str, ...]
    annotation: Any


class Shape:
    """One place of a row. The items of a list count as standing in the place of the list.

    `load`: how personal values are loaded, None where they are not personal; all below inherits it.
    `plain`: a value without parts may stand here. `several`: the contract allows several types here.
    `fields`: of objects, the annotations of each key that is named; `values`: those of any other key.
    Shapes below are made when they are asked for, so that a contract may contain itself.
    """

    def __init__(self, annotations: tuple[Any, ...], load: Load | None = None) -> None:
        self.annotations = annotations
        self.load = load
        self.plain = False
        self.several = len(annotations) > 1
        self.fields: dict[str, list[Any]] = {}
        self.values: list[Any] = []
        self._children: dict[str, Shape] = {}
        self._opened: set[Any] = set()  # what may contain itself without a key between
        for annotation in annotations:
            self._add(annotation)

    @property
    def personal(self) -> bool:
        return self.load is not None

    @property
    def within(self) -> bool:
        """Whether anything here or below is personal."""
        return bool(self.loads)

    @cached_property
    def loads(self) -> frozenset[Load]:
        """How the personal values here and below are loaded."""
        return frozenset(_loads(self, []))

    def child(self, key: Any) -> Shape | None:
        """What stands under a key; None where the contract does not name it."""
        key = str(key)
        if key not in self._children:
            below = (*self.fields.get(key, ()), *self.values)
            if key.isdigit() and key not in self.fields:  # the number of an item of an object that is a list
                below += self.annotations
            if not below:
                return None
            self._children[key] = Shape(below, self.load)
        return self._children[key]

    def at(self, step: int | str) -> Shape:
        """What stands one step further along the path of an error, which also names members of unions."""
        child = self if isinstance(step, int) else self.child(step)
        if child is not None:
            return child
        if self.several:
            return self
        return PERSONAL if self.within else _PLAIN

    def _add(self, annotation: Any) -> None:
        origin, args = get_origin(annotation), get_args(annotation)
        cls = origin or annotation
        if annotation is None or annotation is type(None):
            pass
        elif isinstance(annotation, _Below):
            self._add_keys(annotation.keys, annotation.annotation)
        elif origin is Annotated:
            self.load = strictest((self.load, marked(annotation.__metadata__)))
            self._add(args[0])
        elif isinstance(annotation, NewType):
            self._add(annotation.__supertype__)
        elif hasattr(cls, "__value__"):  # a type alias
            self._open(annotation, cls.__value__[args] if args else cls.__value__)
        elif origin in (Union, UnionType):
            self.several = True
            for member in args:
                self._add(member)
        elif origin is Literal:
            self.plain = True
        else:
            self._add_type(cls, args)

    def _add_type(self, cls: Any, args: tuple[Any, ...]) -> None:
        is_class = isinstance(cls, type)
        if is_class and issubclass(cls, _SECRETS):
            self.load = strictest((self.load, "as_is"))
        elif is_class and issubclass(cls, RootModel):
            self._open(cls, annotation_of(_fields(cls)["root"]))
        elif is_class and (issubclass(cls, BaseModel) or dataclasses.is_dataclass(cls) or is_typeddict(cls)):
            for name, info in _fields(cls).items():
                for keys in _keys(name, info, cls):
                    self._add_keys(keys, annotation_of(info))
        elif is_class and issubclass(cls, Mapping):
            self.load = strictest((self.load, *(Shape((key,)).load for key in args[:1])))
            self.values.extend(args[1:] or (Any,))
        elif args:  # a list, or another container of items
            for item in args:
                self._add(item)
        else:
            self.plain = True

    def _open(self, name: Any, inside: Any) -> None:
        if name not in self._opened:
            self._opened.add(name)
            self._add(inside)

    def _add_keys(self, keys: tuple[str, ...], annotation: Any) -> None:
        first, *rest = keys
        self.fields.setdefault(first, []).append(_Below(tuple(rest), annotation) if rest else annotation)


PERSONAL = Shape((), "as_is")
_PLAIN = Shape((Any,))


def _loads(shape: Shape, seen: list[tuple[Any, ...]]) -> Iterator[Load]:
    if shape.load is not None:
        yield shape.load
    if shape.annotations not in seen:
        seen.append(shape.annotations)
        for key in (*shape.fields, *([""] if shape.values else [])):
            if (child := shape.child(key)) is not None:
                yield from _loads(child, seen)


def annotation_of(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _fields(cls: Any) -> dict[str, FieldInfo]:
    if issubclass(cls, BaseModel):
        if not cls.__pydantic_complete__:
            cls.model_rebuild()
        fields: dict[str, FieldInfo] = cls.model_fields
        return fields
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{cls.__name__}: {error} at the top of its module, where its fields are read"
        ) from error
    return {name: FieldInfo.from_annotation(hint) for name, hint in hints.items()}


def _keys(name: str, info: FieldInfo, cls: Any) -> Iterator[tuple[str, ...]]:
    """The keys that lead to the value of a field, for each way that it may be named on the wire."""
    config = getattr(cls, "model_config", {})
    alias = info.validation_alias
    if alias is None or config.get("populate_by_name") or config.get("validate_by_name"):
        yield (name,)
    choices = alias.choices if isinstance(alias, AliasChoices) else [] if alias is None else [alias]
    for choice in choices:
        path = choice.path if isinstance(choice, AliasPath) else [choice]
        yield tuple(str(key) for key in path if isinstance(key, str))
