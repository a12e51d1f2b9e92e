"""What a task's work is split over beside windows: fixed lists, and ids from another task's rows."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from tidegate.contracts.faults import shortened
from tidegate.engine.exceptions import SlicesError
from tidegate.engine.parts import Part
from tidegate.utils.columns import Column
from tidegate.utils.errors import TidegateError

if TYPE_CHECKING:
    from tidegate.engine.tasks import Task

Value: TypeAlias = str | int | date

_KINDS: dict[str, type[Value]] = {"string": str, "int": int, "date": date}
_READABLE = 24  # characters of a slice id that a person may read
_SHOWN = 60  # of a value in a message


@dataclass(frozen=True)
class Each:
    """One slice for each of `values`: strings, integers or dates, or a function that is given the connector
    and gives them, called once, when the run is planned.

    The values of a list that is called `account` are `Context.account`, too.
    """

    name: str
    values: Sequence[Value] | Callable[[Any], Iterable[Value]]

    def __post_init__(self) -> None:
        if not callable(self.values):
            values, twice = _distinct(self.name, self.values)
            if twice:
                raise ValueError(f"the list {self.name!r} has {twice} more than once")
            if not values:
                raise ValueError(f"the list {self.name!r} has no values")
            object.__setattr__(self, "values", values)

    @property
    def kinds(self) -> set[type[Value]]:
        """The types of its values, as far as they are known before a run."""
        return set() if callable(self.values) else {type(value) for value in self.values}

    @property
    def personal(self) -> bool:
        return False

    def __str__(self) -> str:
        many = "made when the run is planned" if callable(self.values) else f"{len(self.values):,} values"
        return f"{self.name}, {many}"

    def listed(self, connector: Any) -> tuple[tuple[Value, ...], str]:
        """Its values in order, and those that came more than once, in words. Raises `SlicesError`."""
        if not callable(self.values):
            return tuple(self.values), ""
        try:
            values, twice = _distinct(self.name, self.values(connector))
        except TidegateError:
            raise
        except Exception as error:
            raise SlicesError(
                f"the list {self.name!r} cannot be made: {type(error).__name__}: {error}"
            ) from error
        if not values:
            raise SlicesError(f"the list {self.name!r} is empty: there is nothing to ask for")
        return values, twice


@dataclass(frozen=True)
class From:
    """One slice for each distinct value of a column in what `parent`, a task of the same run, has built."""

    parent: Task[Any, Any, Any]
    column: str

    def __post_init__(self) -> None:
        found = self._found
        if found is None:
            known = ", ".join(column.name for column in self.parent.into.columns)
            raise ValueError(f"task {self.parent.name} writes no column {self.column!r} ({known})")
        if found.kind not in _KINDS or found.repeated or "hash" in found.steps:
            held = "a hash" if "hash" in found.steps else "a list" if found.repeated else found.kind
            raise ValueError(
                f"column {self.column!r} of task {self.parent.name} holds {held}: slices are made of strings,"
                " integers and dates"
            )

    @property
    def _found(self) -> Column | None:
        return next((each for each in self.parent.into.columns if each.name == self.column), None)

    @property
    def name(self) -> str:
        return self.column

    @property
    def kinds(self) -> set[type[Value]]:
        return {_KINDS[self._found.kind]} if self._found else set()

    @property
    def personal(self) -> bool:
        return self._found is not None and self._found.personal

    def __str__(self) -> str:
        return f"{self.column}, from the rows of {self.parent.name} in the same run"

    def read(self, parts: Iterable[Part]) -> tuple[Value, ...]:
        """The distinct values in the parts of the parent, in the order in which they come first; no nulls."""
        import pyarrow.compute as pc

        found: dict[Any, None] = {}
        for part in parts:
            for batch in part.batches():
                found |= dict.fromkeys(pc.unique(batch.column(self.column)).to_pylist())
        found.pop(None, None)
        return tuple(found)


Axis: TypeAlias = Each | From


def slice_id(cell: date | None, over: Sequence[Axis], values: Sequence[Value]) -> str:
    """A file name that is safe anywhere, and another one for any other slice of the task."""
    told = hashlib.sha256(json.dumps(stored(values)).encode()).hexdigest()[:20]
    shown = "-".join(str(value) for axis, value in zip(over, values, strict=True) if not axis.personal)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", shown)[:_READABLE].strip("-")
    parts = [cell and cell.isoformat(), f"{readable}-{told}" if readable else told]
    return ".".join(part for part in parts if part)


def in_words(over: Sequence[Axis], values: Sequence[Value]) -> str:
    """`account=north order_id=7`, for a person; of personal values only that there is one, of long ones how
    they begin.
    """
    pairs = zip(over, values, strict=True)
    return " ".join(
        f"{axis.name}={'***' if axis.personal else shortened(str(value), _SHOWN)}" for axis, value in pairs
    )


def stored(values: Sequence[Value]) -> list[Any]:
    """As they go into JSON, from which `restored` makes them again, a date a date."""
    return [{"date": value.isoformat()} if isinstance(value, date) else value for value in values]


def restored(values: Sequence[Any]) -> tuple[Value, ...]:
    return tuple(date.fromisoformat(value["date"]) if isinstance(value, dict) else value for value in values)


def parents(over: Sequence[Axis]) -> Iterator[Task[Any, Any, Any]]:
    for axis in over:
        if isinstance(axis, From):
            yield axis.parent


def _distinct(name: str, given: Any) -> tuple[tuple[Value, ...], str]:
    """The values, each once, and in words those that came more than once."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"the list {name!r} is a {type(given).__name__}: give a list of values")
    values = list(given)
    for value in values:
        if type(value) not in _KINDS.values():
            raise TypeError(
                f"the list {name!r} holds a {type(value).__name__}: slices are made of strings, integers and"
                " dates"
            )
    counted = Counter(values)
    return tuple(counted), ", ".join(repr(value) for value, count in counted.items() if count > 1)
