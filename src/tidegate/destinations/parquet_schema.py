"""What a stored table lacks of its contract, and how it gets it.

A change of columns writes the rows anew, in a DuckDB file beside the table, by the very statements that
change a table of the DuckDB destination: so both know the same changes, and lose the same nothing.
"""

# ruff: noqa: S608  names are quoted by `quote`

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.duckdb_alter import make
from tidegate.destinations.duckdb_sql import added_columns, create_table, from_arrow, quote
from tidegate.destinations.duckdb_tables import held_table
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.parquet_files import empty_file, write_files
from tidegate.destinations.parquet_folder import Changing
from tidegate.destinations.parquet_manifest import DataFile, Manifest, StoredTable
from tidegate.destinations.parquet_sql import connected, read_parquet
from tidegate.destinations.schema_diff import Change, Held, HeldTable, as_held, differences, without_lengths
from tidegate.utils.columns import Column
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SCRATCH = "alter.duckdb"
_READ_ROWS = 20_000
# These are of the manifest alone: no file has to be written anew.
_OF_MANIFEST = {"describe", "relax"}


def changes_of(manifest: Manifest, table: Table[Any]) -> list[Change]:
    """What would have to change; empty where the table fits.

    Raises `DestinationError` for a name that differs by case alone: in Parquet that is another name.
    """
    stored = manifest.table(table.name)
    wanted = [without_lengths(column) for column in table.columns]
    if stored is None:
        return differences(table, wanted, added_columns(table), None)
    _check_spelling(table.name, table.columns, stored.columns)
    held = HeldTable(tuple(as_held(column) for column in stored.columns))
    return differences(table, wanted, added_columns(table), held)


def changed(
    change: Changing, manifest: Manifest, table: Table[Any], changes: Sequence[Change], at: datetime
) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest with the table as the contract asks for it, and what was done, in words.

    Raises `DestinationError` where a value would be lost.
    """
    if not changes:
        return manifest, ()
    name = manifest.name_of(table.name)
    if name is None:
        columns = (*(without_lengths(column) for column in table.columns), *added_columns(table))
        empty = StoredTable(columns, (empty_file(change, table.name, columns),))
        return manifest.with_table(table.name, empty), tuple(each.text for each in changes)
    before = manifest.tables[name]
    moves = any(each.kind not in _OF_MANIFEST for each in changes)
    scratch = change.scratch()
    with connected(change.path, scratch, str(scratch / _SCRATCH)) as connection:
        _load(connection, name, before, change.path, moves)
        taken = [other for other in manifest.tables if other.lower().startswith(f"{name.lower()}__before_")]
        for other in taken:  # so that the kept table gets another name
            connection.execute(f"CREATE TABLE {quote(other)} (taken INT)")
        done = make(connection, table, changes, at)
        columns = _columns(connection, name)
        files = _files(change, connection, name, columns) if moves else before.files
        kept = [other for other in _tables(connection) if other not in {*taken, name}]
    for other in kept:
        manifest = manifest.with_table(other, before)
    return manifest.with_table(name, StoredTable(columns, files)), done


def _load(
    connection: duckdb.DuckDBPyConnection, name: str, table: StoredTable, folder: Path, with_rows: bool
) -> None:
    for statement in create_table(name, table.columns):
        connection.execute(statement)
    if with_rows:
        values = ", ".join(from_arrow(column) for column in table.columns)
        source = read_parquet(folder, table.files)
        connection.execute(f"INSERT INTO {quote(name)} SELECT {values} FROM {source}")


def _files(
    change: Changing, connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[Column]
) -> tuple[DataFile, ...]:
    schema = arrow_schema(columns)
    by_window = f" ORDER BY {WINDOW_COLUMN}" if WINDOW_COLUMN in schema.names else ""

    def rows() -> Iterator[pa.RecordBatch]:
        reader = connection.sql(f"SELECT * FROM {quote(name)}{by_window}").to_arrow_reader(_READ_ROWS)
        return (batch.cast(schema) for batch in reader)

    return write_files(change, name, columns, rows()) or (empty_file(change, name, columns),)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[Column, ...]:
    held = held_table(connection, name)
    return () if held is None else tuple(_column(each) for each in held.columns)


def _column(held: Held) -> Column:
    if held.kind is None:
        raise DestinationError(f"column {held.name}: {held.spelled} is of no contract's types")
    return Column(
        held.name,
        held.kind,
        nullable=held.nullable,  # a list of a record that is null is null, too
        repeated=held.repeated,
        precision=held.precision,
        scale=held.scale,
        fields=tuple(_column(field) for field in held.fields),
        description=held.description,
    )


def _check_spelling(where: str, wanted: Sequence[Column], stored: Sequence[Column]) -> None:
    spelled = {column.name.lower(): column for column in stored}
    for column in wanted:
        found = spelled.get(column.name.lower(), column)
        if found.name != column.name:
            raise DestinationError(
                f"{where}: {column.name} is spelled {found.name} there, and Parquet's names have a case",
                hint=f"give the field the serialization_alias {found.name}",
            )
        _check_spelling(f"{where}.{column.name}", column.fields, found.fields)
