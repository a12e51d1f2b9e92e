"""Schemas that are derived from a write contract: neutral columns, BigQuery, Arrow, JSON schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tidegate.utils.annotations import walk
from tidegate.utils.bigquery_schema import bigquery_fields, schema_fields
from tidegate.utils.columns import Column, Kind, SchemaError
from tidegate.utils.json_schema import json_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import SchemaField

__all__ = [
    "Column",
    "Kind",
    "SchemaError",
    "arrow_item_type",
    "arrow_schema",
    "arrow_type",
    "bigquery_fields",
    "columns_of",
    "json_schema",
    "pydantic_to_arrow_schema",
    "pydantic_to_bigquery_schema",
    "pydantic_to_json_schema",
]

_MAX_DECIMAL128 = 38


def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns that hold the rows of a model, in the order of its fields, computed fields last.

    Required means not Optional, with or without a default. Fields with `exclude=True` are no columns.
    Raises `SchemaError` for what no column can carry faithfully.
    """
    return walk(model)


def pydantic_to_arrow_schema(model: type[BaseModel]) -> pa.Schema:
    """The Arrow schema of a model's rows; JSON columns are strings of JSON text. Raises `SchemaError`."""
    return arrow_schema(columns_of(model))


def pydantic_to_bigquery_schema(model: type[BaseModel]) -> list[SchemaField]:
    """The schema of a table of a model's rows, for Google's client.

    `bigquery_fields(columns_of(model))` gives it as plain dictionaries. Raises `SchemaError`, and
    `SettingsError` where the extra `bigquery` is not installed.
    """
    return schema_fields(columns_of(model))


def pydantic_to_json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a model's rows as the warehouse holds them. Raises `SchemaError`."""
    return json_schema(columns_of(model), model.__name__)


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([_arrow_field(column) for column in columns])


def _arrow_field(column: Column) -> pa.Field[pa.DataType]:
    import pyarrow as pa

    return pa.field(column.name, arrow_type(column), nullable=column.nullable)


def arrow_type(column: Column) -> pa.DataType:
    """The type of a whole column: a list where it is repeated."""
    import pyarrow as pa

    item = arrow_item_type(column)
    # Parquet calls the item "element": a schema that comes back from a file is then equal to this one.
    return pa.list_(pa.field("element", item, nullable=False)) if column.repeated else item


def arrow_item_type(column: Column) -> pa.DataType:
    """The type of one value: of an item of the list where the column is repeated."""
    import pyarrow as pa

    if column.kind == "record":
        return pa.struct([_arrow_field(field) for field in column.fields])
    if column.kind == "decimal":
        precision, scale = column.precision or 0, column.scale or 0
        wide = precision > _MAX_DECIMAL128
        return pa.decimal256(precision, scale) if wide else pa.decimal128(precision, scale)
    plain: dict[Kind, pa.DataType] = {
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "datetime": pa.timestamp("us"),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "bytes": pa.binary(),
        "json": pa.string(),
    }
    return plain[column.kind]
