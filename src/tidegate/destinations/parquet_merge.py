"""Which rows of a merge go in, and which rows of the table they take the place of.

DuckDB decides, by keys and versions alone, and spills to disk what does not fit into memory.
"""

# ruff: noqa: S608  names are quoted by `quote`

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import RUN_COLUMN
from tidegate.destinations.base import Commit
from tidegate.destinations.duckdb_later import LATER_RUNS
from tidegate.destinations.duckdb_source import BATCHES, ORDINAL, run_over
from tidegate.destinations.duckdb_sql import KEPT, literal, merge_statements, quote
from tidegate.destinations.duckdb_tables import one
from tidegate.destinations.parquet_manifest import DataFile
from tidegate.destinations.parquet_sql import absolute, connected, read_parquet

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_FILE, _POSITION = "_tidegate_file", "file_row_number"
_CHOSEN, _REPLACED, _VANISHED = "_tidegate_chosen", "_tidegate_replaced", "_tidegate_vanished"


@dataclass(frozen=True)
class Merge:
    """`given` rows came, and `kept` of them go in; `deleted` rows of the table have vanished."""

    given: int
    kept: int
    deleted: int
    _touched: frozenset[str]
    _folder: Path
    _connection: duckdb.DuckDBPyConnection

    def chosen(self, position: int, rows: int) -> pa.Array[Any]:
        """Which of so many rows that came, from this position on, go in."""
        return self._among(f"SELECT position FROM {_CHOSEN} WHERE true", position, rows)

    def replaced(self, file: DataFile, position: int, rows: int) -> pa.Array[Any]:
        """Which of so many rows of a file, from this position on, they replace or have vanished."""
        of_file = f"SELECT position FROM {_REPLACED} WHERE {_FILE} = {literal(absolute(self._folder, file))}"
        return self._among(of_file, position, rows)

    def is_touched(self, file: DataFile) -> bool:
        return absolute(self._folder, file) in self._touched

    def _among(self, query: str, position: int, rows: int) -> pa.Array[Any]:
        import pyarrow as pa
        import pyarrow.compute as pc

        query = f"{query} AND position >= {position} AND position < {position + rows}"
        found = self._connection.sql(query).to_arrow_table().column("position").combine_chunks()
        return pc.is_in(pa.array(range(position, position + rows), pa.int64()), value_set=found)


@contextmanager
def merging(
    commit: Commit, folder: Path, files: Sequence[DataFile], later_runs: AbstractSet[str], scratch: Path
) -> Iterator[Merge]:
    """Decide over the commit's batches against these files, of which there is at least one."""
    table = commit.table
    sql = merge_statements(table, BATCHES, ORDINAL, LATER_RUNS if commit.again else None)
    keys = ", ".join(quote(name) for name in table.key)
    with connected(folder, scratch) as connection:
        _show(connection, table.name, (*sql.columns, RUN_COLUMN), folder, files)
        connection.execute(
            f"CREATE TEMP TABLE {LATER_RUNS} AS SELECT unnest(?::VARCHAR[]) AS run_id", [sorted(later_runs)]
        )
        _, given = run_over(connection, commit, sql.keep_newest, columns=sql.columns, numbered=True)
        deleted = _find_vanished(connection, commit, sql.vanished)
        connection.execute(sql.drop_older)
        (kept,) = one(connection, sql.count_kept)
        # In order, so that DuckDB finds a range of positions without looking at all of them.
        connection.execute(
            f"CREATE TEMP TABLE {_CHOSEN} AS SELECT {ORDINAL} - 1 AS position FROM {KEPT} ORDER BY position"
        )
        connection.execute(
            f"CREATE TEMP TABLE {_REPLACED} AS SELECT {_FILE}, {_POSITION} AS position"
            f" FROM {quote(table.name)} SEMI JOIN {KEPT} USING ({keys})"
            f" UNION ALL SELECT {_FILE}, position FROM {_VANISHED} ORDER BY {_FILE}, position"
        )
        touched = connection.execute(f"SELECT DISTINCT {_FILE} FROM {_REPLACED}").fetchall()
        yield Merge(given, kept, deleted, frozenset(path for (path,) in touched), folder, connection)


def _find_vanished(connection: duckdb.DuckDBPyConnection, commit: Commit, condition: str) -> int:
    """Note the places of the table's rows that are to go as their key has not come; how many they are."""
    condition = condition if commit.deletes_vanished else "false"
    connection.execute(
        f"CREATE TEMP TABLE {_VANISHED} AS SELECT {_FILE}, {_POSITION} AS position"
        f" FROM {quote(commit.table.name)} AS t WHERE {condition}"
    )
    (deleted,) = one(connection, f"SELECT count(*) FROM {_VANISHED}")
    return int(deleted)


def _show(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    folder: Path,
    files: Sequence[DataFile],
) -> None:
    """The table as a view, with the place of every row."""
    names = ", ".join(quote(name) for name in (*columns, _FILE))
    source = read_parquet(folder, files, f"filename = {literal(_FILE)}, file_row_number = true")
    connection.execute(f"CREATE TEMP VIEW {quote(table)} AS SELECT {names}, {_POSITION} FROM {source}")
