"""What one commit does in DuckDB between BEGIN and COMMIT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.destinations import duckdb_quarantine
from tidegate.destinations.base import Commit, Landed
from tidegate.destinations.duckdb_alter import fit
from tidegate.destinations.duckdb_cursors import move_cursor
from tidegate.destinations.duckdb_later import LATER_RUNS, without_later
from tidegate.destinations.duckdb_source import BATCHES, ORDINAL, run_over
from tidegate.destinations.duckdb_sql import (
    OWN_TABLES,
    delete_all,
    delete_run,
    delete_where,
    delete_windows,
    insert,
    merge_statements,
)
from tidegate.destinations.duckdb_tables import one
from tidegate.destinations.exceptions import DestinationError

if TYPE_CHECKING:
    import duckdb


def write(connection: duckdb.DuckDBPyConnection, commit: Commit) -> Landed:
    """Cursor, rows, quarantine and commit row. The same commit id again gives what is there, and changes
    nothing.
    """
    connection.execute(OWN_TABLES)
    before = find(connection, commit.commit_id)
    if before is not None:
        return before
    move_cursor(connection, commit)
    changes = fit(connection, commit.table, commit.loaded_at)
    if commit.again is not None:
        commit = without_later(connection, commit)
    loaded, superseded, deleted = _rows(connection, commit)
    quarantined = duckdb_quarantine.write(connection, commit)
    landed = Landed(loaded, superseded, quarantined, commit.windows, changes, deleted)
    _note(connection, commit, landed)
    return landed


def find(connection: duckdb.DuckDBPyConnection, commit_id: str) -> Landed | None:
    sql = "SELECT * FROM _tidegate_commits WHERE commit_id = ?"  # a file of an earlier version lacks some
    answer = connection.execute(sql, [commit_id])
    names = [column[0] for column in answer.description]
    rows = answer.fetchall()
    if not rows:
        return None
    row = dict(zip(names, rows[0], strict=True))
    windows = tuple(row["windows"] or ())
    return Landed(
        row["loaded"], row["superseded"], row["quarantined"], windows, deleted=row.get("deleted") or 0
    )


def _note(connection: duckdb.DuckDBPyConnection, commit: Commit, landed: Landed) -> None:
    figures = [landed.loaded, landed.superseded, landed.quarantined, landed.deleted, list(landed.windows)]
    connection.execute(
        "INSERT INTO _tidegate_commits BY NAME"
        " SELECT ? AS commit_id, ? AS run_id, ? AS task, ? AS table_name,"
        " ? AS loaded, ? AS superseded, ? AS quarantined, ? AS deleted, ?::DATE[] AS windows,"
        " now() AS committed_at,"
        " (SELECT coalesce(max(number), 0) + 1 FROM _tidegate_commits) AS number",
        [commit.commit_id, commit.run_id, commit.task, commit.table.name, *figures],
    )


def _rows(connection: duckdb.DuckDBPyConnection, commit: Commit) -> tuple[int, int, int]:
    """Write the rows; gives how many were loaded, superseded, and, of the table's, deleted as vanished."""
    _make_room(connection, commit)
    if commit.table.write == "merge":
        return _merge(connection, commit)
    loaded, given = _insert(connection, commit)
    _agree(commit, given, loaded)
    return loaded, 0, 0


def _make_room(connection: duckdb.DuckDBPyConnection, commit: Commit) -> None:
    """Delete what the commit's rows take the place of; a merge sees to that by itself, key by key."""
    table, again = commit.table, commit.again
    if again is not None and not again.replaces:
        return
    if table.write == "replace_windows":
        connection.execute(delete_windows(table.name), [list(commit.windows)])
    elif table.write == "replace":
        connection.execute(delete_all(table.name))
    elif again is not None:
        connection.execute(delete_run(table.name), [commit.run_id])


def _merge(connection: duckdb.DuckDBPyConnection, commit: Commit) -> tuple[int, int, int]:
    """Two passes over the batches: keys and versions alone decide which rows stay, then those rows go in.

    So no copy of the whole run is staged.
    """
    sql = merge_statements(commit.table, BATCHES, ORDINAL, LATER_RUNS if commit.again else None)
    _, given = run_over(connection, commit, sql.keep_newest, columns=sql.columns, numbered=True)
    deleted = 0
    if commit.deletes_vanished:
        (deleted,) = one(connection, delete_where(commit.table.name, sql.vanished))
    connection.execute(sql.drop_older)
    connection.execute(sql.delete_replaced)
    (kept,) = one(connection, sql.count_kept)
    # where nothing is kept DuckDB would not even draw the batches
    loaded, again = _insert(connection, commit, sql.only_kept if kept < given else "") if kept else (0, given)
    connection.execute(sql.clean_up)
    if again != given:
        raise DestinationError(f"{commit.task}: the batches held {given} rows, and {again} when drawn again")
    _agree(commit, kept, loaded)
    return loaded, given - kept, int(deleted)


def _insert(connection: duckdb.DuckDBPyConnection, commit: Commit, only: str = "") -> tuple[int, int]:
    """Rows that went in, and rows that the batches held."""
    statement = insert(commit.table, BATCHES + only)
    return run_over(connection, commit, statement, [commit.run_id, commit.loaded_at], numbered=bool(only))


def _agree(commit: Commit, expected: int, loaded: int) -> None:
    if loaded != expected:
        raise DestinationError(f"{commit.task}: {expected} rows to load, and DuckDB counts {loaded}")
