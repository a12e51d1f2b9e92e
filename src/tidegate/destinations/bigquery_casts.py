"""SQL that turns the values of a column into those of another type, and SQL that says which would be lost.

A value is lost where it would not come back the same. Text is parsed by the patterns below, because BigQuery
reads more than a contract writes. A cast rounds digits that a column has no room for, so those are looked at
before. Lists of BigQuery are never null, and an empty one may stand for a null.
"""

from __future__ import annotations

from dataclasses import replace

from tidegate.destinations.bigquery_ddl import plain_type
from tidegate.destinations.bigquery_jobs import quote
from tidegate.destinations.schema_diff import Held
from tidegate.utils.columns import Column, Kind
from tidegate.utils.personal_columns import HASH_LENGTH

_CLOCK = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PATTERNS: dict[Kind, str] = {
    "int": r"[+-]?[0-9]+",
    "float": r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?",
    "bool": r"true|false|True|False",
    "date": _DAY,
    "time": _CLOCK,
    "datetime": rf"{_DAY}[T ]{_CLOCK}",
    "timestamp": rf"{_DAY}[T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:[0-9]{{2}})?)",
}
_JSON_VALUES = "('string', 'number', 'boolean')"
_NUMERIC_WHOLE = 29


def converted(value: str, held: Held, wanted: Column, level: int = 0) -> str:
    """The expression `value` as the wanted type: null where it cannot be, `[]` for a list that was null."""
    if wanted.repeated and held.repeated:
        each = f"_v{level}"
        item = _item(each, _one(held), _single(wanted), level + 1)
        return value if item == each else _list(item, value, level)
    if wanted.repeated:
        return f"IF({value} IS NULL, {_empty(wanted)}, [{_item(value, held, _single(wanted), level)}])"
    if held.repeated:
        return f"TO_JSON({value})" if wanted.kind == "json" else _null(wanted)
    return _item(value, held, wanted, level)


def missing(wanted: Column) -> str:
    """What a row that is older than the column holds in it."""
    return _empty(wanted) if wanted.repeated else _null(wanted)


def keeps(value: str, held: Held, wanted: Column, path: tuple[str, ...] = (), level: int = 0) -> str:
    """A condition: what lies at `path` in `value` is kept whole by `converted`."""
    if held.repeated and (path or wanted.repeated):
        each = f"_v{level}"
        return _all(keeps(each, _one(held), _single(wanted), path, level + 1), value, each)
    if path:
        name, *rest = path
        field = next(field for field in wanted.fields if field.name == name)
        found = next(field for field in held.fields if field.name.lower() == name.lower())
        return keeps(f"{value}.{quote(found.name)}", found, field, tuple(rest), level)
    absent = f"ARRAY_LENGTH({value}) = 0" if held.repeated else f"{value} IS NULL"
    return f"({absent} OR IFNULL({_kept(value, held, wanted, level)}, FALSE))"


def _item(value: str, held: Held, wanted: Column, level: int) -> str:
    """As `converted`, for one value or one item of a list."""
    if held.kind == wanted.kind == "record":
        return _record(value, held, wanted, level)
    if held.kind == wanted.kind and held.kind != "decimal":
        return value
    if wanted.kind == "json":
        return f"TO_JSON({value})"
    if "record" in {held.kind, wanted.kind}:
        return _null(wanted)
    return _cast(_castable(value, held, wanted), wanted)


def _record(value: str, held: Held, wanted: Column, level: int) -> str:
    fields = {field.name.lower(): field for field in held.fields}
    parts = []
    for field in wanted.fields:
        found = fields.get(field.name.lower())
        inside = f"{value}.{quote(found.name)}" if found is not None else ""
        part = missing(field) if found is None else converted(inside, found, field, level)
        parts.append(f"{part} AS {quote(field.name)}")
    return f"IF({value} IS NULL, NULL, STRUCT({', '.join(parts)}))"


def _kept(value: str, held: Held, wanted: Column, level: int) -> str:
    """A condition on one value that is not null."""
    if wanted.kind == "json":
        return _fits_json(value, held, level)
    if held.kind == wanted.kind == "record" and not held.repeated:
        return _record_kept(value, held, wanted, level)
    if (
        held.repeated
        or "record" in {held.kind, wanted.kind}
        or {held.kind, wanted.kind} == {"bytes", "string"}
    ):
        return "FALSE"
    if "hash" in wanted.steps:  # what is no hash yet can be hashed by a run alone, which has the key
        return _matches(f"CAST({value} AS STRING)", f"[0-9a-f]{{{HASH_LENGTH}}}")
    if held.kind == "json" or (held.kind == "string" and wanted.kind != "string"):
        return _json_kept(value, wanted) if held.kind == "json" else _parsed(value, wanted)
    made = _cast(_castable(value, held, wanted), wanted)
    back = f"SAFE_CAST({made} AS {held.spelled}) IS NOT DISTINCT FROM {value}"
    return f"({back} AND {_fits(made, wanted)})"


def _fits(made: str, wanted: Column) -> str:
    """A condition: no digit of the value is beyond those of the column, nor a character beyond its length."""
    if wanted.max_length is not None:
        return f"LENGTH({made}) <= {wanted.max_length}"
    if wanted.kind != "decimal":
        return "TRUE"
    kind, scale = plain_type(_single(wanted)), wanted.scale or 0
    whole = (wanted.precision or 0) - scale
    room = f"ABS({made}) < {kind} '1E{whole}'" if kind == "BIGNUMERIC" or whole < _NUMERIC_WHOLE else "TRUE"
    return f"(ROUND({made}, {scale}) = {made} AND {room})"


def _fits_json(value: str, held: Held, level: int) -> str:
    """A condition: JSON can hold what is in the value. It knows neither bytes nor NaN nor infinities."""
    if held.repeated:
        each = f"_v{level}"
        return _all(_fits_json(each, _one(held), level + 1), value, each)
    if held.kind == "record":
        parts = [_fits_json(f"{value}.{quote(field.name)}", field, level) for field in held.fields]
        return f"({' AND '.join(parts)})"
    if held.kind == "float":
        return f"({value} IS NULL OR NOT (IS_NAN({value}) OR IS_INF({value})))"
    return f"{value} IS NULL" if held.kind == "bytes" else "TRUE"


def _json_kept(value: str, wanted: Column) -> str:
    if wanted.kind == "string":
        return f"(JSON_TYPE({value}) = 'string' AND {_fits(f'JSON_VALUE({value})', wanted)})"
    return f"(JSON_TYPE({value}) IN {_JSON_VALUES} AND {_parsed(_text_of(value, wanted), wanted)})"


def _text_of(value: str, wanted: Column) -> str:
    """Of a plain JSON value, null for any other. JSON knows no integers: 5.0 is the number 5."""
    text = f"JSON_VALUE({value})"
    return rf"REGEXP_REPLACE({text}, r'^([+-]?[0-9]+)\.0+$', r'\1')" if wanted.kind == "int" else text


def _record_kept(value: str, held: Held, wanted: Column, level: int) -> str:
    fields = {field.name.lower(): field for field in wanted.fields}
    parts = []
    for found in held.fields:
        inside, field = f"{value}.{quote(found.name)}", fields.get(found.name.lower())
        absent = f"ARRAY_LENGTH({inside}) = 0" if found.repeated else f"{inside} IS NULL"
        parts.append(absent if field is None else keeps(inside, found, field, (), level))
    return f"({' AND '.join(parts)})"


def _parsed(text: str, wanted: Column) -> str:
    pattern = _PATTERNS.get(wanted.kind)
    if wanted.kind == "decimal":
        pattern = rf"[+-]?[0-9]+(\.[0-9]{{0,{wanted.scale}}}0*)?"
    if pattern is None:
        return "FALSE"
    made = _cast(text, wanted)
    condition = f"{_matches(text, pattern)} AND {made} IS NOT NULL"
    if wanted.kind == "decimal":
        condition += f" AND {_fits(made, wanted)}"
    if wanted.kind == "float":  # no digit is lost: not those of 2**53 + 1
        condition += f" AND {_digits(text)} = {_digits(f'CAST({made} AS STRING)')}"
    if wanted.kind in {"date", "datetime", "timestamp"}:  # an offset leads out of the years of a contract
        condition += f" AND EXTRACT(YEAR FROM {made}) BETWEEN 1 AND 9999"
    return f"({condition})"


def _matches(text: str, pattern: str) -> str:
    return f"REGEXP_CONTAINS({text}, r'^(?:{pattern})$')"


def _digits(number: str) -> str:
    """Of a number as text, without sign, point, exponent and the zeros at either end."""
    return f"TRIM(REGEXP_REPLACE({number}, r'[eE].*|[^0-9]', ''), '0')"


def _castable(value: str, held: Held, wanted: Column) -> str:
    """What BigQuery casts without changing it."""
    if held.kind == "json":
        return _text_of(value, wanted)
    return f"CAST({value} AS STRING)" if (held.kind, wanted.kind) == ("float", "decimal") else value


def _list(item: str, value: str, level: int) -> str:
    each, place = f"_v{level}", f"_o{level}"
    return f"ARRAY(SELECT {item} FROM UNNEST({value}) AS {each} WITH OFFSET AS {place} ORDER BY {place})"  # noqa: S608


def _all(condition: str, value: str, each: str) -> str:
    """A condition that holds for all items of a list, and for an empty one."""
    return f"IFNULL((SELECT LOGICAL_AND({condition}) FROM UNNEST({value}) AS {each}), TRUE)"  # noqa: S608


def _cast(value: str, wanted: Column) -> str:
    return f"SAFE_CAST({value} AS {plain_type(_single(wanted))})"


def _null(wanted: Column) -> str:
    return f"CAST(NULL AS {plain_type(_single(wanted))})"


def _empty(wanted: Column) -> str:
    return f"{plain_type(replace(wanted, repeated=True))}[]"


def _single(column: Column) -> Column:
    return replace(column, repeated=False)


def _one(held: Held) -> Held:
    return replace(held, repeated=False)
