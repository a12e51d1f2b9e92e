"""What the conformance suite works with: the destinations, tables of one contract, and short ways to commit.

A new destination joins with one line in `DESTINATIONS`, or in `BIGQUERY` where a server stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import AwareDatetime, Field

from tests.standins import Google
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import SYNTHETIC_KEY, WINDOW_COLUMN, Table
from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.memory import MemoryDestination
from tidegate.destinations.parquet import ParquetDestination
from tidegate.utils.encoding import Encoder

DESTINATIONS: dict[str, Callable[[Path], Destination]] = {
    "duckdb": lambda folder: DuckDBDestination(folder / "warehouse.duckdb", busy_wait_s=1.0),
    "memory": lambda _folder: MemoryDestination(),
    "parquet": lambda folder: ParquetDestination(folder / "warehouse", busy_wait_s=1.0),
}
# Where a server stands in for the destination: one test's corner of it is given.
BIGQUERY: dict[str, Callable[[Google], Destination]] = {
    "bigquery": lambda google: BigQueryDestination(google.to, retry_s=5.0),
}
ALL = (*DESTINATIONS, *BIGQUERY)
# What one cannot do, and why: refused with these words, and left out of the tests of it.
CANNOT: dict[str, dict[str, str]] = {
    "memory": {"retype": "memory converts no values", "views": "it runs no SQL"},
    "parquet": {"views": "a folder of files has no views"},
    "bigquery": {
        "widen": "the stand-in forgets the digits of a column that is widened, and adds no field to a record"
    },
}


def able(power: str) -> dict[str, Callable[[Path], Destination]]:
    return {name: make for name, make in DESTINATIONS.items() if power not in CANNOT.get(name, {})}


def opened(name: str, folder: Path, google: Google | None) -> Destination:
    if name in DESTINATIONS:
        return DESTINATIONS[name](folder)
    assert google is not None
    return BIGQUERY[name](google)


NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Row(WriteContract):
    id: int
    text: str | None = None
    at: AwareDatetime | None = None
    tags: list[str] = Field(default=[])
    extra: dict[str, int] | None = None


APPEND = Table("rows", Row)
REPLACE = Table("rows", Row, write="replace")
WINDOWS = Table("rows", Row, write="replace_windows")
MERGE = Table("rows", Row, key=("id",), version="at", write="merge")
LATEST = Table("rows", Row, key=("id",), write="merge")
EQUAL = Table("rows", Row, key=SYNTHETIC_KEY, write="merge")


def batches(
    rows: Sequence[Row], cells: Sequence[date] = (), size: int = 2
) -> Callable[[], Iterator[pa.RecordBatch]]:
    encoder = Encoder(Row)

    def draw() -> Iterator[pa.RecordBatch]:
        for first in range(0, len(rows), size):
            batch = encoder.encode(rows[first : first + size])
            if cells:
                field = pa.field(WINDOW_COLUMN, pa.date32(), nullable=False)
                batch = batch.append_column(field, pa.array(cells[first : first + size], pa.date32()))
            yield batch

    return draw


def commit(
    to: Destination,
    table: Table[Row],
    rows: Sequence[Row],
    *,
    id: str = "c1",  # noqa: A002  reads as what it is
    task: str = "api.rows",
    seen: int | None = None,
    cursor: datetime | None = None,
    cells: Sequence[date] = (),
    windows: Sequence[date] = (),
    deletes_vanished: bool = False,
    slices: Mapping[str, datetime] | None = None,
) -> Landed:
    version = to.cursor(task).version if seen is None else seen
    draw = batches(rows, cells)
    return to.commit(
        Commit(
            id,
            f"run-{id}",
            task,
            table,
            version,
            cursor,
            NOW,
            draw,
            tuple(windows),
            deletes_vanished=deletes_vanished,
            slices=slices or {},
        )
    )


def stored(to: Destination, *columns: str) -> list[tuple[Any, ...]]:
    names, rows = to.sample("rows", 1000)
    return sorted(tuple(row[names.index(column)] for column in columns) for row in rows)


def row(id: int, text: str, day: int | None = None) -> Row:  # noqa: A002
    return Row(id=id, text=text, at=datetime(2026, 1, day, tzinfo=UTC) if day else None)
