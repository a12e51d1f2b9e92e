"""What a DuckDB file holds, and whether a table of it fits a contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations.duckdb_sql import added_columns, column_type
from tidegate.destinations.exceptions import DestinationError

if TYPE_CHECKING:
    import duckdb


def one(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] = ()) -> Any:
    """The first row that a statement gives, or None.

    Fetches all of them: DuckDB refuses some calls on a connection whose last result is not read to its end.
    """
    rows = connection.execute(statement, list(values)).fetchall()
    return rows[0] if rows else None


# Of the file itself: not of temporary tables, nor of another file that is attached.
_COLUMNS = """
SELECT column_name, data_type, is_nullable, column_default IS NOT NULL FROM duckdb_columns()
WHERE lower(table_name) = lower(?) AND database_name = current_database() AND schema_name = 'main'
"""


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a table or view of this name, whatever its case."""
    return one(connection, _COLUMNS, [name]) is not None


def check_fit(connection: duckdb.DuckDBPyConnection, table: Table[Any]) -> None:
    """Raise `DestinationError` that names every column of an existing table which does not fit."""
    faults = list(_faults(connection, table))
    if faults:
        raise DestinationError(
            f"table {table.name} does not fit {table.model.__name__}: {'; '.join(faults)}",
            hint="change the contract, alter or drop the table, or write to another one",
        )


def _faults(connection: duckdb.DuckDBPyConnection, table: Table[Any]) -> Iterator[str]:
    rows = connection.execute(_COLUMNS, [table.name]).fetchall()
    existing = {row[0].lower(): row for row in rows}
    expected = (*table.columns, *added_columns(table))
    for column, wanted in zip(expected, _spelled(connection, table), strict=True):
        found = existing.pop(column.name.lower(), None)
        if found is None:
            yield f"column {column.name} ({wanted}) is missing"
            continue
        _, data_type, nullable, _ = found
        if data_type != wanted:
            yield f"column {column.name} is {data_type}, not {wanted}"
        elif column.nullable and not nullable:
            yield f"column {column.name} is NOT NULL, and the contract allows null"
    for name, _, nullable, has_default in existing.values():
        if not nullable and not has_default:
            yield f"column {name} is NOT NULL, and the contract does not know it"


def _spelled(connection: duckdb.DuckDBPyConnection, table: Table[Any]) -> tuple[str, ...]:
    """The types that the contract asks for, as DuckDB itself writes them."""
    types = [column_type(column) for column in (*table.columns, *added_columns(table))]
    return tuple(one(connection, f"SELECT {', '.join(f'typeof(NULL::{t})' for t in types)}"))
