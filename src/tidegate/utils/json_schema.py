"""The JSON schema of rows, from the columns of a contract: as the warehouse holds them, written as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tidegate.utils.columns import Column, Kind

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_TYPES: dict[Kind, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    # The formats date-time and time of JSON schema want an offset.
    "datetime": {"type": "string", "pattern": rf"^\d{{4}}-\d\d-\d\dT{_CLOCK}$"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": f"^{_CLOCK}$"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "json": {},
}


def json_schema(columns: Iterable[Column], title: str) -> dict[str, Any]:
    """Every column is there in every row. Decimals are text, which keeps their digits."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_object(columns),
    }


def _object(columns: Iterable[Column]) -> dict[str, Any]:
    properties = {column.name: _column(column) for column in columns}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _column(column: Column) -> dict[str, Any]:
    schema = _item(column)
    if column.repeated:
        schema = {"type": "array", "items": schema}
    elif column.nullable and schema:
        schema |= {"type": [schema["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema | {"description": column.description} if column.description else schema


def _item(column: Column) -> dict[str, Any]:
    if column.kind == "record":
        return _object(column.fields)
    if column.kind == "decimal":
        return {"type": "string", "pattern": _digits(column.precision or 0, column.scale or 0)}
    schema = dict(_TYPES[column.kind])
    if column.values and column.kind != "bytes":
        schema["enum"] = list(column.values)
    if column.max_length is not None and column.kind == "string":
        schema["maxLength"] = column.max_length
    return schema


def _digits(precision: int, scale: int) -> str:
    whole = rf"\d{{1,{max(precision - scale, 1)}}}"
    return rf"^-?{whole}(\.\d{{1,{scale}}})?$" if scale else f"^-?{whole}$"
