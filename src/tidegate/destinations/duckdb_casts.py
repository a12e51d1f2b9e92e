"""SQL that turns the values of a column into those of another type, and SQL that says which would be lost.

A value is lost where it would not come back the same. Text is parsed by the patterns below, because DuckDB
takes '1.7' for the int 2, and an instant without a zone for one in UTC. Floats become decimals, and JSON
numbers anything, by their text: DuckDB makes 9999999999999999832227.84 of 1e22, and of a JSON number with
many digits the next float.
"""

from __future__ import annotations

from dataclasses import replace

from tidegate.destinations.duckdb_sql import column_type, literal, quote
from tidegate.destinations.schema_diff import Held
from tidegate.utils.columns import Column, Kind
from tidegate.utils.personal_columns import HASH_LENGTH

_CLOCK = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PATTERNS: dict[Kind, str] = {
    "int": r"[+-]?[0-9]+",
    "float": r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?",
    "bool": r"true|false|True|False|1|0",
    "date": _DAY,
    "time": _CLOCK,
    "datetime": rf"{_DAY}[T ]{_CLOCK}",
    "timestamp": rf"{_DAY}[T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)",
}
_JSON_VALUES = "('VARCHAR', 'UBIGINT', 'BIGINT', 'DOUBLE', 'BOOLEAN')"


def converted(value: str, held: Held, wanted: Column, level: int = 0) -> str:
    """The expression `value` as the wanted type: null where it cannot be, `[]` for a list that was null."""
    each = f"x{level}"
    if wanted.repeated and held.repeated:
        item = _item(each, held, wanted, level + 1)
        made = value if item == each else f"[{item} FOR {each} IN {value}]"
        return f"coalesce({made}, {_empty(wanted)})"
    if wanted.repeated:
        return (
            f"CASE WHEN {value} IS NULL THEN {_empty(wanted)} ELSE [{_item(value, held, wanted, level)}] END"
        )
    if held.repeated:
        return f"to_json({value})" if wanted.kind == "json" else _null(wanted)
    return _item(value, held, wanted, level)


def missing(wanted: Column) -> str:
    """What a row that is older than the column holds in it."""
    return _empty(wanted) if wanted.repeated else _null(wanted)


def keeps(value: str, held: Held, wanted: Column, path: tuple[str, ...] = (), level: int = 0) -> str:
    """A condition: what lies at `path` in `value` is kept whole by `converted`."""
    each = f"x{level}"
    if held.repeated and (path or wanted.repeated):
        item = replace(held, repeated=False, spelled=held.spelled.removesuffix("[]"))
        inside = keeps(each, item, _single(wanted), path, level + 1)
        return f"coalesce(list_bool_and([{inside} FOR {each} IN {value}]), true)"
    if path:
        name, *rest = path
        field = next(field for field in wanted.fields if field.name == name)
        found = next(field for field in held.fields if field.name.lower() == name.lower())
        return keeps(f"{value}.{quote(found.name)}", found, field, tuple(rest), level)
    return f"({value} IS NULL OR {_kept(value, held, wanted, level)})"


def _item(value: str, held: Held, wanted: Column, level: int) -> str:
    """As `converted`, for one value or one item of a list."""
    if held.kind == "record" and wanted.kind == "record":
        return _record(value, held, wanted, level)
    if held.kind == wanted.kind and held.exact and held.kind != "decimal":
        return value
    if wanted.kind == "json":
        return f"to_json({value})"
    if "record" in {held.kind, wanted.kind}:
        return _null(wanted)
    return _cast(_castable(value, held, wanted), wanted)


def _record(value: str, held: Held, wanted: Column, level: int) -> str:
    fields = {field.name.lower(): field for field in held.fields}
    parts = []
    for field in wanted.fields:
        found = fields.get(field.name.lower())
        part = (
            missing(field)
            if found is None
            else converted(f"{value}.{quote(found.name)}", found, field, level)
        )
        parts.append(f"{quote(field.name)} := {part}")
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"


def _kept(value: str, held: Held, wanted: Column, level: int) -> str:
    """A condition on one value that is not null."""
    if wanted.kind == "json":
        return _fits_json(value, held, level)
    if held.kind == wanted.kind == "record" and not held.repeated:
        return _record_kept(value, held, wanted, level)
    kinds = {held.kind, wanted.kind}
    if held.repeated or "record" in kinds or kinds == {"bytes", "string"}:
        return "false"
    if "hash" in wanted.steps:  # what is no hash yet can be hashed by a run alone, which has the key
        kept = f"regexp_full_match({value}::VARCHAR, '[0-9a-f]{{{HASH_LENGTH}}}')"
    elif held.kind == "json":
        kept = _json_kept(value, wanted)
    elif held.kind == "string" and held.exact and wanted.kind != "string":
        kept = _parsed(value, wanted)
    else:
        made = _cast(_castable(value, held, wanted), wanted)
        kept = f"TRY_CAST({made} AS {held.spelled}) IS NOT DISTINCT FROM {value}"
    return kept


def _fits_json(value: str, held: Held, level: int) -> str:
    """A condition: JSON can hold what is in the value. It knows neither bytes nor NaN nor infinities."""
    if held.repeated:
        each, item = f"x{level}", replace(held, repeated=False)
        inside = _fits_json(each, item, level + 1)
        return f"coalesce(list_bool_and([{inside} FOR {each} IN {value}]), true)"
    if held.kind == "record":
        parts = [_fits_json(f"{value}.{quote(field.name)}", field, level) for field in held.fields]
        return f"({' AND '.join(parts)})"
    if held.kind == "float":
        return f"coalesce(isfinite({value}), true)"
    return f"{value} IS NULL" if held.kind == "bytes" else "true"


def _json_kept(value: str, wanted: Column) -> str:
    if wanted.kind == "string":
        return f"json_type({value}) = 'VARCHAR'"
    return f"(json_type({value}) IN {_JSON_VALUES} AND {_parsed(_text_of(value), wanted)})"


def _record_kept(value: str, held: Held, wanted: Column, level: int) -> str:
    fields = {field.name.lower(): field for field in wanted.fields}
    parts = []
    for found in held.fields:
        inside, field = f"{value}.{quote(found.name)}", fields.get(found.name.lower())
        parts.append(f"{inside} IS NULL" if field is None else keeps(inside, found, field, (), level))
    return f"({' AND '.join(parts)})"


def _parsed(text: str, wanted: Column) -> str:
    pattern = _PATTERNS.get(wanted.kind)
    if wanted.kind == "decimal":
        pattern = rf"[+-]?[0-9]+(\.[0-9]{{0,{wanted.scale}}}0*)?"
    if pattern is None:
        return "false"
    made = _cast(text, wanted)
    condition = f"regexp_full_match({text}, {literal(pattern)}) AND {made} IS NOT NULL"
    if wanted.kind == "float":  # no digit is lost: not those of 2**53 + 1
        condition += f" AND {_digits(text)} = {_digits(f'{made}::VARCHAR')}"
    if wanted.kind in {"date", "datetime", "timestamp"}:  # an offset leads out of the years of a contract
        condition += f" AND year({made}) BETWEEN 1 AND 9999"
    return f"({condition})"


def _digits(number: str) -> str:
    """Of a number as text, without sign, point, exponent and the zeros at either end."""
    return f"trim(regexp_replace({number}, '[eE].*|[^0-9]', '', 'g'), '0')"


def _castable(value: str, held: Held, wanted: Column) -> str:
    """What DuckDB casts without changing it."""
    if held.kind == "json":
        return _text_of(value)
    return f"{value}::VARCHAR" if (held.kind, wanted.kind) == ("float", "decimal") else value


def _text_of(value: str) -> str:
    """Of a JSON value: a string without its quotes, any other as it is written there."""
    return f"CASE json_type({value}) WHEN 'VARCHAR' THEN {value} ->> '$' ELSE {value}::VARCHAR END"


def _cast(value: str, wanted: Column) -> str:
    return f"TRY_CAST({value} AS {column_type(_single(wanted))})"


def _null(wanted: Column) -> str:
    return f"NULL::{column_type(_single(wanted))}"


def _empty(wanted: Column) -> str:
    return f"[]::{column_type(wanted)}"


def _single(column: Column) -> Column:
    return replace(column, repeated=False)
