"""`schema show`: the schema of a task's table, as its destination or the reader of its rows takes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tidegate.app.options import SchemaFormat
from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.destinations.duckdb_sql import added_columns, create_table
from tidegate.destinations.duckdb_views import statements
from tidegate.engine.tasks import Task
from tidegate.utils.columns import Column
from tidegate.utils.schemas import arrow_schema, bigquery_fields, json_schema


def show_schema(
    tasks: Sequence[Task[Any, Any, Any]], views: Sequence[View], wanted: SchemaFormat, *, one: bool
) -> None:
    """Print the schemas of the tables, tidegate's own columns included, and of the views.

    JSON is the schema itself where `one` is asked for, what `bq mk --schema` takes for BigQuery; of several
    it is an object with the name of each table and view.
    """
    given: dict[str, Table[Any] | View] = {task.into.name: task.into for task in tasks}
    given |= {view.name: view for view in views}
    if wanted in (SchemaFormat.BIGQUERY, SchemaFormat.JSON):
        schemas = {name: _AS_JSON[wanted](each) for name, each in given.items()}
        shown: Any = next(iter(schemas.values())) if one else schemas
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    write = _duckdb if wanted is SchemaFormat.DUCKDB else _arrow
    sys.stdout.write("\n\n".join(write(each) for each in given.values()) + "\n")


def _columns(of: Table[Any] | View) -> tuple[Column, ...]:
    return of.columns if isinstance(of, View) else (*of.columns, *added_columns(of))


def _duckdb(of: Table[Any] | View) -> str:
    made = statements(of) if isinstance(of, View) else create_table(of.name, _columns(of))
    return "\n".join(f"{statement};" for statement in made)


def _arrow(of: Table[Any] | View) -> str:
    return f"{of.name}\n{arrow_schema(_columns(of)).to_string()}"


_AS_JSON: dict[SchemaFormat, Callable[[Table[Any] | View], Any]] = {
    SchemaFormat.BIGQUERY: lambda of: bigquery_fields(_columns(of)),
    SchemaFormat.JSON: lambda of: json_schema(_columns(of), of.name),
}
