"""The schema that a patch gives a table: that of the table, with what the contract adds to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations.bigquery_sql import added_columns
from tidegate.destinations.schema_diff import Change
from tidegate.utils.bigquery_schema import bigquery_fields
from tidegate.utils.columns import Column

if TYPE_CHECKING:
    from google.cloud.bigquery import Table as BigQueryTable

Field = dict[str, Any]

_OF_FIELDS = {"add", "adopt", "relax", "describe"}


def patched(
    table: Table[Any], found: BigQueryTable, changes: Sequence[Change]
) -> tuple[BigQueryTable, list[str]]:
    """The table as found, with these changes made, and the names of what a patch has to send.

    It keeps the ETag of what was found. A wider type is no part of it. Labels of others stay.
    """
    from google.cloud.bigquery import SchemaField
    from google.cloud.bigquery import Table as BigQueryTable

    wanted = BigQueryTable.from_api_repr(found.to_api_repr())
    sent = []
    if any(change.kind in _OF_FIELDS for change in changes):
        fields = [field.to_api_repr() for field in found.schema]
        _change(fields, (*table.columns, *added_columns(table)), changes, ())
        wanted.schema = [SchemaField.from_api_repr(field) for field in fields]
        sent.append("schema")
    if any(change.kind == "cluster" for change in changes):
        wanted.clustering_fields = list(table.cluster_by) or None
        sent.append("clustering_fields")
    if {**found.labels, **table.labels} != found.labels:
        wanted.labels = {**found.labels, **table.labels}
        sent.append("labels")
    return wanted, sent


def _change(
    fields: list[Field], columns: Iterable[Column], changes: Sequence[Change], path: tuple[str, ...]
) -> None:
    """Change the fields in place, those inside of records too."""
    by_name = {column.name.lower(): column for column in columns}
    for field in fields:
        column = by_name.pop(field["name"].lower(), None)
        place = (*path, column.name if column else field["name"])
        kinds = {change.kind for change in changes if change.path == place}
        if "relax" in kinds:
            field["mode"] = "NULLABLE"
        if column is not None and "describe" in kinds:
            field["description"] = column.description
        if column is not None and field.get("fields"):
            _change(field["fields"], column.fields, changes, place)
    added = [column for column in by_name.values() if _is_added(changes, (*path, column.name))]
    fields.extend(_nullable(field) for field in bigquery_fields(added))


def _is_added(changes: Sequence[Change], place: tuple[str, ...]) -> bool:
    return any(change.kind in {"add", "adopt"} and change.path == place for change in changes)


def _nullable(field: Field) -> Field:
    """Rows that are there have no value for it: BigQuery adds no REQUIRED column to a table."""
    return {**field, "mode": "NULLABLE"} if field["mode"] == "REQUIRED" else field
