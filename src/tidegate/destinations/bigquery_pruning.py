"""Which partitions a merge has to look into: those of the rows that come, where keys never change theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations.bigquery_jobs import quote

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {"date": "DATE", "datetime": "DATETIME", "timestamp": "TIMESTAMP"}


class Within:
    """Watches the batches of a commit go by, and gives a condition that every row to be replaced meets.

    It compares the partition column to parameters, which BigQuery prunes by; it would not by a subquery.
    """

    def __init__(self, table: Table[Any]) -> None:
        self._column = next(
            (each for each in table.columns if table.partition_immutable and each.name == table.partition_by),
            None,
        )
        self._first: Any = None
        self._last: Any = None
        self._nulls = False

    def watch(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        for batch in batches:
            if self._column is not None and batch.num_rows:
                values = batch.column(self._column.name)
                found: Any = pc.min_max(values).as_py()
                self._nulls = self._nulls or values.null_count > 0
                if found["min"] is not None:
                    self._first = found["min"] if self._first is None else min(self._first, found["min"])
                    self._last = found["max"] if self._last is None else max(self._last, found["max"])
            yield batch

    @property
    def condition(self) -> str:
        """On the table's rows, which go by the name t."""
        if self._column is None:
            return "TRUE"
        name = f"t.{quote(self._column.name)}"
        parts = [] if self._first is None else [f"{name} BETWEEN @partition_first AND @partition_last"]
        parts += [f"{name} IS NULL"] if self._nulls else []
        return f"({' OR '.join(parts) or 'FALSE'})"

    @property
    def parameters(self) -> dict[str, tuple[str, Any]]:
        if self._column is None or self._first is None:
            return {}
        kind = _TYPES[self._column.kind]
        return {"partition_first": (kind, self._first), "partition_last": (kind, self._last)}
