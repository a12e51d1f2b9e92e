"""Makes a table in DuckDB what its contract asks for: in place, or by a new table and a swap.

No ALTER here carries an expression with a function or with JSON in it: DuckDB logs the expression, and
after a crash it could not open the file ("Failure while replaying WAL", measured with 2.0.1). So values
move by INSERT, whose rows are logged; an UPDATE of 20 million rows did not fit into 256 MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations.duckdb_rebuild import rebuild
from tidegate.destinations.duckdb_sql import (
    added_columns,
    column_type,
    comment_on_column,
    create_table,
    quote,
)
from tidegate.destinations.duckdb_tables import Surroundings, held_table, surroundings
from tidegate.destinations.exceptions import DestinationError, SchemaChangeError
from tidegate.destinations.schema_diff import Change, differences, told, without_lengths
from tidegate.utils.columns import Column

if TYPE_CHECKING:
    import duckdb

_NUMBERS = {"int", "decimal", "float"}


def changes_of(connection: duckdb.DuckDBPyConnection | None, table: Table[Any]) -> list[Change]:
    """What would have to change, without a connection for a file that is not there yet; empty where the
    table fits. Raises `DestinationError` for a view.
    """
    held = None if connection is None else held_table(connection, table.name)
    return differences(
        table, [without_lengths(column) for column in table.columns], added_columns(table), held
    )


def check_safe(connection: duckdb.DuckDBPyConnection, table: Table[Any], changes: Sequence[Change]) -> None:
    """Raise where a run may not make these changes by itself, or something else on the table bars them."""
    refuse_unsafe(table, changes)
    if not all(change.kind == "create" or _is_harmless(change, table) for change in changes):
        _check_free(table, surroundings(connection, table.name))


def refuse_unsafe(table: Table[Any], changes: Sequence[Change]) -> None:
    """Raise `SchemaChangeError` that names all the changes that a run may not make by itself."""
    refused = [change for change in changes if not change.safe]
    if refused:
        raise SchemaChangeError(
            f"table {table.name} does not fit {table.model.__name__}: "
            + "; ".join(change.text for change in refused),
            allow=tuple(dict.fromkeys(change.kind for change in refused)),
        )


def fit(connection: duckdb.DuckDBPyConnection, table: Table[Any], at: datetime) -> tuple[str, ...]:
    """Inside of a transaction: make the table, or make the safe changes to it, and say which.

    A table that is new says nothing. Raises as `check_safe`; then nothing has been done.
    """
    changes = changes_of(connection, table)
    check_safe(connection, table, changes)
    done = make(connection, table, changes, at)
    return () if changes and changes[0].kind == "create" else done


def make(
    connection: duckdb.DuckDBPyConnection, table: Table[Any], changes: Sequence[Change], at: datetime
) -> tuple[str, ...]:
    """Inside of a transaction: make all of these changes, and say what was done.

    Where one of them is not safe the table is kept as it was, named after the time `at`. Raises
    `DestinationError` where a value would be lost, or something else on the table is in the way.
    """
    done = told(changes)
    if changes and changes[0].kind == "create":
        for statement in create_table(table.name, (*table.columns, *added_columns(table))):
            connection.execute(statement)
    elif all(_is_harmless(change, table) for change in changes):
        for change in changes:
            _alter(connection, table, change)
    else:
        around = surroundings(connection, table.name)
        _check_free(table, around)
        with _without_indexes(connection, around):
            if all(_is_in_place(change, table, around) for change in changes):
                for change in changes:
                    _alter(connection, table, change)
                return done
            kept = rebuild(connection, table, changes, around.comment, at)
        if not all(change.safe for change in changes):
            return (*done, f"the table as it was is kept as {kept}")
        connection.execute(f"DROP TABLE {quote(kept)}")
    return done


def _check_free(table: Table[Any], around: Surroundings) -> None:
    if around.constraints:
        raise DestinationError(
            f"table {table.name} cannot be changed because of constraints on it:"
            f" {'; '.join(around.constraints)}",
            hint="drop them first (tidegate makes none but NOT NULL), or write to another table",
        )


@contextmanager
def _without_indexes(connection: duckdb.DuckDBPyConnection, around: Surroundings) -> Iterator[None]:
    """DuckDB changes no table that has indexes: they are made again after the change."""
    import duckdb

    for name, _ in around.indexes:
        connection.execute(f"DROP INDEX {quote(name)}")
    yield
    for name, statement in around.indexes:
        try:
            connection.execute(statement)
        except duckdb.Error as error:
            raise DestinationError(
                f"index {name} cannot be made again after the change: {str(error).splitlines()[0]}",
                hint=f"nothing was changed; drop the index first: DROP INDEX {quote(name)}",
            ) from error


def _column(table: Table[Any], name: str) -> Column | None:
    """None for a column of tidegate's own that is out of use."""
    return next((each for each in (*table.columns, *added_columns(table)) if each.name == name), None)


def _is_harmless(change: Change, table: Table[Any]) -> bool:
    """Whether an ALTER does it, and neither indexes nor constraints are in its way. A list that is added has
    to be empty in older rows, not null, and that is a value.
    """
    if len(change.path) != 1 or change.kind not in {"add", "describe"}:
        return False
    wanted = _column(table, change.path[0])
    return change.kind == "describe" or (wanted is not None and not wanted.repeated)


def _is_in_place(change: Change, table: Table[Any], around: Surroundings) -> bool:
    """Whether an ALTER does it. For a new type it counts an index even if this transaction has dropped it."""
    if len(change.path) != 1 or change.kind not in {"widen", "relax"}:
        return _is_harmless(change, table)
    wanted = _column(table, change.path[0])
    is_number = wanted is not None and wanted.kind in _NUMBERS and not wanted.repeated
    return change.kind == "relax" or (is_number and not around.indexes)


def _alter(connection: duckdb.DuckDBPyConnection, table: Table[Any], change: Change) -> None:
    target, name, wanted = quote(table.name), quote(change.path[0]), _column(table, change.path[0])
    if wanted is None or change.kind == "relax":
        connection.execute(f"ALTER TABLE {target} ALTER COLUMN {name} DROP NOT NULL")
        return
    if change.kind == "widen":
        connection.execute(f"ALTER TABLE {target} ALTER COLUMN {name} TYPE {column_type(wanted)}")
    if change.kind == "add":
        connection.execute(f"ALTER TABLE {target} ADD COLUMN {name} {column_type(wanted)}")
    if change.kind in {"add", "describe"} and wanted.description:
        connection.execute(comment_on_column(table.name, wanted))
