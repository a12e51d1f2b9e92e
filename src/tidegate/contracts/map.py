"""`Map`: a transform declared field by field, and checked against both contracts when it is declared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from inspect import Parameter, signature
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from tidegate.contracts.map_check import checked
from tidegate.contracts.map_dates import Day, Hour, Month, Quarter, Week, Year
from tidegate.contracts.map_sources import (
    Constant,
    Facts,
    FromContext,
    Path,
    Position,
    Row,
    Source,
    Values,
    source,
    spelled,
    step,
)
from tidegate.contracts.map_values import Apply, Cast, Coalesce, Default, Hash, Join, Lookup, Required
from tidegate.utils.hashing import KeyedHash

__all__ = [
    "Apply",
    "Cast",
    "Coalesce",
    "Constant",
    "Day",
    "Default",
    "Explode",
    "FromContext",
    "Hash",
    "Hour",
    "Join",
    "Lookup",
    "Map",
    "MapError",
    "Month",
    "Position",
    "Quarter",
    "Required",
    "Week",
    "Year",
]

R = TypeVar("R", bound=BaseModel)
W = TypeVar("W", bound=BaseModel)
M = TypeVar("M")  # what is made of one row

_Get = Callable[[Any], Any]


class MapError(ValueError):
    """A source cannot make a value: `field` of the write contract, and what was raised as the cause."""

    def __init__(self, field: str, error: Exception) -> None:
        super().__init__(f"{field}: {type(error).__name__}: {error}")
        self.field, self.raised = field, error


class AnyMap(ABC, Generic[R, W, M]):
    """What `Map` and `Explode` share: the contracts, and a source for each field that is written."""

    each: Path | None = None  # leads to the list whose items become rows

    def __init__(self, reads: type[R], writes: type[W], fields: Mapping[str, Any]) -> None:
        self.reads, self.writes = reads, writes
        self._written = MappingProxyType(dict(fields))
        try:
            sources = {name: _source(name, value) for name, value in fields.items()}
            self.sources = MappingProxyType(checked(reads, writes, sources, self.each))
        except TypeError as error:
            raise TypeError(f"{self.__name__}: {error}") from None
        self._frozen = True

    def __setattr__(self, name: str, value: Any) -> None:
        if "_frozen" in vars(self):
            raise AttributeError(f"{self.__name__} is frozen: declare another one")
        super().__setattr__(name, value)

    def __call__(self, row: R, ctx: Any = None) -> M:
        return self.bound(self.facts(ctx))(row) if self.takes_context else self._alone(row)

    @cached_property
    def _alone(self) -> Callable[[R], M]:
        """Made once where no context is needed, for scripts that call it row by row."""
        return self.bound(self.facts(None))

    @abstractmethod
    def bound(self, facts: Facts) -> Callable[[R], M]:
        """The function of one argument that it is for one slice."""

    @property
    def __name__(self) -> str:
        """As errors call it."""
        return f"{type(self).__name__}({self.reads.__name__}, {self.writes.__name__})"

    def __repr__(self) -> str:
        each = [] if self.each is None else [repr(self.each.path)]
        fields = (f"{name}={spelled(value)}" for name, value in self._written.items())
        shown = (self.reads.__name__, self.writes.__name__, *each, *fields)
        return f"{type(self).__name__}({', '.join(shown)})"

    @cached_property
    def takes_context(self) -> bool:
        """Whether a call of it needs the context."""
        return any(
            isinstance(each, FromContext) or (isinstance(each, Row) and each.takes_context)
            for each in self._all
        )

    @cached_property
    def keyed(self) -> KeyedHash | None:
        """What makes its keyed hashes, where it makes any. The key is read once, at the first use.

        Raises `SettingsError` where there is none.
        """
        return KeyedHash.read() if any(isinstance(each, Hash) for each in self._all) else None

    @cached_property
    def _all(self) -> tuple[Source, ...]:
        return tuple(each for top in self.sources.values() for each in within(top))

    def _fields(self, facts: Facts, read: Callable[[Source], _Get | None]) -> list[tuple[str, _Get]]:
        return [(name, _getter(each, facts, read)) for name, each in self.sources.items()]

    def facts(self, context: Any) -> Facts:
        """What its sources are told of a slice with this context."""
        if context is None and self.takes_context:
            raise TypeError(f"{self.__name__} takes the context as its second argument")
        return Facts(context, self.keyed)

    def _made(self, fields: list[tuple[str, _Get]], row: Any) -> W:
        """Raises `ValidationError` of the write contract, or `MapError`."""
        values = {}
        for name, get in fields:
            try:
                values[name] = get(row)
            except Exception as error:
                raise MapError(name, error) from error
        return self.writes.model_validate(values, by_alias=False, by_name=True)


class Map(AnyMap[R, W, W]):
    """From one read model to one write model, field by field:

    `Map(ApiOrder, CleanOrder, order_id="id", customer="customer.email", day=Day("created_at"))`

    Each field of the write contract is given by a path of the read model, a source (`Day`, `Coalesce`, ...),
    or a plain function of the read model. Fields that are not given are those of the same name, or take
    their default. Raises `TypeError`, when it is declared, for what cannot become a row: fields that neither
    contract knows, fields that nothing fills, None where none is taken, types that do not fit.

    A call takes the read model, and the context where a source asks for it. It raises as the write model
    does, or `MapError` where a source fails.
    """

    def __init__(self, reads: type[R], writes: type[W], /, **fields: Any) -> None:
        super().__init__(reads, writes, fields)

    def bound(self, facts: Facts) -> Callable[[R], W]:
        fields = self._fields(facts, _of_row)
        return lambda row: self._made(fields, row)

    def together(self, facts: Facts, rows: Sequence[R]) -> list[W]:
        """What `bound(facts)` makes of each row, made field by field, for less. Raises whatever the first
        fault that it meets raises, which says nothing of the row.
        """
        fields = self._fields(facts, _of_row)
        names = [name for name, _ in fields]
        columns = [list(map(get, rows)) for _, get in fields]
        values: list[dict[str, Any]] = [{} for _ in rows]
        if names:
            values = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return self._rows.validate_python(values, by_alias=False, by_name=True)

    @cached_property
    def _rows(self) -> TypeAdapter[list[W]]:
        return TypeAdapter(list[self.writes])  # type: ignore[name-defined]  # a type made at run time


class Explode(AnyMap[R, W, list[W]]):
    """From one read model to a write model for each item of its list `each`, in order:

    `Explode(ApiOrder, CleanLine, "lines", order_id="id", sku="lines.sku", number=Position())`

    Paths that begin with that of the list are those of the item; all else is as for `Map`. A list that is
    empty or None becomes no row.
    """

    each: Path

    def __init__(self, reads: type[R], writes: type[W], each: str, /, **fields: Any) -> None:
        self.each = Path(each)
        super().__init__(reads, writes, fields)

    def bound(self, facts: Facts) -> Callable[[R], list[W]]:
        fields, items = self._fields(facts, self._of_item), follow(self.each.keys)

        def explode(row: R) -> list[W]:
            return [self._made(fields, (row, *item)) for item in enumerate(list(items(row) or ()))]

        return explode

    def _of_item(self, each: Source) -> _Get | None:
        """Reads from a row, the position of an item in its list, and the item."""
        if isinstance(each, Position):
            return itemgetter(1)
        if isinstance(each, Path):
            below = under(each, self.each)
            which, get = (0, follow(each.keys)) if below is None else (2, follow(below))
            return lambda at: get(at[which])
        return itemgetter(0) if isinstance(each, Row) else None


def within(top: Source) -> Iterator[Source]:
    """A source, and all that it is made of."""
    yield top
    for each in top.inputs:
        yield from within(each)


def under(path: Path, each: Path) -> tuple[str, ...] | None:
    """The steps from an item of the list `each`; None where the path leads elsewhere."""
    depth = len(each.keys)
    return path.keys[depth:] if path.keys[:depth] == each.keys else None


def follow(keys: tuple[str, ...]) -> _Get:
    """Reads a path. None where a step before the last leads to None."""
    if len(keys) == 1:
        return attrgetter(keys[0])

    def read(value: Any) -> Any:
        for key in keys:
            if value is None:
                return None
            value = step(value, key)
        return value

    return read


def _of_row(each: Source) -> _Get | None:
    if isinstance(each, Path):
        return follow(each.keys)
    return _itself if isinstance(each, Row) else None


def _itself(row: Any) -> Any:
    return row


def _getter(top: Source, facts: Facts, read: Callable[[Source], _Get | None]) -> _Get:
    """The source as a function of what `read` reads from."""
    found = read(top)
    if found is not None and not isinstance(top, Row):
        return found
    make: Values = top.function(facts)
    gets = [found] if found is not None else [_getter(each, facts, read) for each in top.inputs]
    if not gets:
        constant = make()
        return lambda _: constant
    if len(gets) == 1:
        get = gets[0]
        return lambda row: make(get(row))
    return lambda row: make(*(get(row) for get in gets))


def _source(name: str, value: Any) -> Source:
    """A plain function stands for one of the whole row."""
    if callable(value) and not isinstance(value, Source):
        return Row(value, takes_context=_takes_two(value))
    try:
        return source(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        parameters = signature(function).parameters.values()
    except ValueError:  # written in C, without a signature
        return False
    in_order = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in parameters if each.kind in in_order and each.default is Parameter.empty]
    return len(needed) > 1
