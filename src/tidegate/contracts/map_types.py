"""What the annotations of two contracts say of one value: its types, whether it may be None, and whether a
field takes it. Where they leave something open, nothing is refused: each row is checked in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    FutureDate,
    FutureDatetime,
    NaiveDatetime,
    PastDate,
    PastDatetime,
    PlainValidator,
    RootModel,
    WrapValidator,
)
from pydantic.fields import FieldInfo

_CHANGING = (BeforeValidator, PlainValidator, WrapValidator)
_LISTS = (list, tuple, set, frozenset, Sequence, Collection, Iterable)
_NUMBERS = (int, float, Decimal)
_SIMPLE = (str, bytes, bool, *_NUMBERS, datetime, date, time, timedelta, UUID)

# Classes of Pydantic whose values are of another class.
_STANDS_FOR: dict[Any, type] = {
    **dict.fromkeys((AwareDatetime, NaiveDatetime, PastDatetime, FutureDatetime), datetime),
    **dict.fromkeys((PastDate, FutureDate), date),
}

# What Pydantic's ordinary coercion takes, for each type that a field may have, beside that type itself.
_TAKES: dict[type, tuple[type, ...]] = {
    str: (),
    bytes: (str,),
    bool: (int, float, str),
    int: (bool, float, Decimal, str),
    float: (bool, int, Decimal, str),
    Decimal: (bool, int, float, str),
    datetime: (date, int, float, Decimal, str),
    date: (int, float, Decimal, str),
    time: (int, float, Decimal, str),
    timedelta: (int, float, Decimal, str),
    UUID: (str,),
}


@dataclass(frozen=True, slots=True)
class Told:
    """The types that a value may have, bare of `Annotated` and None (none: it may be anything), and whether
    it may be None.
    """

    types: tuple[Any, ...] = ()
    nullable: bool = False

    def may_be(self, kind: type) -> bool:
        """Whether it is of this class, as far as anyone knows."""
        return not self.types or any(_is_a(_class(each), (kind,)) for each in self.types)

    @property
    def is_simple(self) -> bool:
        """Whether it is text, a number, an instant or such, and no list, object or model."""
        return bool(self.types) and all(_is_a(_class(each), _SIMPLE) for each in self.types)

    def __str__(self) -> str:
        return " or ".join(dict.fromkeys(map(_spelled, self.types))) or "a value of any type"


UNKNOWN = Told()


def told_of(annotation: Any) -> Told:
    members = list(_members(annotation))
    types = () if any(each in (Any, object) for each in members) else tuple(members)
    return Told(tuple(each for each in types if each is not NoneType), NoneType in members)


def told_of_field(info: FieldInfo) -> Told:
    """Of the attribute of a model that has been validated."""
    told = told_of(info.annotation)
    return Told(told.types, nullable=told.nullable or info.default is None)


def told_of_values(values: Collection[Any]) -> Told:
    types = {type(each): None for each in values if each is not None}
    return Told(tuple(types), any(each is None for each in values))


def items_of(told: Told) -> Told | None:
    """Of the items of a list; None where it is none."""
    if not told.types:
        return UNKNOWN
    lists = [
        each for each in told.types if _is_a(_class(each), _LISTS) and not _is_a(_class(each), (str, bytes))
    ]
    if len(lists) < len(told.types):
        return None
    return joined(told_of((get_args(each) or (Any,))[0]) for each in lists)


def joined(several: Iterable[Told]) -> Told:
    """What is one of several."""
    all_of_them = list(several)
    known = all(each.types for each in all_of_them)
    types = tuple(kind for each in all_of_them for kind in each.types) if known else ()
    return Told(types, any(each.nullable for each in all_of_them))


def why_unfit(told: Told, model: type[BaseModel], name: str) -> str | None:
    """Why the field `name` of the write model cannot take the value; None where it can, or nobody knows."""
    info = model.model_fields[name]
    if _changes(model, name, info):
        return None
    takes = told_of(info.annotation)
    where = f"{model.__name__}.{name}"
    if told.nullable and takes.types and not takes.nullable:
        return f"may be None, {where} takes none"
    if not told.types or not takes.types:
        return None
    if any(_accepts(wanted, given, model, info) for wanted in takes.types for given in told.types):
        return None
    return f"is {_article(str(told))}, {where} takes {_article(str(takes))}"


def model_of(told: Told) -> Any:
    """The class of the model or mapping that it is, as written; None where it may be several."""
    return told.types[0] if len(told.types) == 1 else None


def _members(annotation: Any) -> Iterator[Any]:
    annotation = _bare(annotation)
    if get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _members(each)
    elif get_origin(annotation) is Literal:
        yield from (type(value) for value in get_args(annotation))
    else:
        yield NoneType if annotation is None else annotation


def _bare(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif hasattr(cls := get_origin(annotation) or annotation, "__value__"):  # a type alias
            args = get_args(annotation)
            annotation = cls.__value__[args] if args else cls.__value__
        else:
            return _STANDS_FOR.get(annotation, annotation) if isinstance(annotation, type) else annotation


def _class(annotation: Any) -> Any:
    return get_origin(annotation) or annotation


def _is_a(cls: Any, kinds: tuple[Any, ...]) -> bool:
    return isinstance(cls, type) and issubclass(cls, kinds)


def _changes(model: type[BaseModel], name: str, info: FieldInfo) -> bool:
    """Whether a validator of the field, or of the whole model, sees the value before Pydantic does."""
    decorators = model.__pydantic_decorators__
    of_field = [each for each in decorators.field_validators.values() if {name, "*"} & set(each.info.fields)]
    of_model = [each for each in decorators.model_validators.values() if each.info.mode != "after"]
    in_annotation = [*info.metadata, *_metadata(info.annotation)]
    return bool(
        of_model
        or any(each.info.mode != "after" for each in of_field)
        or any(isinstance(each, _CHANGING) for each in in_annotation)
    )


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
        annotation = get_args(annotation)[0]
    for each in get_args(annotation):
        yield from _metadata(each)


def _accepts(wanted: Any, given: Any, model: type[BaseModel], info: FieldInfo) -> bool:
    to, come = _class(wanted), _class(given)
    if not (isinstance(to, type) and isinstance(come, type)):
        return True
    if issubclass(come, to):
        return not (to is date and issubclass(come, datetime))
    if _structure(to) or _structure(come):
        return _same_structure(to, come)
    if to is str and issubclass(come, _NUMBERS) and _numbers_to_text(model, info):
        return True
    if not (to in _TAKES and _is_a(come, _SIMPLE)):
        return True  # of types that are not in the table nobody knows
    return issubclass(come, _TAKES[to]) and not (to is date and issubclass(come, datetime))


def _structure(cls: type) -> type | None:
    """Of an object, a list or a model, what it is."""
    if issubclass(cls, RootModel) or issubclass(cls, (str, bytes, Enum)):
        return None
    for kind in (BaseModel, Mapping, Collection):
        if issubclass(cls, kind):
            return kind
    return None


def _same_structure(to: type, come: type) -> bool:
    wanted, given = _structure(to), _structure(come)
    if wanted is BaseModel:
        return given is Mapping or come is to
    if wanted is None or given is None:
        return to not in _TAKES and not _is_a(come, _SIMPLE)
    return wanted is given


def _numbers_to_text(model: type[BaseModel], info: FieldInfo) -> bool:
    marks = [*info.metadata, *_metadata(info.annotation)]
    return bool(
        model.model_config.get("coerce_numbers_to_str")
        or any(getattr(each, "coerce_numbers_to_str", None) for each in marks)
    )


def _spelled(annotation: Any) -> str:
    cls = _class(annotation)
    return str(cls.__name__) if isinstance(cls, type) else str(annotation).replace("typing.", "")


def _article(named: str) -> str:
    return f"an {named}" if named[:1].lower() in "aeio" else f"a {named}"
