"""A map over a page: from columns that were read to columns that are to be written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from typing import TYPE_CHECKING, Any

from tidegate.contracts.map import AnyMap, follow, under, within
from tidegate.contracts.map_dates import Day
from tidegate.contracts.map_sources import Facts, Path, Position, Row, Source
from tidegate.engine.columnar.fields import UnprovenError
from tidegate.engine.columnar.instants import are_instants, instants, utc_days
from tidegate.engine.columnar.reading import Columns

if TYPE_CHECKING:
    import pyarrow as pa


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


class Mapped:
    """One page on its way through a map. `parents` are the positions of the rows that each made row is of;
    None where the rows are one for one.
    """

    def __init__(self, of: AnyMap[Any, Any, Any], facts: Facts, columns: Columns, count: int) -> None:
        self._map, self._facts, self._columns = of, facts, columns
        self._items: list[Any] = []
        self._positions: list[int] = []
        self.parents: list[int] | None = None
        self.count = count
        self._instants: dict[int, tuple[list[Any], pa.Array[Any]]] = {}  # by the list, which it keeps alive
        if of.each is not None:
            self._explode(of.each)

    def column(self, name: str) -> list[Any]:
        """The values for a field of the write contract, before they are validated."""
        return self._of(self._map.sources[name])

    def as_instants(self, values: list[Any]) -> list[Any] | pa.Array[Any]:
        """The values, or what was made of them in Arrow on the way."""
        known = self._instants.get(id(values))
        return values if known is None else known[1]

    def _days(self, values: list[Any]) -> list[Any]:
        """In UTC. By way of Arrow, which the values take in any case: asking each for its offset is what a
        day costs.
        """
        if not are_instants(values):
            day = Day("").make
            return [None if value is None else day(value) for value in values]
        array = instants(values)
        self._instants[id(values)] = values, array
        return utc_days(values, array)

    def _explode(self, each: Path) -> None:
        lists = [list(items or ()) for items in self._along(self._columns[each.keys[0]], each.keys[1:])]
        self.parents = [number for number, items in enumerate(lists) for _ in items]
        self._positions = list(chain.from_iterable(range(len(items)) for items in lists))
        self._items = list(chain.from_iterable(lists))
        self.count = len(self._items)

    def _of(self, top: Source) -> list[Any]:
        if isinstance(top, Path):
            return self._path(top)
        if isinstance(top, Position):
            return self._positions
        if type(top) is Day and top.zone == "UTC":
            return self._days(self._of(top.inputs[0]))
        make: Callable[..., Any] = top.function(self._facts)
        if not top.inputs:
            return [make()] * self.count
        return list(map(make, *map(self._of, top.inputs)))

    def _path(self, path: Path) -> list[Any]:
        if self._map.each is not None and (below := under(path, self._map.each)) is not None:
            return self._along(self._items, below)
        found = self._along(self._columns[path.keys[0]], path.keys[1:])
        return found if self.parents is None else [found[parent] for parent in self.parents]

    @staticmethod
    def _along(values: list[Any], keys: tuple[str, ...]) -> list[Any]:
        if not keys:
            return values
        step = follow(keys)
        return [None if value is None else step(value) for value in values]
