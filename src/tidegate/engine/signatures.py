"""What the annotations of a transform say: row by row or batch by batch, with a context or without."""

from __future__ import annotations

import builtins
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, Signature, isasyncgenfunction, iscoroutinefunction, signature, unwrap
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType, is_protocol

from tidegate.engine.context import Context
from tidegate.engine.frames import Frame

_LISTS = (list, Sequence, MutableSequence, Collection, Iterable)  # what a list can be taken as
_TAKES = "write (order: ApiOrder) for row by row, (orders: list[ApiOrder]) for the rows of a page at once"
_CONTEXT = "a second argument is the context: write (order: ApiOrder, ctx: Context)"
_GIVES = "write models, None for no row; of a page also a pandas or polars DataFrame or Arrow"


class _Unknown:
    """Stands for a name that only type checkers import, in whatever an annotation makes of it."""

    def __getattr__(self, name: str) -> _Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any) -> _Unknown:
        return self

    __getitem__ = __or__ = __ror__ = __call__


_UNKNOWN = _Unknown()
_IN_ORDER = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_ANYTHING = (Parameter.empty, Signature.empty, Any, object, _UNKNOWN)


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return getattr(typing, name, _UNKNOWN)  # of those that only type checkers import, lists matter


@dataclass(frozen=True, slots=True)
class Declared:
    """`takes` are the models of the rows that come in, as far as the annotation tells."""

    batch: bool
    context: bool
    takes: tuple[type[BaseModel], ...]


def name_of(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)


def declared(function: Callable[..., Any], makes: type[BaseModel]) -> Declared:
    """Raises `TypeError` for a function that is no transform into `makes`: what it is and what to write."""
    try:
        return _declared(function, makes)
    except _WrongError as wrong:
        raise TypeError(f"the transform {name_of(function)} {wrong}") from None


class _WrongError(Exception):
    pass


def _declared(function: Callable[..., Any], makes: type[BaseModel]) -> Declared:
    if not callable(function):
        raise _WrongError("is no function")
    body = _body(function)
    if iscoroutinefunction(body) or isasyncgenfunction(body):
        raise _WrongError("is async; write a plain function, it has nothing to wait for")
    try:
        says = signature(function)
    except ValueError:  # written in C, without a signature
        return Declared(batch=False, context=False, takes=())
    names = _Names({**vars(builtins), **getattr(body, "__globals__", {})})
    row, second = _arguments(says)
    batch, takes = _taken(_read(row.annotation, names))
    context = second is not None and _is_context(second, _read(second.annotation, names))
    _check_given(_read(says.return_annotation, names), makes, batch=batch)
    return Declared(batch, context, takes)


def _read(told: Any, names: _Names) -> Any:
    """The annotation itself where it is text, as it is under `from __future__ import annotations`."""
    try:
        while isinstance(told, str):
            told = eval(told, {}, names)  # noqa: S307 - the code of the function's own author
    except (SyntaxError, TypeError, AttributeError) as error:
        raise _WrongError(f"has an annotation that cannot be read, {told!r}: {error}") from error
    return _bare(told)


def _body(function: Any) -> Any:
    """The function that runs when `function` is called."""
    while isinstance(function, partial):
        function = function.func
    function = unwrap(function)
    if not hasattr(function, "__code__") and not isinstance(function, type):
        function = unwrap(type(function).__call__)
    return getattr(function, "__func__", function)


def _arguments(says: Signature) -> tuple[Parameter, Parameter | None]:
    """The first argument, and the second where there is one."""
    parameters = list(says.parameters.values())
    in_order = [each for each in parameters if each.kind in _IN_ORDER][:2]
    needed = [each.name for each in parameters if each not in in_order and _is_required(each)]
    if needed:
        raise _WrongError(f"needs {', '.join(needed)} besides; {_CONTEXT}")
    if not in_order:
        several = [each for each in parameters if each.kind is Parameter.VAR_POSITIONAL]
        if not several:
            raise _WrongError(f"takes no argument; {_TAKES}")
        in_order = several
    return in_order[0], in_order[1] if len(in_order) > 1 else None


def _is_required(parameter: Parameter) -> bool:
    variable = parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return parameter.default is Parameter.empty and not variable


def _is_context(second: Parameter, told: Any) -> bool:
    """An argument with a default that is called something else is the function's own."""
    if told in _ANYTHING:
        return _is_required(second) or second.name == "ctx"
    is_context = Context in _members(told)
    if _is_required(second) and not is_context:
        raise _WrongError(f"takes {_spelled(told)} as its second argument; {_CONTEXT}")
    return is_context


def _taken(told: Any) -> tuple[bool, tuple[type[BaseModel], ...]]:
    if (get_origin(told) or told) in _LISTS:
        items = get_args(told)
        return True, _models(items[0] if items else Any, told)
    return False, _models(told, told)


def _models(item: Any, told: Any) -> tuple[type[BaseModel], ...]:
    """The models that `item` names; none where it leaves that open."""
    members = [each for each in _members(item) if each is not NoneType]
    for each in members:
        if not (_is_open(each) or (isinstance(each, type) and issubclass(each, BaseModel))):
            raise _WrongError(f"takes {_spelled(told)}; {_TAKES}")
    return () if any(map(_is_open, members)) else tuple(members)


def _check_given(told: Any, makes: type[BaseModel], *, batch: bool, inside: bool = False) -> None:
    for each in _members(told):
        if _is_open(each) or each is NoneType or (isinstance(each, type) and _related(each, makes)):
            continue
        origin = get_origin(each) or each
        if isinstance(origin, type) and issubclass(origin, Frame) and not inside:
            if not batch:
                raise _WrongError(f"gives {_spelled(told)} for one row; {_TAKES}")
        elif _is_several(origin) and not inside:
            _check_given((get_args(each) or (Any,))[0], makes, batch=batch, inside=True)
        else:
            raise _WrongError(f"gives {_spelled(told)}, the table holds {makes.__name__}; {_GIVES}")


def _is_several(origin: Any) -> bool:
    return (
        isinstance(origin, type)
        and issubclass(origin, Iterable)
        and not issubclass(origin, (Mapping, str, bytes, BaseModel))
    )


def _related(cls: type, makes: type[BaseModel]) -> bool:
    return issubclass(makes, cls) or issubclass(cls, makes)


def _bare(told: Any) -> Any:
    """Without `Annotated` and the name of an alias."""
    while True:
        if get_origin(told) is Annotated:
            told = get_args(told)[0]
        elif isinstance(told, TypeAliasType):
            told = told.__value__
        else:
            return told


def _members(told: Any) -> list[Any]:
    told = _bare(told)
    if get_origin(told) in (Union, UnionType):
        return [member for part in get_args(told) for member in _members(part)]
    return [NoneType if told is None else told]


def _is_open(told: Any) -> bool:
    """Whether any model could be meant."""
    return told in _ANYTHING or isinstance(told, (TypeVar, ForwardRef, str)) or is_protocol(told)


def _spelled(told: Any) -> str:
    return (
        told.__name__ if isinstance(told, type) and not get_args(told) else str(told).replace("typing.", "")
    )
