"""The neutral column: what a field of a contract becomes in any warehouse, without naming one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tidegate.utils.errors import TidegateError

Kind = Literal[
    "string",
    "int",  # 64 bits, signed
    "float",
    "bool",
    "decimal",  # exactly `precision` digits, `scale` of them after the point
    "timestamp",  # an instant, in microseconds, stored in UTC
    "datetime",  # a wall clock without a zone, in microseconds
    "date",
    "time",
    "bytes",
    "json",  # any JSON value, carried as its text
    "record",  # `fields`
]

# What turns the value of an attribute into one of the column's kind, in this order (of each item).
Step = Literal["root", "text", "value", "microseconds", "json", "hash"]


class SchemaError(TidegateError):
    """A contract has a field that no column can carry faithfully. The message begins with its dotted path."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a write contract.

    A `repeated` column is never null: a null list is written as an empty one, because BigQuery's REPEATED
    knows no null. Where it is repeated, everything else describes one item, and no item is null.
    `attribute` is where the value lies in the model; `name` is its serialization alias.
    `max_length` counts characters (bytes for kind `bytes`). `values` are those of an Enum or a Literal, null
    excepted; empty where any value of the kind may come. `personal`: the values are personal data or keyed
    hashes of it; the description says so too.
    """

    name: str
    kind: Kind
    nullable: bool = False
    repeated: bool = False
    precision: int | None = None
    scale: int | None = None
    max_length: int | None = None
    fields: tuple[Column, ...] = ()
    description: str | None = None
    attribute: str = ""
    computed: bool = False
    steps: tuple[Step, ...] = ()
    list_roots: int = 0  # RootModels around the list itself
    unordered: bool = False  # a set: written in sorted order
    personal: bool = False
    values: tuple[str | int | float | bytes, ...] = ()


NAMELESS = ""  # of a column that is not yet that of a field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MAX_NAME = 300
_MAX_DESCRIPTION = 1024  # characters, in BigQuery
# https://cloud.google.com/bigquery/docs/schemas#column_names
_RESERVED_PREFIXES = (
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
    "_CHANGE_SEQUENCE_NUMBER",
    "_CHANGE_TYPE",
    "_CHANGE_TIMESTAMP",
)
_RENAME = "give the field a serialization_alias of letters, digits and _"


def check_names(columns: Sequence[Column], where: str) -> None:
    """Raise `SchemaError` for a name that a warehouse refuses, or two that differ by case alone."""
    taken: dict[str, str] = {}
    for column in columns:
        other = taken.setdefault(column.name.lower(), column.attribute)
        fault = _fault(column.name)
        if other != column.attribute:
            fault = f"clashes with that of {other} (case does not count)"
        if fault:
            raise SchemaError(
                f"{where}.{column.attribute}: column name {column.name[:60]!r} {fault}", hint=_RENAME
            )


def check_descriptions(columns: Sequence[Column], where: str) -> None:
    """Raise `SchemaError` for a description that is longer than BigQuery takes."""
    for column in columns:
        length = len(column.description or "")
        if length > _MAX_DESCRIPTION:
            raise SchemaError(
                f"{where}.{column.attribute}: a description of {length} characters",
                hint=f"at most {_MAX_DESCRIPTION}: keep the first sentence, put the rest into a comment",
            )


def _fault(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "has characters other than letters, digits and _, or begins with a digit"
    if len(name) > _MAX_NAME:
        return f"has {len(name)} characters, more than {_MAX_NAME}"
    reserved = next((prefix for prefix in _RESERVED_PREFIXES if name.upper().startswith(prefix)), None)
    return f"begins with {reserved}, reserved by BigQuery" if reserved else None
