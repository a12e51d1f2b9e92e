"""The values that examples hold for each `$ref` of a schema, at whatever depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.authoring.description import Schema


def pooled(schema: Schema, rows: Sequence[Any]) -> dict[str, list[Any]]:
    pool: dict[str, list[Any]] = {}
    definitions: Mapping[str, Schema] = schema.get("$defs", {})
    for row in rows:
        _walk(schema, row, definitions, pool, ())
    return pool


def _walk(
    schema: Any,
    value: Any,
    definitions: Mapping[str, Schema],
    pool: dict[str, list[Any]],
    passed: tuple[str, ...],
) -> None:
    if not isinstance(schema, Mapping):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference not in passed:
            pool.setdefault(reference, []).append(value)
            target = definitions.get(reference.removeprefix("#/$defs/"))
            _walk(target, value, definitions, pool, (*passed, reference))
        return
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        _walk(each, value, definitions, pool, passed)
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                _walk(inner, value[name], definitions, pool, ())
    elif isinstance(value, list):
        for item in value:
            _walk(schema.get("items"), item, definitions, pool, ())
