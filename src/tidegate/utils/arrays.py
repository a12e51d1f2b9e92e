"""Arrow arrays of the columns of a contract, from the values of its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import accumulate, chain
from math import isnan
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from pydantic_core import to_json, to_jsonable_python

from tidegate.utils.columns import Column, Kind, Step
from tidegate.utils.schemas import arrow_item_type, arrow_schema, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

Build = Callable[[Any], "pa.Array[Any]"]  # of a list of values
Convert = Callable[[Any], Any]

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  both ends are counted in UTC
_FIRST, _LAST = ((end - _EPOCH) // _MICROSECOND for end in (datetime.min, datetime.max))  # noqa: DTZ901
# What pyarrow, a step of the conversion, or a missing attribute raises; all of them mean one unfit value.
UNFIT = (ValueError, TypeError, ArithmeticError, AttributeError, KeyError)


class UnfitError(Exception):
    """One value does not fit: the path of its column, and why. `Encoder` adds the position."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path, self.reason = path, reason


def getter(column: Column) -> Convert:
    return attrgetter(column.attribute) if column.computed else itemgetter(column.attribute)


def builder(column: Column, path: str, hashed: Convert | None = None) -> Build:
    """What makes the array of a column from the values of its attribute; `hashed` takes the step "hash"."""
    make = _records if column.kind == "record" else _plain
    build = make(column, path, hashed)
    return _lists(column, path, build, hashed) if column.repeated else build


def _plain(column: Column, path: str, hashed: Convert | None) -> Build:
    import pyarrow as pa

    from_null = column.repeated  # null among the items of a JSON list is the JSON null
    convert = None if column.unordered else _converter(column.steps, hashed)
    kind, required, check = column.kind, not column.nullable or column.repeated, _CHECKS.get(column.kind)
    item_type, excess = arrow_item_type(column), _excess(column)

    def build(values: list[Any] | pa.Array[Any]) -> pa.Array[Any]:
        if isinstance(values, pa.Array):
            if values.type != item_type:  # a batch would cast it in silence
                raise UnfitError(path, f"{values.type} in Arrow, not {item_type}")
            return checked(values)
        try:
            if convert is not None:
                values = [convert(v) if v is not None or from_null else None for v in values]
            if check is not None:
                check(values)
            array: pa.Array[Any] = pa.array(values, type=item_type)
        except UNFIT as error:
            raise UnfitError(path, _reason(column, kind, error)) from None
        return checked(array)

    def checked(array: pa.Array[Any]) -> pa.Array[Any]:
        if required and array.null_count:
            raise UnfitError(path, "null in a required column")
        if excess is not None and (reason := excess(array)):
            raise UnfitError(path, reason)
        return array

    return build


def _excess(column: Column) -> Callable[[pa.Array[Any]], str | None] | None:
    """What Arrow holds and a warehouse does not: says why, or None where all is well.

    Pydantic checks lengths, but not of computed fields; and an offset can carry an instant out of range.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    longest = column.max_length or 0
    length: Any = pc.utf8_length if column.kind == "string" else pc.binary_length

    def too_long(array: pa.Array[Any]) -> str | None:
        most: int | None = pc.max(length(array)).as_py()
        return f"longer than {longest}" if most is not None and most > longest else None

    def out_of_range(array: pa.Array[Any]) -> str | None:
        ends: Any = pc.min_max(array.view(pa.int64())).as_py()
        least, most = ends["min"], ends["max"]
        if least is None or most is None or (least >= _FIRST and most <= _LAST):
            return None
        return "an instant before the year 1 or after the year 9999 in UTC"

    if column.kind == "timestamp":
        return out_of_range
    return too_long if longest else None


def _records(column: Column, path: str, hashed: Convert | None) -> Build:
    import pyarrow as pa

    fields = list(arrow_schema(column.fields))
    convert = _converter(column.steps, hashed)
    required = not column.nullable or column.repeated
    children = [(getter(c), c.computed, builder(c, f"{path}.{c.name}", hashed)) for c in column.fields]

    def build(values: list[Any]) -> pa.Array[Any]:
        if convert is not None:
            values = [None if v is None else convert(v) for v in values]
        present = [v for v in values if v is not None]
        if required and len(present) < len(values):
            raise UnfitError(path, "null in a required column")
        stored = [v.__dict__ for v in present]
        arrays = [child(list(map(get, present if computed else stored))) for get, computed, child in children]
        array: pa.Array[Any] = pa.StructArray.from_arrays(arrays, fields=fields)
        return array if len(present) == len(values) else _spread(array, values)

    return build


def _spread(present: pa.Array[Any], values: list[Any]) -> pa.Array[Any]:
    """The records that are there, with null between them where the value is None.

    Taken from an array that ends with one null, so that required fields under a null record hold an empty
    value: Parquet refuses a null in them even there.
    """
    import pyarrow as pa

    places = accumulate((v is not None for v in values), initial=0)
    indices = [len(present) if v is None else place for v, place in zip(values, places, strict=False)]
    with_null = pa.concat_arrays([present, pa.array([None], type=present.type)])
    spread: pa.Array[Any] = with_null.take(pa.array(indices, type=pa.int64()))
    return spread


def _lists(column: Column, path: str, items: Build, hashed: Convert | None) -> Build:
    import pyarrow as pa

    list_type = arrow_type(column)
    sort_as = _converter(column.steps, hashed) or _same
    roots, unordered = column.list_roots, column.unordered
    order = _nan_last if column.kind == "float" else None

    def build(values: list[Any]) -> pa.Array[Any]:
        try:
            for _ in range(roots):
                values = [None if v is None else v.root for v in values]
            if unordered:
                values = [v and sorted(map(sort_as, v), key=order) for v in values]
            lists: list[Any] = [v or () for v in values]
            ends = [0, *accumulate(map(len, lists))]
        except UNFIT:
            raise UnfitError(path, f"not a list of items of kind {column.kind}") from None
        flat = items(list(chain.from_iterable(lists)))
        return pa.ListArray.from_arrays(pa.array(ends, type=pa.int32()), flat, type=list_type)

    return build


def _same(value: Any) -> Any:
    return value


def _nan_last(value: float) -> tuple[bool, float]:
    """Sorts as `sorted` cannot: NaN is neither less nor more than anything."""
    return (True, 0.0) if isnan(value) else (False, value)


def _converter(steps: tuple[Step, ...], hashed: Convert | None) -> Convert | None:
    """The steps as one function; None where there is nothing to do."""
    known = _STEPS if hashed is None else _STEPS | {"hash": hashed}
    functions = [known[step] for step in steps]
    if len(functions) <= 1:
        return functions[0] if functions else None

    def convert(value: Any) -> Any:
        for function in functions:
            value = None if value is None else function(value)
        return value

    return convert


def _json_text(value: Any) -> bytes:
    """JSON text: by orjson, and by Pydantic what orjson refuses (keys that are no text, large integers)."""
    try:
        return orjson.dumps(value, to_jsonable_python, _JSON_OPTIONS)
    except orjson.JSONEncodeError:
        return to_json(value, by_alias=True, inf_nan_mode="null")


_JSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

_STEPS: dict[Step, Convert] = {
    "root": attrgetter("root"),
    "text": str,
    # `use_enum_values` stores the value at once.
    "value": lambda member: member.value if isinstance(member, Enum) else member,
    "microseconds": lambda span: span // _MICROSECOND,
    "json": _json_text,
}


_TZINFO = attrgetter("tzinfo")
_DAYS = {date, type(None)}


def _all_aware(values: Iterable[datetime | None]) -> None:
    if not all(map(_TZINFO, filter(None, values))):
        raise ValueError("a datetime without an offset")


def _all_naive(values: Iterable[Any]) -> None:
    if any(v is not None and v.tzinfo is not None for v in values):
        raise ValueError("a value with an offset")


def _all_days(values: Iterable[Any]) -> None:
    if set(map(type, values)) <= _DAYS:
        return
    if any(v is not None and (isinstance(v, datetime) or not isinstance(v, date)) for v in values):
        raise ValueError("a datetime or a number, not a day")


# What Arrow would take in silence, and change.
_CHECKS: dict[Kind, Callable[[Iterable[Any]], None]] = {
    "timestamp": _all_aware,
    "datetime": _all_naive,
    "time": _all_naive,
    "date": _all_days,
}


def _reason(column: Column, kind: Kind, error: Exception) -> str:
    if isinstance(error, UnicodeError) or (kind == "json" and "surrogates" in str(error)):
        return "text that is not Unicode (half of a surrogate pair)"
    if kind == "int" and isinstance(error, OverflowError):
        return "an integer beyond 64 bits"
    if kind == "decimal":
        return f"not a number of at most {column.precision} digits, {column.scale} of them after the point"
    if kind == "timestamp":
        return "not a datetime with an offset (a naive one is refused: say which zone it is in)"
    if kind in ("datetime", "time"):
        return f"not a {kind} without an offset"
    return f"not a value of kind {kind}"
