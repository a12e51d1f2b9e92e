"""Columns of instants in Arrow, and their days."""

from __future__ import annotations

from datetime import date, datetime
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = date(1970, 1, 1).toordinal()
_KINDS = {datetime, NoneType}
_TZINFO = attrgetter("tzinfo")


def are_instants(values: list[Any]) -> bool:
    """Whether all are None or have an offset."""
    return set(map(type, values)) <= _KINDS and all(map(_TZINFO, filter(None, values)))


def instants(values: list[Any]) -> pa.Array[Any]:
    import pyarrow as pa

    return pa.array(values, pa.timestamp("us", tz="UTC"))


def utc_days(values: list[Any], array: pa.Array[Any]) -> list[date | None]:
    """The dates, in UTC, of values that `array` holds in Arrow. Raises `ValueError` for what is no date."""
    import pyarrow as pa

    buffer = array.cast(pa.date32()).buffers()[1]
    if buffer is None:
        return [None for _ in values]
    counted = memoryview(buffer).cast("i")[: len(values)].tolist()
    there = {each for each, value in zip(counted, values, strict=True) if value is not None}
    known: dict[int, date | None] = {each: date.fromordinal(_EPOCH + each) for each in there}
    if array.null_count:
        return [None if value is None else known[each] for each, value in zip(counted, values, strict=True)]
    return [known[each] for each in counted]
