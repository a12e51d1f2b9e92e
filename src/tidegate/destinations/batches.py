"""The batches of a commit, made fit for a destination: of the contract's types, and joined to a good size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.base import Commit
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.quarantine import Rejected
from tidegate.utils.schemas import Column, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa


def batch_schema(table: Table[Any]) -> pa.Schema:
    """The columns that every batch of a commit into the table has."""
    window = (Column(WINDOW_COLUMN, "date"),) if table.write == "replace_windows" else ()
    return arrow_schema((*table.columns, *window))


def fitted(batch: pa.RecordBatch, schema: pa.Schema, table: str) -> pa.RecordBatch:
    """The columns of `schema` in its order, of its types. `DestinationError` names those that do not fit."""
    import pyarrow as pa

    try:
        chosen = batch.select(schema.names)
        return chosen if chosen.schema.equals(schema) else chosen.cast(schema)
    except (KeyError, ValueError, TypeError, pa.ArrowException):
        fitting = {field.name for field in batch.schema if field in list(schema)}
        unfit = [name for name in schema.names if name not in fitting]
        raise DestinationError(
            f"{table}: a batch does not fit the contract in {', '.join(unfit)}",
            hint="give the columns of pydantic_to_arrow_schema(model)",
        ) from None


def joined(batches: Iterable[pa.RecordBatch], rows: int, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """Batches of at least so many rows or bytes, the last one excepted, and those before one that is large
    by itself: joining costs a copy.
    """
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    held = size = 0
    for batch in batches:
        if batch.num_rows >= rows or batch.nbytes >= max_bytes:
            if held:
                yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
                waiting, held, size = [], 0, 0
            yield batch
            continue
        waiting.append(batch)
        held, size = held + batch.num_rows, size + batch.nbytes
        if held >= rows or size >= max_bytes:
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
            waiting, held, size = [], 0, 0
    if held:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()


def without_windows(commit: Commit, windows: set[date]) -> Commit:
    """The commit, less all that it has for these windows."""

    def rows() -> Iterator[pa.RecordBatch]:
        return (_outside(batch, WINDOW_COLUMN, windows) for batch in commit.batches())

    def rejected() -> Iterator[pa.RecordBatch]:
        return (_outside(batch, "window", windows) for batch in commit.rejected.batches())

    return replace(
        commit,
        windows=tuple(window for window in commit.windows if window not in windows),
        batches=rows,
        rejected=Rejected(sum(batch.num_rows for batch in rejected()), rejected),
    )


def _outside(batch: pa.RecordBatch, column: str, windows: set[date]) -> pa.RecordBatch:
    """The rows of other windows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    within = pc.is_in(batch.column(column), value_set=pa.array(windows, pa.date32()))
    return batch.filter(pc.invert(within))
