"""The protocol that every destination keeps, and the values that cross it.

One conformance suite (`tests/destinations/`) holds every implementation to this text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from tidegate.contracts.table import Table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class CursorRow:
    """How far a task has come at the destination. Version 0 with no value: it never committed."""

    version: int = 0
    value: datetime | None = None


@dataclass(frozen=True)
class Commit:
    """All that one transaction writes: rows, the commit id and the cursor row.

    `seen` is the cursor version read when the run began: the transaction moves it to `seen + 1`, and fails
    as lost where it finds another. `cursor` is the value to store (None leaves the stored one as it is).
    `windows` are the cells that a `replace_windows` replaces, empty cells included.
    `batches()` gives the rows from the start each time it is called, in the order in which they were
    fetched; a destination may call it more than once, and draw from other threads. Its record batches have
    the contract's columns by name (see `pydantic_to_arrow_schema`), and for `replace_windows` a last column
    `_tidegate_window` (date32).
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


@dataclass(frozen=True, slots=True)
class Landed:
    """What a commit did: rows now in the table because of it, and rows that a newer version superseded."""

    loaded: int
    superseded: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one task at the destination: when it last committed, and how far it has come.

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
        """Raise `DestinationError` where the table could not be written; create or change nothing."""
        ...

    def cursor(self, task: str) -> CursorRow:
        """The task's cursor row; version 0 where neither the row nor the destination exists yet."""
        ...

    def commit(self, commit: Commit) -> Landed:
        """Write rows, commit id and cursor in one transaction, creating the table where it is missing.

        The same commit id again writes nothing and gives what it did the first time. Raises
        `CommitLostError`, `CommitUnknownError`, or another `DestinationError`: then nothing landed.
        """
        ...

    def landed(self, commit_id: str) -> Landed | None:
        """What the commit did, or None where it never landed."""
        ...

    def freshness(self) -> list[Freshness]:
        """The last commit of every task, by task name; empty where nothing was ever written."""
        ...

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and the first `rows` rows, for a person to look at."""
        ...
