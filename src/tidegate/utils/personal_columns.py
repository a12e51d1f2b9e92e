"""What the mark of personal data does to a column: its label, and a keyed hash in place of the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tidegate.utils.columns import Column, SchemaError
from tidegate.utils.redact import MASK
from tidegate.utils.shapes import Shape

HASH_LENGTH = 64  # characters of a SHA-256 in hex

_LABEL = "personal data"
_HASH_LABEL = "personal data, as a keyed hash"


def as_marked(column: Column, shape: Shape, path: str) -> Column:
    """The column as the marks in the field's annotation want it; `path` is for the error.

    Raises `SchemaError` where a mark asks for a hash of what has no one spelling, and where it stands inside
    of a JSON column, which holds values as they are.
    """
    if column.kind == "json" and shape.loads - {"as_is"}:
        raise SchemaError(
            f"{path}: a JSON column holds its values as they are, none of them hashed or left out",
            hint="write a BaseModel with named fields, or mark the whole field Personal('omit')",
        )
    if shape.load == "hash":
        return _labelled(_hashed(column, path), _HASH_LABEL)
    inside = column.kind == "json" and shape.within
    return _labelled(column, _LABEL) if shape.personal or inside else column


def _hashed(column: Column, path: str) -> Column:
    if column.kind not in ("string", "int", "date"):
        raise SchemaError(
            f"{path}: no hash of a column of kind {column.kind}",
            hint="mark text, an int or a date; mark the fields of a model one by one",
        )
    return replace(column, kind="string", max_length=HASH_LENGTH, values=(), steps=(*column.steps, "hash"))


def _labelled(column: Column, label: str) -> Column:
    """Of a record also the columns inside, which is where a warehouse restricts access."""
    description = f"{column.description} ({label})" if column.description else label.capitalize()
    inside = tuple(field if field.personal else _labelled(field, label) for field in column.fields)
    return replace(column, personal=True, description=description, fields=inside)


def says_hashed(description: str | None) -> bool:
    """Whether this is the description of a column of keyed hashes."""
    return (description or "").lower().removesuffix(")").endswith(_HASH_LABEL)


def need_key(columns: Iterable[Column]) -> bool:
    """Whether any of the columns, or of those inside, holds a keyed hash."""
    return any("hash" in column.steps or need_key(column.fields) for column in columns)


def masked(columns: Iterable[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an encoded row to be looked at: a mask for each personal value, hashes as they are."""
    return {column.name: _masked(column, row[column.name]) for column in columns}


def _masked(column: Column, value: Any) -> Any:
    if value is None or "hash" in column.steps:
        return value
    if isinstance(value, list):
        return [_masked(column, each) for each in value]
    if column.kind == "record":
        return masked(column.fields, value)
    return MASK if column.personal else value
