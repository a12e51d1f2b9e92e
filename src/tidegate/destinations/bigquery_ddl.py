"""Types as BigQuery's SQL spells them."""

from __future__ import annotations

from dataclasses import replace

from tidegate.destinations.bigquery_jobs import quote
from tidegate.utils.bigquery_schema import bigquery_fields
from tidegate.utils.columns import Column


def column_type(column: Column) -> str:
    """With its length or digits: `NUMERIC(12, 2)`, `STRING(20)`."""
    if column.kind == "decimal" and not column.repeated:
        return f"{plain_type(column)}({column.precision}, {column.scale})"
    if column.max_length is not None and not column.repeated:
        return f"{plain_type(column)}({column.max_length})"
    return plain_type(column)


def plain_type(column: Column) -> str:
    """Without them, as a cast takes it: `NUMERIC`, ``ARRAY<STRUCT<`sku` STRING>>``."""
    if column.repeated:
        return f"ARRAY<{plain_type(replace(column, repeated=False))}>"
    if column.kind == "record":
        inside = ", ".join(f"{quote(field.name)} {plain_type(field)}" for field in column.fields)
        return f"STRUCT<{inside}>"
    (field,) = bigquery_fields([column])
    return str(field["type"])
