"""A map over a page: from columns that were read to columns that are to be written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from pickle import dumps
from types import NoneType
from typing import TYPE_CHECKING, Any

from tidegate.contracts.map import AnyMap, under, within
from tidegate.contracts.map_dates import Day
from tidegate.contracts.map_sources import Facts, Path, Position, Row, Source, is_mapping, step
from tidegate.contracts.map_values import Apply
from tidegate.engine.columnar.fields import UnprovenError
from tidegate.engine.columnar.guards import UnlikeError
from tidegate.engine.columnar.instants import are_instants, dates, days, instants, instants_of_texts
from tidegate.engine.columnar.reading import Columns

if TYPE_CHECKING:
    import pyarrow as pa

_FIXED = frozenset({NoneType, bool, int, float, str, bytes, Decimal, date, datetime})
_ITEM = ""  # the column of the items of an `Explode`: no field has this name


def prove_map(of: AnyMap[Any, Any, Any], names: Collection[str]) -> None:
    """Raises `UnprovenError` where a field needs more than columns of the fields `names`."""
    paths = [("", of.each)] if of.each is not None else []
    for name, top in of.sources.items():
        for each in within(top):
            if isinstance(each, Row):
                raise UnprovenError(
                    f"{name} is a function of the whole row (Apply(function, path, ...) would do)"
                )
            if isinstance(each, Path):
                paths.append((name, each))
    for _, path in paths:
        if path.keys[0] not in names:
            raise UnprovenError(f"the path {path.path!r} is no field of the read contract, it is computed")


def seen_by_functions(of: AnyMap[Any, Any, Any]) -> frozenset[str]:
    """The fields of the read contract whose values a function of the map is given."""
    applied = (each for top in of.sources.values() for each in within(top) if isinstance(each, Apply))
    return frozenset(path.keys[0] for apply in applied for path in within(apply) if isinstance(path, Path))


class Mapped:
    """One page on its way through a map. `parents` are the positions of the rows that each made row is of;
    None where the rows are one for one.
    """

    def __init__(self, of: AnyMap[Any, Any, Any], facts: Facts, columns: Columns, count: int) -> None:
        self._map, self._facts, self._columns = of, facts, dict(columns.values)
        self._written = columns.written
        self._positions: list[int] = []
        self.parents: list[int] | None = None
        self.count = count
        self._steps: dict[tuple[str, ...], list[Any]] = {}
        self._instants: dict[str, pa.Array[Any] | None] = {}  # by path
        self._before: dict[str, bytes] = {}
        if of.each is not None:
            self._before = self._shared(of.each)
            self._explode(of.each)

    def check_shared(self) -> None:
        """Raises `UnlikeError` where a function has changed what the items of a row share: made item by item,
        all that is made of the items behind would show it.
        """
        each = self._map.each
        if each is not None and self._shared(each) != self._before:
            raise UnlikeError("a function changed what items share")

    def _shared(self, each: Path) -> dict[str, bytes]:
        """What functions are given of the rows of an `Explode`, and could change."""
        own = each.keys[0] if len(each.keys) == 1 else _ITEM
        names = seen_by_functions(self._map) - {own}
        values = ((name, self._columns[name]) for name in names)
        return {name: dumps(found) for name, found in values if not _FIXED.issuperset(map(type, found))}

    def column(self, name: str) -> list[Any]:
        """The values for a field of the write contract, before they are validated."""
        return self._of(self._map.sources[name])

    def as_read(self, name: str) -> list[Any] | pa.Array[Any]:
        """Of a field that is an attribute as it was read: instants in Arrow, where that is shorter."""
        top = self._map.sources[name]
        found = self._in_arrow(top) if isinstance(top, Path) and top.path in self._written else None
        return self._of(top) if found is None else found

    def days(self, name: str) -> list[Any] | pa.Array[Any]:
        """Of a field that is a day in UTC: in Arrow, if it is one of instants."""
        return self._days(self._map.sources[name].inputs[0])

    def _days(self, of: Source) -> list[Any] | pa.Array[Any]:
        if isinstance(of, Path):
            array = self._in_arrow(of)
            values = self._of(of) if array is None else []
        else:
            values = self._of(of)  # once: it may be the user's own function
            array = _converted(values)
        if array is not None:
            return days(array)
        day = Day("").make
        return [None if value is None else day(value) for value in values]

    def _in_arrow(self, of: Path) -> pa.Array[Any] | None:
        """The values, if they are instants; None where any is not."""
        if of.path not in self._instants:
            written = self._written.get(of.path) if self.parents is None else None
            array = None if written is None else instants_of_texts(written)
            self._instants[of.path] = _converted(self._of(of)) if array is None else array
        return self._instants[of.path]

    def _explode(self, each: Path) -> None:
        lists = [list(items or ()) for items in self._along(each.keys[0], each.keys[1:])]
        self.parents = [number for number, items in enumerate(lists) for _ in items]
        self._positions = list(chain.from_iterable(range(len(items)) for items in lists))
        self._columns[_ITEM] = list(chain.from_iterable(lists))
        self.count = len(self.parents)

    def _of(self, top: Source) -> list[Any]:
        if isinstance(top, Path):
            return self._path(top)
        if isinstance(top, Position):
            return self._positions
        if is_utc_day(top):
            found = self._days(top.inputs[0])
            return found if isinstance(found, list) else dates(found)
        make: Callable[..., Any] = top.function(self._facts)
        if not top.inputs:
            return [make()] * self.count
        values = [self._of(each) for each in top.inputs]
        if type(top) is Apply and not any(NoneType in set(map(type, each)) for each in values):
            make = top.call  # which is spared the look for what it is not called for
        return list(map(make, *values))

    def _path(self, path: Path) -> list[Any]:
        each = self._map.each
        if each is not None and (below := under(path, each)) is not None:
            return self._along(_ITEM, below)
        found = self._along(path.keys[0], path.keys[1:])
        return found if self.parents is None else [found[parent] for parent in self.parents]

    def _along(self, first: str, keys: tuple[str, ...]) -> list[Any]:
        """The values at the end of a path; those on its way are kept, since paths share their beginnings."""
        if not keys:
            return self._columns[first]
        found = self._steps.get((first, *keys))
        if found is None:
            found = self._steps[first, *keys] = stepped(self._along(first, keys[:-1]), keys[-1])
        return found


def is_utc_day(of: Source) -> bool:
    """Which is made by way of Arrow: asking each value for its offset is what a day costs."""
    return type(of) is Day and of.zone == "UTC"


def _converted(values: list[Any]) -> pa.Array[Any] | None:
    return instants(values) if are_instants(values) else None


def stepped(values: list[Any], key: str) -> list[Any]:
    """One step of a path further, None from None."""
    kinds = set(map(type, values))
    if any(map(is_mapping, kinds)):
        return [None if value is None else step(value, key) for value in values]
    get = attrgetter(key)
    if NoneType in kinds:
        return [None if value is None else get(value) for value in values]
    return list(map(get, values))
