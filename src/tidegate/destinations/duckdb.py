"""DuckDB: the embedded default destination. One file, open only while it is read or written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.destinations import duckdb_quarantine
from tidegate.destinations.base import Commit, CursorRow, Freshness, Landed
from tidegate.destinations.duckdb_alter import changes_of, check_safe, make
from tidegate.destinations.duckdb_commit import find, write
from tidegate.destinations.duckdb_connection import DuckDBFile, is_conflict
from tidegate.destinations.duckdb_cursors import CURSORS, put_cursor, read_cursor
from tidegate.destinations.duckdb_sql import column_type, count_rows, select_all
from tidegate.destinations.duckdb_tables import check_views, column_values, has_table, one, working_views
from tidegate.destinations.duckdb_views import put, state_of
from tidegate.destinations.exceptions import CommitLostError, CommitUnknownError, DestinationError
from tidegate.destinations.quarantine import QUARANTINE, QuarantinedRow
from tidegate.destinations.schema_diff import Change
from tidegate.destinations.views import ViewState

if TYPE_CHECKING:
    import duckdb

_SUFFIXES = {".duckdb"}

_FRESHNESS = """
SELECT c.task, k.table_name, k.committed_at, k.run_id
FROM _tidegate_cursors c JOIN _tidegate_commits k USING (commit_id) ORDER BY c.task
"""


class DuckDBDestination:
    """A DuckDB file. It is locked only inside a method, so other programs may use it between runs.

    A file that another process has open is waited for, up to `busy_wait_s`; then `DestinationBusyError`
    names the owner. The first commit creates the file. `memory_limit` and `threads` are DuckDB's, for the
    time of a method; `threads=None` takes every core, at 70 MB each, where one loads a million rows in about
    two seconds. Safe to use from several threads: they take turns.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        busy_wait_s: float = 60.0,
        memory_limit: str = "256MB",
        threads: int | None = 1,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = Path(path)
        self._file = DuckDBFile(self.path, busy_wait_s, memory_limit, threads, sleep)

    @property
    def name(self) -> str:
        return str(self.path) if self.path.suffix in _SUFFIXES else f"duckdb:{self.path}"

    @property
    def identity(self) -> str:
        return f"duckdb:{os.path.realpath(self.path)}"

    def prepare(self, table: Table[Any]) -> None:
        self._check_place()
        for column in table.columns:
            column_type(column)
        with self._reading() as connection:
            if connection is not None:
                check_safe(connection, table, changes_of(connection, table))

    def differences(self, table: Table[Any]) -> list[Change]:
        with self._reading() as connection:
            return changes_of(connection, table)

    def apply(self, table: Table[Any], changes: Sequence[Change]) -> tuple[str, ...]:
        if not changes:
            return ()
        self._check_place()
        with self._file.opened() as connection:
            if changes_of(connection, table) != list(changes):
                raise DestinationError(
                    f"{self.name}: the differences of {table.name} are other ones", hint="look at them again"
                )
            views = working_views(connection, table.name)
            connection.execute("BEGIN")
            done = make(connection, table, changes, datetime.now(UTC))
            check_views(connection, views)
            connection.execute("COMMIT")
            return done

    def cursor(self, task: str) -> CursorRow:
        with self._reading(CURSORS) as connection:
            if connection is None:
                return CursorRow()
            return read_cursor(connection, task)

    def set_cursor(
        self, task: str, value: datetime | None, *, seen: int, slice_id: str | None = None
    ) -> CursorRow:
        self._check_place()
        with self._file.opened() as connection:
            connection.execute("BEGIN")
            put_cursor(connection, task, value, seen, slice_id)
            connection.execute("COMMIT")
            return read_cursor(connection, task)

    def commit(self, commit: Commit) -> Landed:
        self._check_place()
        with self._file.opened() as connection:
            connection.execute("BEGIN")
            landed = write(connection, commit)
            self._end(connection, commit)
        return landed

    def landed(self, commit_id: str) -> Landed | None:
        with self._reading("_tidegate_commits") as connection:
            return None if connection is None else find(connection, commit_id)

    def quarantine(self, *, task: str | None = None, run_id: str | None = None) -> Iterator[QuarantinedRow]:
        with self._reading(QUARANTINE) as connection:
            if connection is not None:
                yield from duckdb_quarantine.rows(connection, task, run_id)

    def freshness(self) -> list[Freshness]:
        with self._reading(CURSORS) as connection:
            if connection is None:
                return []
            found = connection.execute(_FRESHNESS).fetchall()
            return [
                Freshness(
                    task, table, at, run_id, read_cursor(connection, task).furthest, _rows(connection, table)
                )
                for task, table, at, run_id in found
            ]

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self._reading(table) as connection:
            if connection is None:
                raise DestinationError(f"{self.name}: no table {table}", hint="has it been loaded yet?")
            found = connection.execute(f"{select_all(table)} LIMIT ?", [rows])
            return [column[0] for column in found.description], found.fetchall()

    def values(self, table: str, column: str) -> list[Any]:
        with self._reading() as connection:
            if connection is None:
                raise DestinationError(f"{self.name}: no table {table}", hint="has it been loaded yet?")
            return column_values(connection, table, column)

    def view_states(self, views: Sequence[View]) -> list[ViewState]:
        with self._reading() as connection:
            return [state_of(connection, view) for view in views]

    def put_view(self, view: View) -> None:
        self._check_place()
        with self._file.opened() as connection:
            connection.execute("BEGIN")
            put(connection, view)
            connection.execute("COMMIT")

    def abandoned(self, before: datetime) -> list[Path]:
        return self._file.abandoned(before.timestamp())

    @contextmanager
    def _reading(self, table: str | None = None) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection that cannot write; None where there is no file, or no such table in it."""
        if not self.path.exists():
            yield None
            return
        self._check_file()
        with self._file.opened(read_only=True) as connection:
            yield connection if table is None or has_table(connection, table) else None

    def _end(self, connection: duckdb.DuckDBPyConnection, commit: Commit) -> None:
        import duckdb

        try:
            connection.execute("COMMIT")
        except duckdb.Error as error:
            if is_conflict(error):
                raise CommitLostError(f"{commit.task}: another run committed at the same time") from error
            raise CommitUnknownError(
                f"{commit.task}: DuckDB failed while it committed {commit.commit_id}: {error}",
                hint="run again with the same run id: it looks up whether the commit landed",
            ) from error

    def _check_file(self) -> None:
        if self.path.is_dir():
            raise DestinationError(f"{self.name}: is a folder", hint="name a file in it")

    def _check_place(self) -> None:
        """Raise where the file could not be written, before anything is opened."""
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise DestinationError(f"{self.name}: {folder} is not a folder", hint=f"mkdir -p {folder}")
        self._check_file()
        # The folder too: DuckDB keeps its write-ahead log beside the file.
        for place in (folder, self.path):
            if place.exists() and not os.access(place, os.W_OK):
                raise DestinationError(
                    f"{self.name}: {place} cannot be written", hint="check its permissions"
                )


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    if not has_table(connection, table):
        return 0
    (rows,) = one(connection, count_rows(table))
    return int(rows)
