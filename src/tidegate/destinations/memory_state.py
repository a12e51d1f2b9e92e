"""What a destination in memory holds, and how a table in it follows its contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tidegate.contracts.table import RESERVED_PREFIX, Table
from tidegate.destinations.base import Commit, CursorRow, Landed
from tidegate.destinations.duckdb_sql import added_columns
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.destinations.schema_diff import Change, HeldTable, as_held, differences, without_lengths
from tidegate.utils.columns import Column

Row = dict[str, Any]


@dataclass(frozen=True)
class HeldRows:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class StateCursor:
    row: CursorRow
    commit: Commit | None  # the last of the task


@dataclass(frozen=True)
class Done:
    commit: Commit
    landed: Landed
    at: datetime


@dataclass(frozen=True)
class State:
    """All that the destination holds. Never changed: a commit makes a new one, which takes its place."""

    tables: dict[str, HeldRows] = field(default_factory=dict)
    cursors: dict[str, StateCursor] = field(default_factory=dict)
    done: dict[str, Done] = field(default_factory=dict)
    quarantine: tuple[QuarantinedRow, ...] = ()

    def with_table(self, name: str, held: HeldRows) -> State:
        return replace(self, tables={**self.tables, name.lower(): held})


def lacks(state: State, table: Table[Any]) -> list[Change]:
    held = state.tables.get(table.name.lower())
    found = None if held is None else HeldTable(tuple(as_held(column) for column in held.columns))
    wanted = [without_lengths(column) for column in table.columns]
    return differences(table, wanted, added_columns(table), found)


def changed(state: State, table: Table[Any]) -> State:
    """The table with the columns that the contract asks for, and its rows with them."""
    held = state.tables.get(table.name.lower(), HeldRows(()))
    before = {column.name.lower(): column for column in held.columns}
    wanted = [*(without_lengths(column) for column in table.columns), *added_columns(table)]
    columns = []
    for column in wanted:
        found = before.pop(column.name.lower(), None)
        is_null = bool(held.rows) and (found is None or found.nullable)
        description = column.description or (found.description if found else None)
        columns.append(replace(column, nullable=column.nullable or is_null, description=description))
    unused = [
        replace(each, nullable=True) for name, each in before.items() if name.startswith(RESERVED_PREFIX)
    ]
    columns.extend(unused)
    rows = tuple(_as_record(row, columns) for row in held.rows)
    return state.with_table(table.name, HeldRows(tuple(columns), rows))


def _as_record(value: Row, columns: Sequence[Column]) -> Row:
    given = {name.lower(): each for name, each in value.items()}
    return {column.name: _as(given.get(column.name.lower()), column) for column in columns}


def _as(value: Any, column: Column) -> Any:
    """A value of a narrower type as one of the column."""
    if column.repeated:
        return [_as(item, replace(column, repeated=False)) for item in value or []]
    if value is None:
        return None
    if column.kind == "record":
        return _as_record(value, column.fields)
    if column.kind == "decimal":
        return Decimal(value)
    return int(value) if column.kind == "int" else value
