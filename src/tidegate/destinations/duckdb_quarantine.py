"""The quarantine in a DuckDB file: rows that broke a contract, in and out with the commits."""

# ruff: noqa: S608  names are our own or quoted by `quote`, and values are parameters

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidegate.destinations.base import Commit
from tidegate.destinations.duckdb_sql import column_type, quote
from tidegate.destinations.duckdb_tables import one
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE, QuarantinedRow
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import duckdb

_ROWS = "_tidegate_rejected"
_NAMES = ", ".join(quote(column.name) for column in COLUMNS)
_TYPES = ", ".join(
    f"{quote(column.name)} {column_type(column)}{'' if column.nullable else ' NOT NULL'}"
    for column in COLUMNS
)
_VALUES = ", ".join(f"{quote(column.name)}::{column_type(column)}" for column in COLUMNS)

_CREATE = f"CREATE TABLE IF NOT EXISTS {QUARANTINE} ({_TYPES}, quarantined_at TIMESTAMPTZ NOT NULL)"
_RELEASE = f"DELETE FROM {QUARANTINE} WHERE id IN (SELECT unnest(?::VARCHAR[]))"
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
    import pyarrow as pa

    table = pa.Table.from_batches(list(commit.rejected.batches()), schema=arrow_schema(COLUMNS))
    connection.register(_ROWS, table)
    connection.execute(f"DELETE FROM {QUARANTINE} WHERE id IN (SELECT id FROM {_ROWS})")
    (put,) = one(
        connection,
        f"INSERT INTO {QUARANTINE} ({_NAMES}, quarantined_at) SELECT {_VALUES}, ?::TIMESTAMPTZ FROM {_ROWS}",
        [commit.loaded_at],
    )
    connection.unregister(_ROWS)
    return int(put)


def rows(
    connection: duckdb.DuckDBPyConnection, task: str | None, run_id: str | None
) -> Iterator[QuarantinedRow]:
    found = connection.execute(_SELECT, [task, task, run_id, run_id])
    while chunk := found.fetchmany(1000):
        yield from (QuarantinedRow(*row) for row in chunk)


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
