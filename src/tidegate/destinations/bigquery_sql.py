"""SQL for BigQuery, built from the columns of a contract."""

# ruff: noqa: S608  names are quoted by `quote`, and values are parameters

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tidegate.contracts.table import LOADED_AT_COLUMN, RUN_COLUMN, WINDOW_COLUMN, Table
from tidegate.destinations.bigquery_jobs import quote
from tidegate.destinations.schema_diff import Held
from tidegate.utils.columns import Column

ORDINAL = "_tidegate_ordinal"  # the position of a row in the order of fetching, from 1
KEPT = "_tidegate_kept"  # the temporary table of a merge's rows that go in


def names_of(columns: Sequence[str]) -> str:
    return ", ".join(quote(name) for name in columns)


def added_columns(table: Table[Any]) -> tuple[Column, ...]:
    """The columns that tidegate adds to those of the contract."""
    own = (Column(RUN_COLUMN, "string"), Column(LOADED_AT_COLUMN, "timestamp"))
    return (*own, Column(WINDOW_COLUMN, "date")) if table.write == "replace_windows" else own


def staged_column(column: Column) -> Column:
    """As Parquet brings it: it cannot load JSON, which comes as its text."""
    kind = "string" if column.kind == "json" else column.kind
    return replace(column, kind=kind, fields=tuple(staged_column(field) for field in column.fields))


def staged_columns(table: Table[Any], *, numbered: bool) -> tuple[Column, ...]:
    own = [Column(WINDOW_COLUMN, "date")] if table.write == "replace_windows" else []
    own += [Column(ORDINAL, "int")] if numbered else []
    return tuple(staged_column(column) for column in (*table.columns, *own))


def from_staged(column: Column, value: str, level: int = 0) -> str:
    """The value of a staged column as one of the table's type, field by field. A list keeps its order."""
    if column.kind not in {"json", "record"}:
        return value
    if column.repeated:
        each, place = f"_v{level}", f"_o{level}"
        inside = from_staged(replace(column, repeated=False), each, level + 1)
        source = f"UNNEST({value}) AS {each} WITH OFFSET AS {place}"
        return f"ARRAY(SELECT {inside} FROM {source} ORDER BY {place})"
    if column.kind == "json":
        return f"PARSE_JSON({value}, wide_number_mode=>'round')"
    parts = (
        f"{from_staged(field, f'{value}.{quote(field.name)}', level)} AS {quote(field.name)}"
        for field in column.fields
    )
    return f"IF({value} IS NULL, NULL, STRUCT({', '.join(parts)}))"


def arranged(columns: Iterable[Column], held: Iterable[Held]) -> tuple[Column, ...]:
    """The columns with the fields of their records in the order of the table's, which is another one where
    fields were added to it: BigQuery puts a STRUCT into a column field by field, whatever they are called.
    A field that the table is not seen to have goes last, and BigQuery refuses the record as too wide.
    """
    by_name = {each.name.lower(): each for each in held}

    def one(column: Column) -> Column:
        found = by_name.get(column.name.lower())
        return column if found is None or not column.fields else _arranged_fields(column, found)

    return tuple(map(one, columns))


def _arranged_fields(column: Column, held: Held) -> Column:
    order = {each.name.lower(): number for number, each in enumerate(held.fields)}
    fields = sorted(column.fields, key=lambda field: order.get(field.name.lower(), len(order)))
    return replace(column, fields=arranged(fields, held.fields))


def insert(
    table: Table[Any], target: str, source: str, columns: Sequence[Column], where: str = "TRUE"
) -> str:
    """Rows of `source`, which goes by the name s, into the table; takes @run_id and @loaded_at.

    `columns` are the table's, arranged as it holds them.
    """
    targets = [column.name for column in (*columns, *added_columns(table))]
    values = [from_staged(column, f"s.{quote(column.name)}") for column in columns]
    values += ["@run_id", "@loaded_at"]
    if table.write == "replace_windows":
        values.append(f"s.{quote(WINDOW_COLUMN)}")
    given = f"SELECT {', '.join(values)} FROM {source} AS s WHERE {where}"
    return f"INSERT INTO {target} ({names_of(targets)}) {given}"


def merge(
    table: Table[Any],
    target: str,
    source: str,
    columns: Sequence[Column],
    *,
    later_runs: str | None = None,
    within: str = "TRUE",
) -> Iterator[str]:
    """Of the rows of `source`, decide by keys, version and ordinal which ones take the place of the table's.

    A row of the table, t, that is of one of `later_runs` (an array of run ids) is replaced by a newer one
    only. `within` is a condition on t that every row of the table meets that has a key of the source.
    """
    same = " AND ".join(f"t.{quote(name)} = k.{quote(name)}" for name in table.key)
    judged, newest = list(table.key), f"{quote(ORDINAL)} DESC"
    older, newer = "FALSE", "FALSE"
    if table.version is not None:
        version = quote(table.version)
        judged = list(dict.fromkeys((*table.key, table.version)))
        newest = f"{version} DESC NULLS LAST, {newest}"
        # A row without a version is older than any that has one; of equals the row of this run stays.
        older = f"(t.{version} IS NOT NULL AND (k.{version} IS NULL OR k.{version} < t.{version}))"
        newer = f"(k.{version} IS NOT NULL AND (t.{version} IS NULL OR k.{version} > t.{version}))"
    if later_runs is not None:
        later = f"t.{quote(RUN_COLUMN)} IN UNNEST({later_runs})"
        older = f"({older} OR ({later} AND NOT {newer}))"
    yield (
        f"CREATE TEMP TABLE {KEPT} AS SELECT * FROM"
        f" (SELECT {names_of([*judged, ORDINAL])} FROM {source} AS s WHERE TRUE"
        f" QUALIFY ROW_NUMBER() OVER (PARTITION BY {names_of(table.key)} ORDER BY {newest}) = 1) AS k"
        f" WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {within} AND {same} AND {older})"
    )
    yield f"DELETE FROM {target} AS t WHERE {within} AND EXISTS (SELECT 1 FROM {KEPT} AS k WHERE {same})"
    kept = f"s.{quote(ORDINAL)} IN (SELECT {quote(ORDINAL)} FROM {KEPT})"
    yield insert(table, target, source, columns, kept)


def delete_vanished(table: Table[Any], target: str, source: str | None) -> str:
    """Rows of the table whose key no row of the source has; all of them where there is no source."""
    if source is None:
        return f"DELETE FROM {target} WHERE TRUE"
    same = " AND ".join(f"t.{quote(name)} = s.{quote(name)}" for name in table.key)
    return f"DELETE FROM {target} AS t WHERE NOT EXISTS (SELECT 1 FROM {source} AS s WHERE {same})"
