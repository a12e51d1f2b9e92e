"""Parquet: a folder of files, and a manifest that says which of them count."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, CursorRow, Freshness, Landed
from tidegate.destinations.duckdb_alter import refuse_unsafe
from tidegate.destinations.duckdb_sql import column_type
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.parquet_commit import committed, moved
from tidegate.destinations.parquet_files import read_rows
from tidegate.destinations.parquet_folder import Folder
from tidegate.destinations.parquet_manifest import Manifest, StoredTable, read_manifest
from tidegate.destinations.parquet_quarantine import quarantined_rows
from tidegate.destinations.parquet_schema import changed, changes_of
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.destinations.schema_diff import Change

_MAX_NAME = 200  # of a table, whose folder may get a suffix; file systems take 255 bytes
_GLOBS = "*?["  # DuckDB takes a path with one of these for a pattern
_ROW_NUMBER = "file_row_number"  # DuckDB's own name for the place of a row in a file


class ParquetDestination:
    """A folder with `manifest.json`, and a folder of Parquet files for each table.

    A commit writes new files and then puts a new manifest in the place of the old one: a reader sees all of a
    commit or nothing. Files never change; those that the manifest names no longer stay for slow readers,
    until they are old enough to be `abandoned`. One process changes the folder at a time; others wait, up to
    `busy_wait_s`, then `DestinationBusyError` names it. Reading waits for nobody. The first commit creates
    the folder, for its owner alone.
    """

    def __init__(
        self, path: str | Path, *, busy_wait_s: float = 60.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.path = Path(path)
        self._folder = Folder(self.path, busy_wait_s, sleep)

    @property
    def name(self) -> str:
        return f"parquet:{self.path}"

    @property
    def identity(self) -> str:
        return f"parquet:{os.path.realpath(self.path)}"

    def files(self, table: str) -> list[str]:
        """The files of a table as it stands, at least one: `duckdb.read_parquet(to.files("orders"))`."""
        return [str(self.path.absolute() / file.path) for file in self._table(table).files]

    def prepare(self, table: Table[Any]) -> None:
        self._check_place()
        if len(table.name) > _MAX_NAME:
            raise DestinationError(f"table {table.name[:60]}...: a name of more than {_MAX_NAME} characters")
        if table.write == "merge" and any(column.name.lower() == _ROW_NUMBER for column in table.columns):
            raise DestinationError(
                f"table {table.name}: a merge into Parquet takes no column named {_ROW_NUMBER}",
                hint="give the field another serialization_alias",
            )
        for column in table.columns:
            column_type(column)  # what DuckDB could not read back is not written
        refuse_unsafe(table, changes_of(self._manifest(), table))

    def differences(self, table: Table[Any]) -> list[Change]:
        return changes_of(self._manifest(), table)

    def apply(self, table: Table[Any], changes: Sequence[Change]) -> tuple[str, ...]:
        if not changes:
            return ()
        self._check_place()
        with self._folder.changing() as change:
            if changes_of(change.before, table) != list(changes):
                raise DestinationError(
                    f"{self.name}: the differences of {table.name} are other ones", hint="look at them again"
                )
            manifest, done = changed(change, change.before, table, changes, datetime.now(UTC))
            change.put(manifest)
        return done

    def cursor(self, task: str) -> CursorRow:
        found = self._manifest().cursors.get(task)
        return CursorRow() if found is None else found.row

    def set_cursor(
        self, task: str, value: datetime | None, *, seen: int, slice_id: str | None = None
    ) -> CursorRow:
        self._check_place()
        with self._folder.changing() as change:
            before = change.before.cursors.get(task)
            row = (before.row if before else CursorRow()).set(value, seen, slice_id)
            change.put(moved(change.before, task, row, before.commit_id if before else None))
        return row

    def commit(self, commit: Commit) -> Landed:
        self._check_place()
        with self._folder.changing() as change:
            before = change.before.commits.get(commit.commit_id)
            if before is not None:
                return before.landed
            manifest, landed = committed(change, commit)
            change.put(manifest)
        return landed

    def landed(self, commit_id: str) -> Landed | None:
        found = self._manifest().commits.get(commit_id)
        return None if found is None else found.landed

    def quarantine(self, *, task: str | None = None, run_id: str | None = None) -> Iterator[QuarantinedRow]:
        yield from quarantined_rows(self.path, self._manifest(), task, run_id)

    def freshness(self) -> list[Freshness]:
        manifest = self._manifest()
        found = []
        for task, cursor in sorted(manifest.cursors.items()):
            if cursor.commit_id is None:
                continue
            commit = manifest.commits[cursor.commit_id]
            table = manifest.table(commit.table)
            rows = table.rows if table else 0
            found.append(
                Freshness(task, commit.table, commit.committed_at, commit.run_id, cursor.row.furthest, rows)
            )
        return found

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        stored = self._table(table)
        batches = read_rows(self.path, stored.files, stored.columns)
        found = islice((row for _, _, batch in batches for row in batch.to_pylist()), rows)
        return [column.name for column in stored.columns], [tuple(row.values()) for row in found]

    def values(self, table: str, column: str) -> list[Any]:
        stored = self._table(table)
        only = [each for each in stored.columns if each.name.lower() == column.lower()]
        if not only:
            raise DestinationError(f"{self.name}: no column {column} in table {table}")
        batches = (batch for _, _, batch in read_rows(self.path, stored.files, only))
        return sorted({value for batch in batches for value in batch.column(0).to_pylist()} - {None})

    def abandoned(self, before: datetime) -> list[Path]:
        """Files that count no more since `before`, or never did: the manifest does not name them."""
        if not self.path.is_dir():
            return []
        with self._folder.changing() as change:  # so that none of them is of a commit under way
            return change.abandoned(before.timestamp())

    def _manifest(self) -> Manifest:
        return read_manifest(self.path)

    def _table(self, name: str) -> StoredTable:
        found = self._manifest().table(name)
        if found is None:
            raise DestinationError(f"{self.name}: no table {name}", hint="has it been loaded yet?")
        return found

    def _check_place(self) -> None:
        """Raise where nothing could be written, before anything is."""
        path = self.path.absolute()
        if any(letter in str(path) for letter in _GLOBS):
            raise DestinationError(
                f"{self.name}: DuckDB takes a path with one of {_GLOBS} for a pattern",
                hint="give the folder another name",
            )
        place = path if path.exists() else path.parent
        if not place.is_dir():
            hint = "name another one" if place == path else f"mkdir -p {place}"
            raise DestinationError(f"{self.name}: {place} is not a folder", hint=hint)
        if not os.access(place, os.W_OK):
            raise DestinationError(f"{self.name}: {place} cannot be written", hint="check its permissions")
