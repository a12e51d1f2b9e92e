"""`schema show`: the schema of a task's table, as its destination or the reader of its rows takes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tidegate.app.options import SchemaFormat
from tidegate.contracts.table import Table
from tidegate.destinations.duckdb_sql import added_columns, create_table
from tidegate.engine.tasks import Task
from tidegate.utils.columns import Column
from tidegate.utils.schemas import arrow_schema, bigquery_fields, json_schema


def show_schema(tasks: Sequence[Task[Any, Any, Any]], wanted: SchemaFormat, *, one: bool) -> None:
    """Print the schemas of the tables, tidegate's own columns included.

    JSON is the schema itself where `one` is asked for, what `bq mk --schema` takes for BigQuery; of several
    it is an object with the name of each table.
    """
    tables = {task.into.name: task.into for task in tasks}
    if wanted in (SchemaFormat.BIGQUERY, SchemaFormat.JSON):
        schemas = {name: _AS_JSON[wanted](table) for name, table in tables.items()}
        shown: Any = next(iter(schemas.values())) if one else schemas
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    write = _duckdb if wanted is SchemaFormat.DUCKDB else _arrow
    sys.stdout.write("\n\n".join(write(table) for table in tables.values()) + "\n")


def _columns(table: Table[Any]) -> tuple[Column, ...]:
    return (*table.columns, *added_columns(table))


def _duckdb(table: Table[Any]) -> str:
    return "\n".join(f"{statement};" for statement in create_table(table.name, _columns(table)))


def _arrow(table: Table[Any]) -> str:
    return f"{table.name}\n{arrow_schema(_columns(table)).to_string()}"


_AS_JSON: dict[SchemaFormat, Callable[[Table[Any]], Any]] = {
    SchemaFormat.BIGQUERY: lambda table: bigquery_fields(_columns(table)),
    SchemaFormat.JSON: lambda table: json_schema(_columns(table), table.name),
}
