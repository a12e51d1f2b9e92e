"""Cursors in DuckDB: one row a task, which every commit moves by compare-and-swap, and one for each of its
slices that has a cursor of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tidegate.destinations.base import Commit, CursorRow
from tidegate.destinations.duckdb_sql import OWN_TABLES
from tidegate.destinations.duckdb_tables import has_table, one
from tidegate.destinations.exceptions import CommitLostError

if TYPE_CHECKING:
    import duckdb

CURSORS, _SLICES = "_tidegate_cursors", "_tidegate_slice_cursors"
_NEW = "INSERT INTO _tidegate_cursors VALUES (?, 1, ?::TIMESTAMPTZ, ?, now()) ON CONFLICT DO NOTHING"
_NO_COMMIT = ""  # of a cursor that was set before its task ever committed


def read_cursor(connection: duckdb.DuckDBPyConnection, task: str) -> CursorRow:
    row = one(connection, "SELECT version, value FROM _tidegate_cursors WHERE task = ?", [task])
    if row is None:
        return CursorRow()
    found = []
    if has_table(connection, _SLICES):  # a file of an earlier version has none
        sql = "SELECT slice, value FROM _tidegate_slice_cursors WHERE task = ? ORDER BY slice"
        found = connection.execute(sql, [task]).fetchall()
    version, value = row
    return CursorRow(version, value, dict(found))


def move_cursor(connection: duckdb.DuckDBPyConnection, commit: Commit) -> None:
    """Compare and swap: the row moves only from the version that this run began with."""
    if commit.seen == 0:
        (moved,) = one(connection, _NEW, [commit.task, commit.cursor, commit.commit_id])
    else:
        (moved,) = one(
            connection,
            "UPDATE _tidegate_cursors SET version = version + 1, value = coalesce(?::TIMESTAMPTZ, value),"
            " commit_id = ?, committed_at = now() WHERE task = ? AND version = ?",
            [commit.cursor, commit.commit_id, commit.task, commit.seen],
        )
    if moved != 1:
        raise CommitLostError(
            f"{commit.task}: another run committed since this one began (cursor version {commit.seen})",
            hint="nothing of this run landed; a new run goes on from where the other one came",
        )
    _put_slices(connection, commit.task, commit.slices)


def put_cursor(
    connection: duckdb.DuckDBPyConnection,
    task: str,
    value: datetime | None,
    seen: int,
    slice_id: str | None,
) -> None:
    """Where a person wants it. The row keeps the id of its last commit: nothing was committed."""
    connection.execute(OWN_TABLES)
    own = value if slice_id is None else None
    if seen == 0:
        (moved,) = one(connection, _NEW, [task, own, _NO_COMMIT])
    else:
        (moved,) = one(
            connection,
            "UPDATE _tidegate_cursors SET version = version + 1,"
            " value = CASE WHEN ? THEN ?::TIMESTAMPTZ ELSE value END WHERE task = ? AND version = ?",
            [slice_id is None, own, task, seen],
        )
    if moved != 1:
        raise CommitLostError(
            f"{task}: its cursor has moved since it was looked at (version {seen})",
            hint="nothing was changed; look at it again: tidegate cursor show",
        )
    connection.execute(
        "DELETE FROM _tidegate_slice_cursors WHERE task = ? AND slice = coalesce(?, slice)",
        [task, slice_id],
    )
    if slice_id is not None and value is not None:
        _put_slices(connection, task, {slice_id: value})


def _put_slices(connection: duckdb.DuckDBPyConnection, task: str, slices: Mapping[str, datetime]) -> None:
    if slices:
        connection.execute(
            "INSERT OR REPLACE INTO _tidegate_slice_cursors"
            " SELECT ?, unnest(?::VARCHAR[]), unnest(?::TIMESTAMPTZ[])",
            [task, list(slices), list(slices.values())],
        )
