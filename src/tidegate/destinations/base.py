"""The protocol that every destination keeps, and the values that cross it.

One conformance suite (`tests/destinations/`) holds every implementation to this text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tidegate.contracts.table import Table
from tidegate.destinations.quarantine import QuarantinedRow, Rejected
from tidegate.destinations.schema_diff import Change

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class CursorRow:
    """How far a task has come at the destination. Version 0 with no value: it never committed.

    `slices` are cursors of its slices, by what they are called in a plan; the version is of all together.
    """

    version: int = 0
    value: datetime | None = None
    slices: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def furthest(self) -> datetime | None:
        """How far all of it has come, as far as that is told: slices go on from the task's own value."""
        return min(self.slices.values(), default=self.value)

    def committed(self, commit: Commit) -> CursorRow:
        """The row after a commit that has seen this one."""
        value = self.value if commit.cursor is None else commit.cursor
        return CursorRow(commit.seen + 1, value, {**self.slices, **commit.slices})

    def set(self, value: datetime | None, seen: int, slice_id: str | None) -> CursorRow:
        """The row after a `set_cursor` that has seen this one."""
        if slice_id is None:
            return CursorRow(seen + 1, value)
        slices = {**self.slices, slice_id: value}
        kept = {name: each for name, each in slices.items() if each is not None}
        return CursorRow(seen + 1, self.value, kept)


@dataclass(frozen=True)
class Commit:
    """All that one transaction writes: rows, the commit id and the cursor row.

    `seen` is the cursor version read when the run began: the transaction moves it to `seen + 1`, and fails
    as lost where it finds another. `cursor` is the value to store (None leaves the stored one as it is), and
    `slices` are cursors of slices to store in the same transaction; those that it does not name stay.
    `windows` are the cells that a `replace_windows` replaces, empty cells included.
    `batches()` gives the rows from the start each time it is called, in the order in which they were
    fetched; a destination may call it more than once, and draw from other threads. Its record batches have
    the contract's columns by name (see `pydantic_to_arrow_schema`), and for `replace_windows` a last column
    `_tidegate_window` (date32). `rejected` go into the quarantine in the same transaction. `again` says that
    the rows are those of an earlier run, brought in once more. `deletes_vanished`, of a merge that is not
    `again`: the commit's rows are all that there are, so rows of the table whose key none of them has go, in
    the same transaction. A key whose row is superseded by the table's has not vanished.
    """

    commit_id: str
    run_id: str
    task: str
    table: Table[Any]
    seen: int
    cursor: datetime | None
    loaded_at: datetime
    batches: Callable[[], Iterator[pa.RecordBatch]]
    windows: tuple[date, ...] = ()
    rejected: Rejected = field(default_factory=Rejected)
    again: Again | None = None
    deletes_vanished: bool = False
    slices: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """How rows of a run that has committed before come in once more; a run that committed later is never
    overwritten.

    With `replaces` they take the place of what the run has left in the table and in the quarantine; without,
    they are added to it, and the rows `released` leave the quarantine. Windows that a later run has replaced
    are left alone; where it replaced the whole table, or deleted what had vanished from it, the commit fails
    as lost; of a merge, a row of a later run supersedes one of this run that is not newer.
    """

    replaces: bool
    released: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a commit is charged for, where a destination charges: bytes, and milliseconds of a slot."""

    bytes_billed: int
    slot_ms: int


@dataclass(frozen=True, slots=True)
class Landed:
    """What a commit did: rows now in the table because of it, rows that a newer version superseded, rows in
    the quarantine, and the windows that it replaced. `changes` are those that it made to the columns of the
    table, in words, told only when it makes them. `deleted` are rows of the table that had vanished: rows of
    earlier runs, outside of what becomes of this run's. `cost` is told only by the call that did the work.
    """

    loaded: int
    superseded: int
    quarantined: int = 0
    windows: tuple[date, ...] = ()
    changes: tuple[str, ...] = field(default=(), compare=False)
    deleted: int = 0
    cost: Cost | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one task at the destination: when it last committed, and how far it has come (`cursor`: the smallest
    of its slices, where these have cursors).

    `rows` is the number of rows in its table now.
    """

    task: str
    table: str
    committed_at: datetime
    run_id: str
    cursor: datetime | None
    rows: int


class Destination(Protocol):
    """Where rows land. Methods block; each opens what it needs and closes it before it returns."""

    @property
    def name(self) -> str:
        """The destination as a person would type it after `--to`; no secret in it."""
        ...

    @property
    def identity(self) -> str:
        """The same for every spelling of the same destination: what a lock on it is called."""
        ...

    def prepare(self, table: Table[Any]) -> None:
        """Raise `DestinationError` where the table could not be written; create or change nothing.

        `SchemaChangeError` where it needs a change that a person has to allow.
        """
        ...

    def differences(self, table: Table[Any]) -> list[Change]:
        """What would make the table what its contract asks for; empty where it is. Nothing is written."""
        ...

    def apply(self, table: Table[Any], changes: Sequence[Change]) -> tuple[str, ...]:
        """Make these changes, which are all the differences there are, and say in words what was done.

        All or none, in one transaction. Where one is not safe, the rows go into a new table and the old one
        is kept as `<table>__before_<utc time>`. Raises `DestinationError` where a value would be lost.
        """
        ...

    def cursor(self, task: str) -> CursorRow:
        """The task's cursor row, with those of its slices, read at once; version 0 where neither the row nor
        the destination exists yet.
        """
        ...

    def set_cursor(
        self, task: str, value: datetime | None, *, seen: int, slice_id: str | None = None
    ) -> CursorRow:
        """Put the task's cursor at `value` (None: as before its first run), and give its row. Those of its
        slices are forgotten, so that it holds for all of them; or, with `slice_id`, only the cursor of that
        slice is put there (None: forgotten), and the task's stays.

        Compare and swap, as by a commit: version `seen` becomes `seen + 1`, also of a task that never
        committed; `CommitLostError` where the row has another version. No row of a table changes.
        """
        ...

    def commit(self, commit: Commit) -> Landed:
        """Write rows, commit id and cursor in one transaction, creating the table where it is missing and
        making the safe changes that its contract asks for.

        The same commit id again writes nothing and gives what it did the first time. Raises
        `CommitLostError`, `CommitUnknownError`, or another `DestinationError`: then nothing landed.
        """
        ...

    def landed(self, commit_id: str) -> Landed | None:
        """What the commit did, or None where it never landed."""
        ...

    def quarantine(self, *, task: str | None = None, run_id: str | None = None) -> Iterator[QuarantinedRow]:
        """The rows in quarantine, of one task or run or of all, by task, run, slice, page and position."""
        ...

    def freshness(self) -> list[Freshness]:
        """The last commit of every task, by task name; empty where nothing was ever written."""
        ...

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and the first `rows` rows, for a person to look at."""
        ...


@runtime_checkable
class ReadsColumns(Protocol):
    """A further power, of destinations whose rows can be read back: for lists of what to ask for."""

    def values(self, table: str, column: str) -> list[Any]:
        """The values of one column, each once, in order; nulls left out. Raises `DestinationError` where
        there is no such table or column.
        """
        ...


@runtime_checkable
class LeavesFiles(Protocol):
    """A further power, of destinations that work with files of this machine."""

    def abandoned(self, before: datetime) -> list[Path]:
        """Files that attempts which died have left beside the data: unchanged since `before`, and needed by
        nobody. They may be deleted while others read and write the destination.
        """
        ...
