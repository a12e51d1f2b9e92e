"""What a DuckDB file holds: tables, their columns, and what else hangs on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tidegate.destinations.duckdb_sql import quote
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.schema_diff import Held, HeldTable
from tidegate.utils.columns import Kind

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType


def one(connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any] = ()) -> Any:
    """The first row that a statement gives, or None.

    Fetches all of them: DuckDB refuses some calls on a connection whose last result is not read to its end.
    """
    rows = connection.execute(statement, list(values)).fetchall()
    return rows[0] if rows else None


# Of the file itself: not of temporary tables, nor of another file that is attached.
_HERE = "database_name = current_database() AND schema_name = 'main'"
_COLUMNS = f"""
SELECT column_name, is_nullable, comment, table_name FROM duckdb_columns()
WHERE lower(table_name) = lower(?) AND {_HERE} ORDER BY column_index
"""  # noqa: S608  a condition of our own
_VIEW = f"SELECT comment FROM duckdb_views() WHERE lower(view_name) = lower(?) AND {_HERE}"  # noqa: S608
_COMMENT = f"SELECT comment FROM duckdb_tables() WHERE lower(table_name) = lower(?) AND {_HERE}"  # noqa: S608
_INDEXES = f"""
SELECT index_name, sql FROM duckdb_indexes()
WHERE lower(table_name) = lower(?) AND sql IS NOT NULL AND {_HERE} ORDER BY index_name
"""  # noqa: S608
_CONSTRAINTS = f"""
SELECT table_name || ': ' || constraint_text FROM duckdb_constraints()
WHERE constraint_type <> 'NOT NULL' AND {_HERE}
AND lower(?) IN (lower(table_name), lower(referenced_table)) ORDER BY 1
"""  # noqa: S608
_VIEWS = f"""
SELECT view_name, comment FROM duckdb_views()
WHERE NOT internal AND contains(lower(sql), lower(?)) AND {_HERE} ORDER BY view_name
"""  # noqa: S608

# How the comment of a view of tidegate's own ends.
VIEW_MARK = re.compile(r"tidegate view (?P<fingerprint>[0-9a-f]{32})")

# By DuckDB's own word for a type; those of other contracts' kinds stand behind the first ten.
_KINDS: dict[str, tuple[Kind, bool]] = {
    "VARCHAR": ("string", True),
    "BIGINT": ("int", True),
    "DOUBLE": ("float", True),
    "BOOLEAN": ("bool", True),
    "TIMESTAMP WITH TIME ZONE": ("timestamp", True),
    "TIMESTAMP": ("datetime", True),
    "DATE": ("date", True),
    "TIME": ("time", True),
    "BLOB": ("bytes", True),
    "JSON": ("json", True),
    "UUID": ("string", False),
    "FLOAT": ("float", False),
    "TIMESTAMP_S": ("datetime", False),
    "TIMESTAMP_MS": ("datetime", False),
}
# The digits of the longest number.
_WHOLE_NUMBERS = {
    "TINYINT": 3, "UTINYINT": 3, "SMALLINT": 5, "USMALLINT": 5, "INTEGER": 10, "UINTEGER": 10,
    "UBIGINT": 20, "HUGEINT": 39, "UHUGEINT": 39,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What hangs on a table. `constraints` are those that DuckDB keeps columns from being changed for."""

    comment: str | None
    indexes: tuple[tuple[str, str], ...]  # name, and the statement that makes it
    constraints: tuple[str, ...]


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a table or view of this name, whatever its case."""
    return one(connection, _COLUMNS, [name]) is not None


def column_values(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[Any]:
    """The values of a column of a table or view, each once, in order, nulls left out."""
    import duckdb

    name = quote(column)
    try:
        found = connection.execute(
            f"SELECT DISTINCT {name} FROM {quote(table)} WHERE {name} IS NOT NULL ORDER BY 1"  # noqa: S608 - quoted
        )
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        missing = "table" if isinstance(error, duckdb.CatalogException) else f"column {column} in table"
        raise DestinationError(f"no {missing} {table}", hint="has it been loaded yet?") from None
    return [value for (value,) in found.fetchall()]


def held_table(connection: duckdb.DuckDBPyConnection, name: str) -> HeldTable | None:
    """The table of this name, whatever its case. Raises `DestinationError` where it is a view."""
    if view_comment(connection, name)[0]:
        raise DestinationError(
            f"{name} is a view, and rows go into tables",
            hint="name another table in the contract, or drop the view",
        )
    rows = connection.execute(_COLUMNS, [name]).fetchall()
    if not rows:
        return None
    types = connection.table(quote(rows[0][3])).types
    return HeldTable(
        tuple(
            held_type(column, kind, nullable=nullable, description=comment)
            for (column, nullable, comment, _), kind in zip(rows, types, strict=True)
        )
    )


def held_type(
    name: str, kind: DuckDBPyType, *, nullable: bool = True, description: str | None = None
) -> Held:
    """A column of this DuckDB type. What lies in a record is always nullable."""
    repeated = kind.id == "list"
    item = _children(kind)["child"] if repeated else kind
    neutral, exact, precision, scale = _neutral(item)
    children = _children(item).items() if item.id == "struct" else ()
    fields = tuple(held_type(field, of) for field, of in children)
    return Held(
        name,
        str(kind),
        neutral,
        nullable=nullable,
        repeated=repeated,
        precision=precision,
        scale=scale,
        fields=fields,
        description=description,
        exact=exact,
    )


def _neutral(item: DuckDBPyType) -> tuple[Kind | None, bool, int | None, int | None]:
    """Kind, whether it is exactly the one of a contract, precision and scale."""
    text = str(item)
    if item.id == "struct":
        return "record", True, None, None
    if item.id == "decimal":
        digits = _children(item)
        return "decimal", True, digits["precision"], digits["scale"]
    if text in _WHOLE_NUMBERS:
        return "decimal", False, _WHOLE_NUMBERS[text], 0
    return (*_KINDS.get(text, (None, True)), None, None)


def _children(kind: DuckDBPyType) -> dict[str, Any]:
    """Types by name, and of a decimal its digits."""
    return dict(kind.children)


def surroundings(connection: duckdb.DuckDBPyConnection, name: str) -> Surroundings:
    (comment,) = one(connection, _COMMENT, [name])
    return Surroundings(
        comment,
        tuple(connection.execute(_INDEXES, [name]).fetchall()),
        tuple(text for (text,) in connection.execute(_CONSTRAINTS, [name]).fetchall()),
    )


def view_comment(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[bool, str | None]:
    """Whether there is a view of this name, whatever its case, and what it is marked with."""
    found = one(connection, _VIEW, [name])
    return (False, None) if found is None else (True, found[0])


def is_own_view(comment: str | None) -> bool:
    """Whether tidegate made the view that has this comment."""
    return VIEW_MARK.search(comment or "") is not None


def working_views(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The views whose text names the table, and that can be read. Not for use inside of a transaction.

    Those that tidegate made are none of them: they are made anew of what the table is then.
    """
    import duckdb

    working = []
    for view, comment in connection.execute(_VIEWS, [name]).fetchall():
        if is_own_view(comment):
            continue
        with suppress(duckdb.Error):
            connection.execute(f"DESCRIBE SELECT * FROM {quote(view)}").fetchall()  # noqa: S608
            working.append(view)
    return working


def check_views(connection: duckdb.DuckDBPyConnection, views: Iterable[str]) -> None:
    """Raise `DestinationError` for a view that can be read no more; the transaction is aborted then."""
    import duckdb

    for view in views:
        try:
            connection.execute(f"DESCRIBE SELECT * FROM {quote(view)}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise DestinationError(
                f"view {view} could not be read after the change: {str(error).splitlines()[0]}",
                hint="nothing was changed; change or drop the view first",
            ) from error
