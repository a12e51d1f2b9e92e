"""Write models to Arrow, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tidegate.utils.arrays import UNFIT, Build, UnfitError, builder, getter
from tidegate.utils.columns import Column
from tidegate.utils.errors import TidegateError
from tidegate.utils.hashing import KeyedHash
from tidegate.utils.personal_columns import need_key
from tidegate.utils.schemas import arrow_schema, columns_of

if TYPE_CHECKING:
    import pyarrow as pa


class EncodeError(TidegateError):
    """A value that its column cannot hold. Names column and position, never the value itself.

    `column` is the path of the column, `row` its position among the rows that were given, `reason` why.
    """

    def __init__(self, model: str, column: str, row: int, reason: str) -> None:
        super().__init__(f"{model}.{column}, row {row} of the batch: {reason}")
        self.column, self.row, self.reason = column, row, reason


class Encoder:
    """Turns instances of one model into record batches of `schema`. Made once, used for every page.

    Columns hold the attributes of the instances. Instants of any offset become UTC, sets are sorted, a null
    list is written as an empty one, NaN inside of JSON as null.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        """Raises `SettingsError` where a column is loaded as a keyed hash and there is no key for it."""
        self.model = model
        self.columns = columns_of(model)
        self.schema: pa.Schema = arrow_schema(self.columns)
        keyed = KeyedHash.read() if need_key(self.columns) else None
        self.key_id = keyed.key_id if keyed else ""  # changes with the key of hashed columns
        self._builds = [builder(column, column.name, keyed) for column in self.columns]

    def encode(self, rows: Sequence[BaseModel]) -> pa.RecordBatch:
        """One batch, rows in the order given. Raises `EncodeError` where a value is unfit."""
        import pyarrow as pa

        stored = [row.__dict__ for row in rows]
        arrays = []
        for column, build in zip(self.columns, self._builds, strict=True):
            source: Sequence[Any] = rows if column.computed else stored
            try:
                arrays.append(build(list(map(getter(column), source))))
            except (UnfitError, *UNFIT):
                whole = self._error(column.name, 0, "the batch fails as a whole, no single value does")
                raise next(self._unfit(column, build, source), whole) from None
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def encode_columns(self, values: Mapping[str, list[Any] | pa.Array[Any]]) -> pa.RecordBatch:
        """One batch of the values of each attribute, for a model without computed fields. Values that are in
        Arrow are of the type of their column.

        Raises `UnfitError`, or what a step of the conversion raises, where a value is unfit.
        """
        import pyarrow as pa

        columns = zip(self.columns, self._builds, strict=True)
        arrays = [build(values[column.attribute]) for column, build in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def unfit(self, rows: Sequence[BaseModel]) -> Iterator[EncodeError]:
        """Of rows that do not encode, an error for each value that is unfit, column by column."""
        stored = [row.__dict__ for row in rows]
        for column, build in zip(self.columns, self._builds, strict=True):
            yield from self._unfit(column, build, rows if column.computed else stored)

    def _unfit(
        self, column: Column, build: Build, source: Sequence[Any], first: int = 0
    ) -> Iterator[EncodeError]:
        """Found by halving: few are expected among many."""
        try:
            build(list(map(getter(column), source)))
        except UnfitError as unfit:
            path, reason = unfit.path, unfit.reason
        except UNFIT:
            path, reason = column.name, "the instance has no such value"
        else:
            return
        if len(source) == 1:
            yield self._error(path, first, reason)
            return
        half = len(source) // 2
        yield from self._unfit(column, build, source[:half], first)
        yield from self._unfit(column, build, source[half:], first + half)

    def _error(self, path: str, row: int, reason: str) -> EncodeError:
        return EncodeError(self.model.__name__, path, row, reason)
