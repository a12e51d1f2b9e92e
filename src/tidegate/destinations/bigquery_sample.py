"""Rows of a table, for a person to look at or as a list of what to ask for. They are listed, which is free,
not queried.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session
from tidegate.destinations.exceptions import DestinationError

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField


def first_rows(session: Session, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    from google.api_core.exceptions import NotFound

    with session.about(table):
        try:
            listed = session.client.list_rows(
                session.id_of(table), max_results=rows, retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
        except NotFound:
            raise DestinationError(
                f"{session.place.label}: no table {table}", hint="has it been loaded yet?"
            ) from None
        fields = list(listed.schema)
        found = [
            tuple(_plain(value, field) for value, field in zip(row.values(), fields, strict=True))
            for row in listed
        ]
    return [field.name for field in fields], found


def column_values(session: Session, table: str, column: str) -> list[Any]:
    """The values of a column, each once, in order, nulls left out."""
    from google.api_core.exceptions import NotFound

    with session.about(table):
        try:
            held = session.client.get_table(
                session.id_of(table), retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
        except NotFound:
            raise DestinationError(
                f"{session.place.label}: no table {table}", hint="has it been loaded yet?"
            ) from None
        fields = [field for field in held.schema if field.name.lower() == column.lower()]
        if not fields:
            raise DestinationError(f"{session.place.label}: no column {column} in table {table}")
        listed = session.client.list_rows(
            held, selected_fields=fields, retry=session.retry, timeout=REQUEST_TIMEOUT_S
        )
        return sorted({value for (value,) in (row.values() for row in listed) if value is not None})


def _plain(value: Any, field: SchemaField) -> Any:
    """JSON as its text, as every destination gives it; Google's client has parsed it."""
    if field.mode == "REPEATED":
        return [_item(each, field) for each in value]
    return _item(value, field)


def _item(value: Any, field: SchemaField) -> Any:
    if value is None:
        return None
    if field.field_type == "JSON":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if field.field_type in {"RECORD", "STRUCT"}:
        return {each.name: _plain(value[each.name], each) for each in field.fields}
    return value
