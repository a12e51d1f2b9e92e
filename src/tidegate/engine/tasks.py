"""Tasks: one table's extract and transform, declared by a decorator on the function that asks the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Generic, TypeVar, get_args, get_type_hints, overload

from pydantic import BaseModel

from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.engine.context import Context
from tidegate.engine.frames import Frame
from tidegate.engine.transforms import Transform
from tidegate.http_tools.clients import Call

C = TypeVar("C")
R = TypeVar("R", bound=BaseModel)
W = TypeVar("W", bound=BaseModel)


@dataclass(frozen=True)
class Task(Generic[C, R, W]):
    """One table of a workflow. Made by `@task(...)`; still callable as the function it decorates."""

    name: str
    fetch: Callable[..., Call[R]]
    transform: Transform
    into: Table[W]
    cursor: Cursor | None
    windows: Windows | None

    @property
    def doc(self) -> str:
        return (self.fetch.__doc__ or "").strip()

    @property
    def takes_window(self) -> bool:
        return self.cursor is not None or self.windows is not None

    def call(self, connector: C, window: Window | None) -> Call[R]:
        """What to ask for this window (None for a task that takes the connector alone)."""
        return self.fetch(connector, window) if self.takes_window else self.fetch(connector)

    def __call__(self, *args: Any) -> Call[R]:
        return self.fetch(*args)


class task(Generic[R, W]):  # noqa: N801 - read as a verb, `@task(...)`
    """Declare a task: rows of the call are read models, `transform` makes write models for `into` of them.

    `transform` takes one read model and gives a write model, several, or none (the row is dropped); or, where
    its first parameter is a list, it takes those of one page and gives write models, a pandas or polars
    DataFrame, or Arrow. A second argument, where it has one, is the `Context`.
    With `cursor` the task asks for what changed since; with `windows` it walks a grid of days, one slice a
    cell, which `write="replace_windows"` needs. The function then takes the window as its second argument.
    """

    @overload
    def __init__(
        self,
        *,
        transform: Callable[[R], W | Iterable[W] | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[R, Context], W | Iterable[W] | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[list[R]], W | Iterable[W] | Frame | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[list[R], Context], W | Iterable[W] | Frame | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
    ) -> None: ...
    def __init__(
        self,
        *,
        transform: Callable[..., Any],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
    ) -> None:
        if cursor is not None and windows is not None:
            raise ValueError(f"table {into.name}: a task has a cursor or windows, not both")
        if (into.write == "replace_windows") != (windows is not None):
            raise ValueError(f"table {into.name}: windows and write='replace_windows' belong together")
        if into.write == "replace" and cursor is not None:
            raise ValueError(
                f"table {into.name}: write='replace' would keep only what changed since the cursor"
            )
        self._transform, self._into, self._cursor, self._windows = transform, into, cursor, windows

    @overload
    def __call__(self, fetch: Callable[[C, Window], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C], Call[R]]) -> Task[C, R, W]: ...
    def __call__(self, fetch: Callable[..., Call[R]]) -> Task[Any, R, W]:
        made: Task[Any, R, W] = Task(
            fetch.__name__, fetch, self._checked(fetch), self._into, self._cursor, self._windows
        )
        takes = len(signature(fetch).parameters)
        if takes != 1 + made.takes_window:
            wanted = "the connector and a window" if made.takes_window else "the connector alone"
            raise TypeError(f"task {fetch.__name__} takes {takes} arguments; as declared it takes {wanted}")
        self._check_cursor(fetch)
        return made

    def _checked(self, fetch: Callable[..., Call[R]]) -> Transform:
        try:
            transform = Transform.of(self._transform, self._into.model)
        except TypeError as error:
            raise TypeError(f"task {fetch.__name__}: {error}") from None
        reads, takes = read_model(fetch), transform.takes
        if reads is not None and takes and not issubclass(reads, takes):
            named = " | ".join(each.__name__ for each in takes)
            raise TypeError(
                f"task {fetch.__name__}: its call reads {reads.__name__},"
                f" its transform {transform.name} takes {named}"
            )
        return transform

    def _check_cursor(self, fetch: Callable[..., Call[R]]) -> None:
        """A cursor names a field of the read model: found out here, not after the first page."""
        reads = read_model(fetch)
        if self._cursor is None or reads is None or self._cursor.field in reads.model_fields:
            return
        raise ValueError(
            f"task {fetch.__name__}: the cursor names {self._cursor.field!r},"
            f" not a field of {reads.__name__} ({', '.join(reads.model_fields)})"
        )


def read_model(fetch: Callable[..., Call[Any]]) -> type[BaseModel] | None:
    """The read contract of a task function that says `-> Call[ApiOrder]`; None where it does not say."""
    try:
        told = get_args(get_type_hints(fetch).get("return"))
    except NameError:  # a name that is imported for type checkers only
        return None
    return told[0] if told and isinstance(told[0], type) and issubclass(told[0], BaseModel) else None
