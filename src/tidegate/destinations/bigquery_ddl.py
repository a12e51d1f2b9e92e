"""Types as BigQuery's SQL spells them."""

from __future__ import annotations

from dataclasses import replace

from tidegate.destinations.bigquery_jobs import quote
from tidegate.utils.bigquery_schema import bigquery_fields
from tidegate.utils.columns import Column


def column_type(column: Column) -> str:
    """With its length or digits: `NUMERIC(12, 2)`, `ARRAY<STRUCT<`sku` STRING>>`."""
    if column.repeated:
        return f"ARRAY<{column_type(replace(column, repeated=False))}>"
    if column.kind == "record":
        inside = ", ".join(f"{quote(field.name)} {column_type(field)}" for field in column.fields)
        return f"STRUCT<{inside}>"
    (field,) = bigquery_fields([column])
    if column.kind == "decimal":
        return f"{field['type']}({column.precision}, {column.scale})"
    return f"{field['type']}({column.max_length})" if column.max_length is not None else str(field["type"])
