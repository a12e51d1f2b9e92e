"""Transforms: functions from read models to write models, row by row or the rows of a page at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from tidegate.contracts.map import AnyMap, Map
from tidegate.engine.context import Context
from tidegate.engine.frames import is_frame, rows
from tidegate.engine.signatures import declared, name_of


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform as its annotations declare it. `makes` is the write model.

    Row by row it takes one read model and gives a write model, several, or none. As a `batch` it takes the
    list of those of one page and gives write models, or a frame whose columns are their fields. `takes` are
    the read models that it names, none where it leaves them open.
    """

    function: Callable[..., Any]
    makes: type[BaseModel]
    takes: tuple[type[BaseModel], ...]
    batch: bool
    takes_context: bool

    @classmethod
    def of(cls, function: Callable[..., Any], makes: type[BaseModel]) -> Transform:
        """Raises `TypeError` for a function that is no transform: what it is, and what to write instead."""
        if isinstance(function, AnyMap):
            return cls._of_map(function, makes)
        found = declared(function, makes)
        return cls(function, makes, found.takes, found.batch, found.context)

    @classmethod
    def _of_map(cls, function: AnyMap[Any, Any, Any], makes: type[BaseModel]) -> Transform:
        if not issubclass(function.writes, makes):
            raise TypeError(f"the transform {name_of(function)} gives another model than {makes.__name__}")
        return cls(function, makes, (function.reads,), batch=False, takes_context=function.takes_context)

    @property
    def name(self) -> str:
        return name_of(self.function)

    def bound(self, context: Context) -> Callable[[Any], Any]:
        """The function of one argument that it is for one slice, to be called for each of its rows."""
        function = self.function
        if isinstance(function, AnyMap):
            return function.bound(function.facts(context))
        return (lambda given: function(given, context)) if self.takes_context else function

    def together(self, rows: Sequence[Any], context: Context) -> list[Any] | None:
        """Of a `Map`, the write models of good rows, one for each, at less cost than one by one.

        None where it is no `Map`, or where anything is wrong: then one by one tells what.
        """
        if not isinstance(self.function, Map):
            return None
        try:
            return self.function.together(self.function.facts(context), rows)
        except Exception:  # noqa: BLE001 - the user's code may raise anything
            return None

    def call(self, given: Any, context: Context) -> Any:
        """What it makes of one read model, or of the list of those of a page."""
        return self.bound(context)(given)

    def outputs(self, made: Any, count: int) -> list[tuple[int | None, Any]]:
        """What a batch of `count` rows became: write models, or mappings that are still to be validated.

        Each with the position of the row that it was made of, from 0. That is known of a frame with a column
        `_row`, which is taken off; else None. Raises `FrameError` for a frame that is no rows of `makes`.
        """
        if is_frame(made):
            return list(rows(made, self.makes, of=count))
        return [(None, each) for each in as_rows(made)]


def as_rows(made: Any) -> list[Any]:
    """What a transform gave (a model, several, or None) as a list."""
    if made is None:
        return []
    # these are iterable, too: over fields, keys, letters
    one = isinstance(made, BaseModel | Mapping | str | bytes) or not isinstance(made, Iterable)
    return [made] if one else list(made)
