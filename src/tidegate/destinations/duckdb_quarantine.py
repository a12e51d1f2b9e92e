"""The quarantine in a DuckDB file: rows that broke a contract, in and out with the commits."""

# ruff: noqa: S608  names are our own or quoted by `quote`, and values are parameters

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import Commit
from tidegate.destinations.batches import joined
from tidegate.destinations.duckdb_source import stream
from tidegate.destinations.duckdb_sql import column_type, quote
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE, QuarantinedRow
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import duckdb

_ROWS = "_tidegate_rejected"
_AT_ONCE, _BYTES = 10_000, 16 << 20
_NAMES = ", ".join(quote(column.name) for column in COLUMNS)
_TYPES = ", ".join(
    f"{quote(column.name)} {column_type(column)}{'' if column.nullable else ' NOT NULL'}"
    for column in COLUMNS
)
_VALUES = ", ".join(f"{quote(column.name)}::{column_type(column)}" for column in COLUMNS)

_CREATE = f"CREATE TABLE IF NOT EXISTS {QUARANTINE} ({_TYPES}, quarantined_at TIMESTAMPTZ NOT NULL)"
_RELEASE = f"DELETE FROM {QUARANTINE} WHERE id IN (SELECT unnest(?::VARCHAR[]))"
_FORGET = f"DELETE FROM {QUARANTINE} WHERE id IN (SELECT id FROM {_ROWS})"
_PUT = f"INSERT INTO {QUARANTINE} ({_NAMES}, quarantined_at) SELECT {_VALUES}, ?::TIMESTAMPTZ FROM {_ROWS}"
_SELECT = f"""
SELECT {_NAMES} FROM {QUARANTINE}
WHERE (? IS NULL OR task = ?) AND (? IS NULL OR run_id = ?)
ORDER BY task, run_id, slice, page, position, id
"""


def write(connection: duckdb.DuckDBPyConnection, commit: Commit) -> int:
    """What the commit changes in the quarantine; gives how many rows it put there.

    Rows of what the commit replaces leave it, as they were judged anew; so does an earlier copy of a row that
    comes again.
    """
    connection.execute(_CREATE)
    _take_out(connection, commit)
    if commit.rejected.rows == 0:
        return 0
    # All earlier copies go first: one run may reject the same row on two of its pages, and keeps both.
    _over_rejects(connection, commit, _FORGET)
    return _over_rejects(connection, commit, _PUT, [commit.loaded_at])


def rows(
    connection: duckdb.DuckDBPyConnection, task: str | None, run_id: str | None
) -> Iterator[QuarantinedRow]:
    found = connection.execute(_SELECT, [task, task, run_id, run_id])
    while chunk := found.fetchmany(1000):
        yield from (QuarantinedRow(*row) for row in chunk)


def _over_rejects(
    connection: duckdb.DuckDBPyConnection, commit: Commit, statement: str, parameters: Sequence[Any] = ()
) -> int:
    """Run a statement over the rejected rows, which are drawn batch by batch; rows that it counts."""
    batches = joined(commit.rejected.batches(), _AT_ONCE, _BYTES)
    return stream(connection, _ROWS, arrow_schema(COLUMNS), batches, statement, parameters)


def _take_out(connection: duckdb.DuckDBPyConnection, commit: Commit) -> None:
    of_task = f"DELETE FROM {QUARANTINE} WHERE task = ?"
    if commit.again is not None:
        if commit.again.replaces:
            connection.execute(f"{of_task} AND run_id = ?", [commit.task, commit.run_id])
        connection.execute(_RELEASE, [list(commit.again.released)])
    elif commit.table.write == "replace":
        connection.execute(of_task, [commit.task])
    elif commit.table.write == "replace_windows":
        windows = [commit.task, list(commit.windows)]
        connection.execute(f"{of_task} AND {quote('window')} IN (SELECT unnest(?::DATE[]))", windows)
