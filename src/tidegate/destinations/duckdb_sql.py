"""SQL for DuckDB, built from the columns of a contract."""

# ruff: noqa: S608  names are quoted by `quote`, and values are parameters

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.contracts.table import LOADED_AT_COLUMN, RUN_COLUMN, WINDOW_COLUMN, Table
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.schemas import Column, Kind

MAX_DIGITS = 38

KEPT = "_tidegate_kept"  # the table of a merge's rows that go in

_TYPES: dict[Kind, str] = {
    "string": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "datetime": "TIMESTAMP",
    "date": "DATE",
    "time": "TIME",
    "bytes": "BLOB",
    "json": "JSON",
}

# `number` orders the commits of a file; `windows` are those that a commit replaced.
OWN_TABLES = """
CREATE TABLE IF NOT EXISTS _tidegate_commits (
    commit_id VARCHAR PRIMARY KEY, run_id VARCHAR NOT NULL, task VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL, loaded BIGINT NOT NULL, superseded BIGINT NOT NULL,
    committed_at TIMESTAMPTZ NOT NULL
);
ALTER TABLE _tidegate_commits ADD COLUMN IF NOT EXISTS number BIGINT DEFAULT 0;
ALTER TABLE _tidegate_commits ADD COLUMN IF NOT EXISTS quarantined BIGINT DEFAULT 0;
ALTER TABLE _tidegate_commits ADD COLUMN IF NOT EXISTS windows DATE[];
ALTER TABLE _tidegate_commits ADD COLUMN IF NOT EXISTS deleted BIGINT DEFAULT 0;
CREATE TABLE IF NOT EXISTS _tidegate_cursors (
    task VARCHAR PRIMARY KEY, version BIGINT NOT NULL, value TIMESTAMPTZ, commit_id VARCHAR NOT NULL,
    committed_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _tidegate_slice_cursors (
    task VARCHAR, slice VARCHAR, value TIMESTAMPTZ NOT NULL, PRIMARY KEY (task, slice)
);
"""


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(names: Iterable[str]) -> str:
    return ", ".join(quote(name) for name in names)


def column_type(column: Column) -> str:
    """The DuckDB type of a column. Raises `DestinationError` for a decimal of more than 38 digits."""
    if column.kind == "record":
        fields = ", ".join(f"{quote(field.name)} {column_type(field)}" for field in column.fields)
        item = f"STRUCT({fields})"
    elif column.kind == "decimal":
        if (column.precision or 0) > MAX_DIGITS:
            raise DestinationError(
                f"column {column.name}: {column.precision} digits, and DuckDB holds {MAX_DIGITS}",
                hint="lower max_digits in the write contract, or write the number as str",
            )
        item = f"DECIMAL({column.precision}, {column.scale})"
    else:
        item = _TYPES[column.kind]
    return f"{item}[]" if column.repeated else item


def added_columns(table: Table[Any]) -> tuple[Column, ...]:
    """The columns that tidegate adds to those of the contract."""
    own = (Column(RUN_COLUMN, "string"), Column(LOADED_AT_COLUMN, "timestamp"))
    return (*own, Column(WINDOW_COLUMN, "date")) if table.write == "replace_windows" else own


def create_table(name: str, columns: Sequence[Column]) -> Iterator[str]:
    """The statements that make an empty table, with the descriptions as comments."""
    lines = (f"{quote(c.name)} {column_type(c)}{'' if c.nullable else ' NOT NULL'}" for c in columns)
    yield f"CREATE TABLE {quote(name)} ({', '.join(lines)})"
    yield from (comment_on_column(name, column) for column in columns if column.description)


def comment_on_column(table: str, column: Column) -> str:
    description = literal(column.description or "")
    return f"COMMENT ON COLUMN {quote(table)}.{quote(column.name)} IS {description}"


def select_all(table: str) -> str:
    return f"SELECT * FROM {quote(table)}"


def count_rows(table: str) -> str:
    return f"SELECT count(*) FROM {quote(table)}"


def delete_all(table: str) -> str:
    return f"DELETE FROM {quote(table)}"


def delete_run(table: str) -> str:
    """Takes the run id as its parameter."""
    return f"DELETE FROM {quote(table)} WHERE {quote(RUN_COLUMN)} = ?"


def delete_windows(table: str) -> str:
    """Takes the list of windows as its parameter."""
    return f"DELETE FROM {quote(table)} WHERE {quote(WINDOW_COLUMN)} IN (SELECT unnest(?::DATE[]))"


def delete_where(table: str, condition: str) -> str:
    """The condition calls a row `t`."""
    return f"DELETE FROM {quote(table)} AS t WHERE {condition}"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def insert(table: Table[Any], source: str) -> str:
    """Rows of `source` into the table; takes the run id and the time of loading as parameters."""
    given = table.columns
    targets = [c.name for c in (*given, *added_columns(table))]
    values = [from_arrow(column) for column in given]
    values += ["?", "?::TIMESTAMPTZ"]
    if table.write == "replace_windows":
        values.append(quote(WINDOW_COLUMN))
    return f"INSERT INTO {quote(table.name)} ({_list(targets)}) SELECT {', '.join(values)} FROM {source}"


def from_arrow(column: Column) -> str:
    """The column as it comes from Arrow, which carries JSON as text, inside of a record too."""
    return f"{quote(column.name)}::{column_type(column)}" if _holds_json(column) else quote(column.name)


def _holds_json(column: Column) -> bool:
    return column.kind == "json" or any(_holds_json(field) for field in column.fields)


@dataclass(frozen=True, slots=True)
class MergeStatements:
    """The steps of a merge, in this order; `columns` are those of the source that decide. `vanished` is no
    step but a condition: that the key of a row `t` of the table has not come. It holds before `drop_older`.
    """

    columns: tuple[str, ...]
    keep_newest: str
    vanished: str
    drop_older: str
    delete_replaced: str
    count_kept: str
    only_kept: str
    clean_up: str


def merge_statements(
    table: Table[Any], source: str, ordinal: str, later_runs: str | None = None
) -> MergeStatements:
    """Of the rows of `source`, decide by keys, version and ordinal which ones replace those of the table.

    A row of the table that is of one of `later_runs` (a table of run ids) is replaced by a newer one only.
    """
    target, order, key = quote(table.name), quote(ordinal), _list(table.key)
    same = " AND ".join(f"t.{quote(name)} = k.{quote(name)}" for name in table.key)
    newest, older, newer, columns = f"{order} DESC", "false", "false", table.key
    if table.version is not None:
        version = quote(table.version)
        columns = tuple(dict.fromkeys((*table.key, table.version)))
        newest = f"{version} DESC NULLS LAST, {newest}"
        # A row without a version is older than any that has one; of equals the row of this run stays.
        older = f"(t.{version} IS NOT NULL AND (k.{version} IS NULL OR k.{version} < t.{version}))"
        newer = f"(k.{version} IS NOT NULL AND (t.{version} IS NULL OR k.{version} > t.{version}))"
    if later_runs is not None:
        later = f"t.{quote(RUN_COLUMN)} IN (SELECT run_id FROM {later_runs})"
        older = f"({older} OR ({later} AND NOT {newer}))"
    return MergeStatements(
        columns=columns,
        keep_newest=f"CREATE TEMP TABLE {KEPT} AS SELECT {_list(columns)}, {order} FROM {source} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {newest}) = 1",
        vanished=f"NOT EXISTS (SELECT 1 FROM {KEPT} k WHERE {same})",
        drop_older=f"DELETE FROM {KEPT} k USING {target} t WHERE {same} AND {older}",
        delete_replaced=f"DELETE FROM {target} t USING {KEPT} k WHERE {same}",
        count_kept=f"SELECT count(*) FROM {KEPT}",
        only_kept=f" SEMI JOIN {KEPT} USING ({order})",
        clean_up=f"DROP TABLE {KEPT}",
    )
