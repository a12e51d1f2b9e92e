"""Tasks: one table's extract and transform, declared by a decorator on the function that asks the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from inspect import signature
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_args, get_type_hints, overload

from pydantic import BaseModel

from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.engine.context import Context
from tidegate.engine.frames import Frame
from tidegate.engine.over import Axis, Value, parents
from tidegate.engine.transforms import Transform
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import UsageError

C = TypeVar("C")
R = TypeVar("R", bound=BaseModel)
W = TypeVar("W", bound=BaseModel)
V1 = TypeVar("V1", str, int, date)
V2 = TypeVar("V2", str, int, date)

DEADLINE = timedelta(minutes=15)


@dataclass(frozen=True)
class Task(Generic[C, R, W]):
    """One table of a workflow. Made by `@task(...)`; still callable as the function it decorates."""

    name: str
    fetch: Callable[..., Call[R]]
    transform: Transform
    into: Table[W]
    cursor: Cursor | None
    windows: Windows | None
    over: tuple[Axis, ...] = ()
    deadline: timedelta = DEADLINE

    @property
    def doc(self) -> str:
        return (self.fetch.__doc__ or "").strip()

    @property
    def takes_window(self) -> bool:
        return self.cursor is not None or self.windows is not None

    @property
    def parents(self) -> tuple[Task[Any, Any, Any], ...]:
        """The tasks whose rows of the same run this one is split over."""
        return tuple(parents(self.over))

    @property
    def ancestors(self) -> tuple[Task[Any, Any, Any], ...]:
        """Its parents, and theirs, each once."""
        found: dict[str, Task[Any, Any, Any]] = {}
        for parent in self.parents:
            found |= {each.name: each for each in (parent, *parent.ancestors)}
        return tuple(found.values())

    def call(self, connector: C, window: Window | None, values: Sequence[Value] = ()) -> Call[R]:
        """What to ask for one slice: its window, where the task takes one, and its values in order."""
        arguments = (self._zoned(window), *values) if self.takes_window else values
        return self.fetch(connector, *arguments)

    def context(self, run_time: datetime, window: Window | None, values: Sequence[Value]) -> Context:
        """What the transform is told of one slice."""
        named = {axis.name: value for axis, value in zip(self.over, values, strict=True)}
        return Context(run_time, self._zoned(window), named.get("account"), named)

    def _zoned(self, window: Window | None) -> Window | None:
        return window if window is None or self.windows is None else self.windows.zoned(window)

    @property
    def is_partial(self) -> bool:
        """Whether a run may build a part of its rows only: those of some windows, or changed since."""
        return self.takes_window or any(parent.is_partial for parent in self.parents)

    def __call__(self, *args: Any) -> Call[R]:
        return self.fetch(*args)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        """By its name, as a function is: another process imports it. Raises `UsageError` where it cannot."""
        where = (self.fetch.__module__, self.fetch.__qualname__)
        if _named(*where) is not self:
            raise UsageError(
                f"the task {self.name} cannot be had by another process: {'.'.join(where)} is not it",
                hint="Declare tasks at the top of a module, under the name of their function.",
            )
        return _named, where


def _named(module: str, name: str) -> Any:
    try:
        return attrgetter(name)(import_module(module))
    except (ImportError, AttributeError):
        return None


class task(Generic[R, W]):  # noqa: N801 - read as a verb, `@task(...)`
    """Declare a task: rows of the call are read models, `transform` makes write models for `into` of them.

    `transform` takes one read model and gives a write model, several, or none (the row is dropped); or, where
    its first parameter is a list, it takes those of one page and gives write models, a pandas or polars
    DataFrame, or Arrow. A second argument, where it has one, is the `Context`.
    With `cursor` the task asks for what changed since, for a table by `merge`; with `windows` it walks a grid
    of days, one slice a cell, which `write="replace_windows"` needs. `over` splits it further: a list
    (`Each`), ids from another task's rows (`From`), or several of these, one slice for each combination. The
    function takes the connector, then the window, where there is one, then a value of each axis in the order
    of `over`.
    `deadline` is how long a slice with requests under way may hear of none: then it is cut and run again.
    """

    @overload
    def __init__(
        self,
        *,
        transform: Callable[[R], W | Iterable[W] | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
        over: Axis | Sequence[Axis] = (),
        deadline: timedelta = DEADLINE,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[R, Context], W | Iterable[W] | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
        over: Axis | Sequence[Axis] = (),
        deadline: timedelta = DEADLINE,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[list[R]], W | Iterable[W] | Frame | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
        over: Axis | Sequence[Axis] = (),
        deadline: timedelta = DEADLINE,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        transform: Callable[[list[R], Context], W | Iterable[W] | Frame | None],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
        over: Axis | Sequence[Axis] = (),
        deadline: timedelta = DEADLINE,
    ) -> None: ...
    def __init__(
        self,
        *,
        transform: Callable[..., Any],
        into: Table[W],
        cursor: Cursor | None = None,
        windows: Windows | None = None,
        over: Axis | Sequence[Axis] = (),
        deadline: timedelta = DEADLINE,
    ) -> None:
        if cursor is not None and windows is not None:
            raise ValueError(f"table {into.name}: a task has a cursor or windows, not both")
        if (into.write == "replace_windows") != (windows is not None):
            raise ValueError(f"table {into.name}: windows and write='replace_windows' belong together")
        if into.write == "replace" and cursor is not None:
            raise ValueError(
                f"table {into.name}: write='replace' would keep only what changed since the cursor"
            )
        if into.write == "append" and cursor is not None:
            raise ValueError(
                f"table {into.name}: write='append' would hold rows twice: each run asks again for those of"
                " the cursor's own instant, as more may have come; write='merge' takes them once, by key"
                " or key=SYNTHETIC_KEY"
            )
        if cursor is not None and into.has_synthetic_key:
            _check_tells_apart(into, cursor)
        self._transform, self._into, self._cursor, self._windows = transform, into, cursor, windows
        self._over = tuple(over) if isinstance(over, Sequence) else (over,)
        self._deadline = deadline
        self._check_over()

    @overload
    def __call__(self, fetch: Callable[[C, Window], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C, V1], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C, V1, V2], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C, Window, V1], Call[R]]) -> Task[C, R, W]: ...
    @overload
    def __call__(self, fetch: Callable[[C, Window, V1, V2], Call[R]]) -> Task[C, R, W]: ...
    def __call__(self, fetch: Callable[..., Call[R]]) -> Task[Any, R, W]:
        made: Task[Any, R, W] = Task(
            fetch.__name__,
            fetch,
            self._checked(fetch),
            self._into,
            self._cursor,
            self._windows,
            self._over,
            self._deadline,
        )
        self._check_arguments(made)
        self._check_cursor(fetch)
        return made

    def _check_over(self) -> None:
        name, names = self._into.name, [axis.name for axis in self._over]
        if twice := {each for each in names if names.count(each) > 1}:
            raise ValueError(f"table {name}: split twice over {', '.join(sorted(twice))}")
        if self._deadline <= timedelta(0):
            raise ValueError(f"table {name}: a deadline is longer than nothing")
        self._check_vanished()
        if self._into.commit == "slice" and self._windows is not None and self._over:
            raise ValueError(
                f"table {name}: commit='slice' does not go with windows and over together: several slices"
                " replace one window, and each would take away what the one before it brought"
            )
        partial = [parent.name for parent in parents(self._over) if parent.is_partial]
        if partial and self._into.write in ("replace", "replace_windows"):
            raise ValueError(
                f"table {name}: write={self._into.write!r} would keep only the rows that belong to what"
                f" {', '.join(partial)} has asked for in one run; write='merge' keeps the others"
            )

    def _check_vanished(self) -> None:
        if not self._into.delete_vanished:
            return
        for parent in parents(self._over):
            for each in (parent, *parent.ancestors):
                if each.windows is not None:
                    raise ValueError(
                        f"table {self._into.name}: delete_vanished needs runs that ask for everything, and"
                        f" {each.name}, over whose rows its task is split, asks for some windows only"
                    )

    def _check_arguments(self, made: Task[Any, Any, Any]) -> None:
        """As many as declared, and of the types of the values, as far as both are told."""
        takes = list(signature(made.fetch).parameters)
        window = ["a window"] if made.takes_window else []
        wanted = ["the connector", *window, *(axis.name for axis in made.over)]
        if len(takes) != len(wanted):
            listed = f"{', '.join(wanted[:-1])} and {wanted[-1]}" if wanted[1:] else "the connector alone"
            raise TypeError(f"task {made.name} takes {len(takes)} arguments; as declared it takes {listed}")
        told = _hints(made.fetch)
        for axis, argument in zip(made.over, takes[1 + len(window) :], strict=True):
            kind = told.get(argument)
            if kind in (str, int, date) and axis.kinds - {kind}:
                given = " | ".join(sorted(each.__name__ for each in axis.kinds))
                raise TypeError(
                    f"task {made.name} takes {argument} as {kind.__name__},"
                    f" the values of {axis.name} are {given}"
                )

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
    told = get_args(_hints(fetch).get("return"))
    return told[0] if told and isinstance(told[0], type) and issubclass(told[0], BaseModel) else None


def _hints(fetch: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(fetch)
    except NameError:  # a name that is imported for type checkers only
        return {}


def _check_tells_apart(into: Table[Any], cursor: Cursor) -> None:
    """A run may ask again for some of the rows that are equal but for the cursor; which, only that tells."""
    for column in into.columns:
        if cursor.field in (column.name, column.attribute) and column.kind == "timestamp":
            return
    raise ValueError(
        f"table {into.name}: with SYNTHETIC_KEY and a cursor its rows are told apart by {cursor.field} too:"
        f" {into.model.__name__} needs that column, an AwareDatetime"
    )
