"""The Python values of a frame, column by column and so many rows at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from tidegate.engine.exceptions import FrameError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ROWS = 10_000
Chunks = Iterator[tuple[int, list[list[Any]]]]  # how many rows, and the values of each column


def columns_and_chunks(frame: Any) -> tuple[list[Any], Chunks]:
    """The names of the columns, and the rows in order. Raises `FrameError`, at once or on the way."""
    return _pandas(frame) if _is_pandas(frame) else _arrow(frame)


def _is_pandas(frame: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def _pandas(frame: pd.DataFrame) -> tuple[list[Any], Chunks]:
    plain = _python_of_pandas()

    def chunks() -> Chunks:
        for first in range(0, len(frame), _ROWS):
            part = frame.iloc[first : first + _ROWS]
            series = [part.iloc[:, number] for number in range(part.shape[1])]
            yield len(part), [_pandas_values(each, plain, first) for each in series]

    return list(frame.columns), chunks()


def _pandas_values(series: pd.Series[Any], plain: Callable[[Any], Any], first: int) -> list[Any]:
    values: list[Any] = series.tolist()
    missing = series.isna().tolist()
    if series.dtype.kind not in "iufb":
        for position, value in enumerate(values):
            if not missing[position]:
                values[position] = _at(series.name, first + position, plain, value)
    return [None if gone else value for gone, value in zip(missing, values, strict=True)]


def _at(name: Any, row: int, plain: Callable[[Any], Any], value: Any) -> Any:
    try:
        return plain(value)
    except _CutError as error:
        raise FrameError(
            f"column {name!r}, row {row} of the frame: {error}",
            hint="Round them away where that is meant: .dt.floor('us').",
        ) from None


class _CutError(Exception):
    pass


def _python_of_pandas() -> Callable[[Any], Any]:
    """What makes the Python value of a cell, nested ones included."""
    import numpy as np
    import pandas as pd

    def plain(value: Any) -> Any:
        convert = conversion(type(value))  # type: ignore[arg-type]  # a class is hashable
        return value if convert is None else convert(value)

    @cache
    def conversion(kind: type) -> Callable[[Any], Any] | None:
        return next((convert for parent, convert in conversions if issubclass(kind, parent)), None)

    conversions: list[tuple[type, Callable[[Any], Any]]] = [
        (type(pd.NaT), lambda _: None),
        (type(pd.NA), lambda _: None),
        (pd.Timestamp, _datetime),
        (pd.Timedelta, _timedelta),
        (np.datetime64, lambda value: plain(pd.Timestamp(value))),
        (np.timedelta64, lambda value: plain(pd.Timedelta(value))),
        (np.generic, lambda value: value.item()),
        (np.ndarray, lambda value: [plain(each) for each in value]),
        (dict, lambda value: {plain(key): plain(each) for key, each in value.items()}),
        (list, lambda value: [plain(each) for each in value]),
        (tuple, lambda value: [plain(each) for each in value]),
        (set, lambda value: {plain(each) for each in value}),
    ]
    return plain


def _datetime(value: pd.Timestamp) -> datetime:
    if value.nanosecond:
        raise _CutError("nanoseconds, which no column holds")
    return value.to_pydatetime()


def _timedelta(value: pd.Timedelta) -> timedelta:
    if value.nanoseconds:
        raise _CutError("nanoseconds, which no column holds")
    return value.to_pytimedelta()


def _arrow(frame: Any) -> tuple[list[Any], Chunks]:
    import pyarrow as pa

    _refuse_objects(frame)
    try:
        reader = pa.RecordBatchReader.from_stream(frame)
    except Exception as error:  # whatever the library that owns the frame raises
        kind = type(frame).__name__
        raise FrameError(
            f"a {kind} gives no Arrow table: {error}", hint="Give a DataFrame, or an Arrow table."
        ) from error

    def chunks() -> Chunks:
        first = 0
        for batch in reader:
            for start in range(0, batch.num_rows, _ROWS):
                part = batch.slice(start, _ROWS)
                names = part.schema.names
                columns = [
                    _arrow_values(name, each, first) for name, each in zip(names, part.columns, strict=True)
                ]
                yield part.num_rows, columns
                first += part.num_rows

    return list(reader.schema.names), chunks()


def _refuse_objects(frame: Any) -> None:
    """The Object columns of polars: their Arrow stream holds addresses in memory, not values."""
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(frame, polars.DataFrame):
        return
    for name, kind in frame.schema.items():
        if kind == polars.Object:
            raise FrameError(
                f"column {name!r} is of polars' type Object, which has no values outside of Python",
                hint="Give it another type.",
            )


def _arrow_values(name: str, array: pa.Array[Any], first: int) -> list[Any]:

    try:
        exact = _in_microseconds(array.type)
        fitting = array if exact == array.type else array.cast(exact)
        values: list[Any] = fitting.to_pylist(maps_as_pydicts="strict")
    except (ValueError, KeyError, OverflowError) as error:
        reason = next(reason for kind, reason in _NOT_IN_PYTHON if isinstance(error, kind))
        raise FrameError(
            f"column {name!r}, rows {first} to {first + len(array) - 1} of the frame: {reason}",
            hint="Convert the column to what its field holds.",
        ) from None  # the error of Arrow quotes the value
    return values


# ArrowInvalid is a ValueError.
_NOT_IN_PYTHON = (
    (KeyError, "a key that stands twice in one map"),
    (ValueError, "nanoseconds, which no column holds, or an instant beyond the years 1 to 9999"),
    (OverflowError, "a value that Python does not hold"),
)


def _in_microseconds(kind: Any) -> Any:
    """The Arrow type with microseconds for nanoseconds, at any depth."""
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if types.is_time64(kind):
        return pa.time64("us")
    if types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if types.is_struct(kind):
        return pa.struct([each.with_type(_in_microseconds(each.type)) for each in kind])
    if types.is_list(kind) or types.is_large_list(kind):
        item = kind.value_field.with_type(_in_microseconds(kind.value_type))
        return pa.list_(item) if types.is_list(kind) else pa.large_list(item)
    return kind
