"""The schema of a BigQuery table, from the columns of a contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tidegate.utils.columns import Column, Kind
from tidegate.utils.errors import SettingsError

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

_TYPES: dict[Kind, str] = {
    "string": "STRING",
    "int": "INT64",
    "float": "FLOAT64",
    "bool": "BOOL",
    "timestamp": "TIMESTAMP",
    "datetime": "DATETIME",
    "date": "DATE",
    "time": "TIME",
    "bytes": "BYTES",
    "json": "JSON",
    "record": "RECORD",
}
# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_decimal_type
_NUMERIC_SCALE, _NUMERIC_WHOLE = 9, 29


def bigquery_fields(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """The fields as BigQuery's REST API, a schema file of `bq` and `SchemaField.from_api_repr` take them.

    A repeated column holds no null, and neither does a required one; needs no library of Google's.
    """
    return [_field(column) for column in columns]


def _field(column: Column) -> dict[str, Any]:
    mode = "REPEATED" if column.repeated else "NULLABLE" if column.nullable else "REQUIRED"
    field: dict[str, Any] = {"name": column.name, "type": _type(column), "mode": mode}
    if column.description:
        field["description"] = column.description
    if column.kind == "decimal":
        field |= {"precision": column.precision, "scale": column.scale}
    if column.max_length is not None:
        field["maxLength"] = column.max_length
    if column.fields:
        field["fields"] = bigquery_fields(column.fields)
    return field


def _type(column: Column) -> str:
    if column.kind != "decimal":
        return _TYPES[column.kind]
    precision, scale = column.precision or 0, column.scale or 0
    fits = scale <= _NUMERIC_SCALE and precision - scale <= _NUMERIC_WHOLE
    return "NUMERIC" if fits else "BIGNUMERIC"


def schema_fields(columns: Iterable[Column]) -> list[SchemaField]:
    """The same as objects of Google's client. Raises `SettingsError` where that is not installed."""
    try:
        from google.cloud.bigquery import SchemaField
    except ImportError as error:
        raise SettingsError(
            "google-cloud-bigquery is not installed", hint="pip install 'tidegate[bigquery]'"
        ) from error
    return [SchemaField.from_api_repr(field) for field in bigquery_fields(columns)]
