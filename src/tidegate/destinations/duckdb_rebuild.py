"""A new table with all rows of the old one, in its place: for changes that DuckDB cannot make to a table."""

# ruff: noqa: S608  names are quoted by `quote`

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import RESERVED_PREFIX, Table
from tidegate.destinations.duckdb_casts import converted, keeps, missing
from tidegate.destinations.duckdb_sql import added_columns, count_rows, create_table, literal, quote
from tidegate.destinations.duckdb_tables import has_table, held_table, one
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.schema_diff import Change, Held, HeldTable
from tidegate.utils.columns import Column
from tidegate.utils.personal_columns import says_hashed

if TYPE_CHECKING:
    import duckdb


def rebuild(
    connection: duckdb.DuckDBPyConnection,
    table: Table[Any],
    changes: Sequence[Change],
    comment: str | None,
    at: datetime,
) -> str:
    """Inside of a transaction; gives the name that the old table has now: `<table>__before_<utc time>`.

    Raises `DestinationError` that names every change by which some row would lose a value.
    """
    held = held_table(connection, table.name) or HeldTable(())
    by_name = {each.name.lower(): each for each in held.columns}
    columns = list(_columns(table, by_name))
    faults = list(_faults(connection, table, changes, by_name))
    if faults:
        raise DestinationError(
            f"table {table.name} cannot be changed: {'; '.join(faults)}",
            hint="nothing was changed; mend or delete those rows, or give the field another name",
        )
    kept = _free_name(connection, f"{table.name}__before_{at:%Y%m%dT%H%M%SZ}")
    connection.execute(f"ALTER TABLE {quote(table.name)} RENAME TO {quote(kept)}")
    for statement in create_table(table.name, columns):
        connection.execute(statement)
    if comment is not None:
        connection.execute(f"COMMENT ON TABLE {quote(table.name)} IS {literal(comment)}")
    _move(connection, kept, table.name, columns, by_name)
    return kept


def _columns(table: Table[Any], held: dict[str, Held]) -> Iterator[Column]:
    """The contract's columns and tidegate's own, nullable where some row is or lacks them.

    A description that only the table has is kept, and so are own columns that are out of use.
    """
    wanted = (*table.columns, *added_columns(table))
    for column in wanted:
        found = held.get(column.name.lower())
        yield replace(
            column,
            nullable=column.nullable or found is None or found.nullable,
            description=column.description or _description(found),
        )
    used = {column.name.lower() for column in wanted}
    for name, found in held.items():
        if name.startswith(RESERVED_PREFIX) and name not in used and found.kind is not None:
            yield Column(found.name, found.kind, nullable=True)


def _description(found: Held | None) -> str | None:
    """That of the table, if it is still true: not that values are hashes where they are no more."""
    return None if found is None or says_hashed(found.description) else found.description


def _faults(
    connection: duckdb.DuckDBPyConnection,
    table: Table[Any],
    changes: Sequence[Change],
    held: dict[str, Held],
) -> Iterator[str]:
    columns = {column.name: column for column in (*table.columns, *added_columns(table))}
    for change in changes:
        if change.kind not in {"widen", "narrow", "retype"}:
            continue
        name, *path = change.path
        found = held[name.lower()]
        kept = keeps(quote(found.name), found, columns[name], tuple(path))
        (lost,) = one(connection, f"SELECT count(*) FROM {quote(table.name)} WHERE NOT {kept}")
        if lost:
            rows = "1 row has a value" if lost == 1 else f"{lost:,} rows have values"
            yield f"{change.text}: {rows} that would be lost"


def _move(
    connection: duckdb.DuckDBPyConnection, old: str, new: str, columns: list[Column], held: dict[str, Held]
) -> None:
    names, values = [], []
    for column in columns:
        found = held.get(column.name.lower())
        names.append(quote(column.name))
        values.append(missing(column) if found is None else converted(quote(found.name), found, column))
    select = f"SELECT {', '.join(values)} FROM {quote(old)}"
    (moved,) = one(connection, f"INSERT INTO {quote(new)} ({', '.join(names)}) {select}")
    (had,) = one(connection, count_rows(old))
    if moved != had:
        raise DestinationError(f"table {new} has {had} rows, and DuckDB moved {moved}")


def _free_name(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    found, number = name, 1
    while has_table(connection, found):
        number += 1
        found = f"{name}_{number}"
    return found
