"""Tables of BigQuery: as a contract asks for them, and as they are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session
from tidegate.destinations.bigquery_sql import added_columns
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.schema_diff import Change, Held, HeldTable, Layout, differences
from tidegate.utils.bigquery_schema import bigquery_fields
from tidegate.utils.columns import Column, Kind

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField
    from google.cloud.bigquery import Table as BigQueryTable

_KINDS: dict[str, Kind] = {
    "STRING": "string",
    "INT64": "int",
    "FLOAT64": "float",
    "BOOL": "bool",
    "NUMERIC": "decimal",
    "BIGNUMERIC": "decimal",
    "TIMESTAMP": "timestamp",
    "DATETIME": "datetime",
    "DATE": "date",
    "TIME": "time",
    "BYTES": "bytes",
    "JSON": "json",
    "STRUCT": "record",
}
# The API has kept the words of legacy SQL.
_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
# Digits, and those of them after the point, of a column without parameters.
_DIGITS = {"NUMERIC": (38, 9), "BIGNUMERIC": (76, 38)}
_MOST_CLUSTER_COLUMNS = 4
_MOST_KEY_COLUMNS = 16
_NOT_CLUSTERED: set[Kind] = {"float", "bytes", "time", "json", "record"}


def check_layout(table: Table[Any]) -> None:
    """Raise `DestinationError` for a clustering that BigQuery refuses."""
    if len(table.cluster_by) > _MOST_CLUSTER_COLUMNS:
        raise DestinationError(
            f"table {table.name}: cluster_by names {len(table.cluster_by)} columns",
            hint=f"BigQuery takes {_MOST_CLUSTER_COLUMNS}: keep those that most queries filter by",
        )
    for column in table.columns:
        if column.name in table.cluster_by and (column.repeated or column.kind in _NOT_CLUSTERED):
            raise DestinationError(
                f"table {table.name}: cluster_by names {column.name}, and BigQuery clusters by no list "
                f"and no {', '.join(sorted(_NOT_CLUSTERED))}",
                hint="name another column in cluster_by",
            )


def resource(session: Session, table: Table[Any], name: str, columns: Iterable[Column]) -> BigQueryTable:
    """The table that the contract asks for, under this name; nothing is made yet."""
    made: dict[str, Any] = {
        "tableReference": {
            "projectId": session.place.project,
            "datasetId": session.place.dataset,
            "tableId": name,
        },
        "schema": {"fields": bigquery_fields(columns)},
        "labels": dict(table.labels),
    }
    partition = partition_of(table)
    if partition is not None:
        made["timePartitioning"] = {"type": "DAY", "field": partition}
    if table.cluster_by:
        made["clustering"] = {"fields": list(table.cluster_by)}
    # Where rows are equal in a key that BigQuery was told of, its queries may give wrong answers.
    if table.write == "merge" and len(table.key) <= _MOST_KEY_COLUMNS:
        made["tableConstraints"] = {"primaryKey": {"columns": list(table.key)}}
    return _table(made)


def partition_of(table: Table[Any]) -> str | None:
    """What the contract asks for, else the window of tables that are written by windows."""
    return table.partition_by or (WINDOW_COLUMN if table.write == "replace_windows" else None)


def own_resource(
    session: Session, name: str, columns: Iterable[Column], *, expires_ms: int | None = None
) -> BigQueryTable:
    """A table of tidegate's own. `expires_ms`, since 1970, is when BigQuery may drop it."""
    made: dict[str, Any] = {
        "tableReference": {
            "projectId": session.place.project,
            "datasetId": session.place.dataset,
            "tableId": name,
        },
        "schema": {"fields": bigquery_fields(columns)},
    }
    if expires_ms is not None:
        made["expirationTime"] = str(expires_ms)
    return _table(made)


def _table(made: dict[str, Any]) -> BigQueryTable:
    from google.cloud.bigquery import Table as BigQueryTable

    found: BigQueryTable = BigQueryTable.from_api_repr(made)
    return found


def found_table(session: Session, name: str) -> BigQueryTable | None:
    """The table of this name, or None. Raises `DestinationError` where it is a view or the like."""
    from google.api_core.exceptions import NotFound

    if not session.exists:
        return None
    with session.about(name):
        try:
            found = session.client.get_table(
                session.id_of(name), retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
        except NotFound:
            return None
    if found.table_type != "TABLE":
        kind = str(found.table_type).lower().replace("_", " ")
        raise DestinationError(
            f"{session.id_of(name)} is a {kind}, and rows go into tables",
            hint=f"name another table in the contract, or drop the {kind}",
        )
    return found


def check_filter(table: Table[Any], found: BigQueryTable | None) -> None:
    """Raise `DestinationError` where BigQuery would refuse what the table's way to write reads or deletes."""
    within = table.partition_immutable or (
        table.write == "replace_windows" and partition_of(table) == WINDOW_COLUMN
    )
    if found is None or not found.require_partition_filter or within or table.write == "append":
        return
    raise DestinationError(
        f"table {table.name} asks for a filter on its partition; write={table.write!r} looks at all of it",
        hint=f"ALTER TABLE `{found.reference}` SET OPTIONS (require_partition_filter = false)",
    )


def held_table(found: BigQueryTable) -> HeldTable:
    return HeldTable(tuple(_held(field) for field in found.schema), _layout(found))


def changes_of(table: Table[Any], found: BigQueryTable | None) -> list[Change]:
    """What would have to change; empty where the table fits."""
    held = None if found is None else held_table(found)
    return differences(table, table.columns, added_columns(table), held)


def _held(field: SchemaField) -> Held:
    spelled = _STANDARD.get(field.field_type, field.field_type)
    precision, scale = field.precision, field.scale
    if precision is None:
        precision, scale = _DIGITS.get(spelled, (None, None))
    return Held(
        field.name,
        spelled,
        _KINDS.get(spelled),
        nullable=field.mode in {"NULLABLE", None},
        repeated=field.mode == "REPEATED",
        precision=precision,
        scale=scale or (0 if precision is not None else None),
        max_length=field.max_length,
        fields=tuple(_held(each) for each in field.fields),
        description=field.description,
    )


def _layout(found: BigQueryTable) -> Layout:
    """A partition by tidegate's own window counts as none: it is harmless whatever the contract asks for."""
    partition = None
    if found.time_partitioning is not None:
        partition = found.time_partitioning.field or "_PARTITIONTIME"
    elif found.range_partitioning is not None:
        partition = found.range_partitioning.field
    if partition == WINDOW_COLUMN:
        partition = None
    return Layout(partition, tuple(found.clustering_fields or ()))
