"""What a row holds as bytes that never change: the same for the same values, whatever process, page or
version of Arrow they come through.

A value that is not null is its column's name, its length, and its bytes; null, and an empty list, are
nothing. So the order of the columns does not matter, nor a further column without a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from tidegate.utils.columns import Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa

_Bytes: TypeAlias = Any  # a pa.BinaryArray: the stubs of Arrow's functions cannot tell

# Bytes of one value, where all of a kind are as long.
_FIXED: dict[Kind, int] = {
    "int": 8,
    "float": 8,
    "timestamp": 8,
    "datetime": 8,
    "time": 8,
    "date": 4,
    "bool": 1,
}


def canonical(columns: Sequence[Column], batch: pa.RecordBatch) -> list[bytes]:
    """Those of each row of the batch, of these columns of it. Vectorised, but for JSON."""
    arrays = [batch.column(column.name) for column in columns]
    rows: list[bytes] = _named(columns, arrays, batch.num_rows).to_pylist()
    return rows


def _named(columns: Sequence[Column], arrays: Sequence[Any], rows: int) -> _Bytes:
    import pyarrow as pa

    by_name = sorted(zip(columns, arrays, strict=True), key=lambda pair: pair[0].name)
    parts = [_joined(_tag(column), *_measured(_bytes(column, array))) for column, array in by_name]
    start = pa.repeat(pa.scalar(b"", pa.binary()), rows)
    return _joined(start, *parts, or_nothing=True)


def _bytes(column: Column, array: Any) -> _Bytes:
    return _lists(column, array) if column.repeated else _plain(column, array)


def _plain(column: Column, array: Any) -> _Bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    match column.kind:
        case "record":
            held = _named(column.fields, array.flatten(), len(array))
            return pc.if_else(array.is_valid(), held, pa.scalar(None, pa.binary()))
        case "json":
            return pa.array(
                [text if text is None else _sorted(text) for text in array.to_pylist()], pa.binary()
            )
        case "string" | "bytes":
            return array.cast(pa.binary())
        case "bool":
            array = array.cast(pa.int8())
        case "float":
            # One zero, one NaN.
            array = pc.if_else(pc.is_nan(array), float("nan"), pc.add(array, 0.0))
        case _:
            pass
    width = _FIXED.get(column.kind) or array.type.byte_width
    return array.view(pa.binary(width)).cast(pa.binary())


def _lists(column: Column, array: Any) -> _Bytes:
    """The items of each list, one after the other, each behind its length: all lie side by side already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    items = _joined(*_measured(_plain(column, array.flatten())))
    ends = pa.Array.from_buffers(pa.int32(), len(items) + 1, [None, items.buffers()[1]], offset=items.offset)
    starts = pc.subtract(array.offsets, array.offsets[0])
    lists: _Bytes = pa.Array.from_buffers(
        pa.binary(), len(array), [None, ends.take(starts).buffers()[1], items.buffers()[2]]
    )
    return pc.if_else(
        pc.equal(pc.binary_length(lists), pa.scalar(0, pa.int32())), pa.scalar(None, pa.binary()), lists
    )


def _measured(values: _Bytes) -> tuple[_Bytes, _Bytes]:
    """The lengths, and the values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths: Any = pc.binary_length(values)
    return lengths.view(pa.binary(4)).cast(pa.binary()), values


def _joined(*parts: Any, or_nothing: bool = False) -> _Bytes:
    """Row by row; null where any is null, unless these are to be left out."""
    import pyarrow.compute as pc

    join: Any = pc.binary_join_element_wise
    handling = {"null_handling": "replace", "null_replacement": b""} if or_nothing else {}
    return join(*parts, b"", **handling)


def _tag(column: Column) -> Any:
    import pyarrow as pa

    name = column.name.encode()
    return pa.scalar(len(name).to_bytes(2, "little") + name, pa.binary())


def _sorted(text: str) -> bytes:
    """An API may give the keys of an object in another order each time. What orjson does not read (a number
    of more than 308 digits) is taken as it stands.
    """
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return text.encode()
