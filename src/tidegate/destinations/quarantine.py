"""The table of rows that broke a contract: the same columns in every destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tidegate.utils.columns import Column

if TYPE_CHECKING:
    import pyarrow as pa

QUARANTINE = "_tidegate_quarantine"

COLUMNS = (
    Column("id", "string"),
    Column("task", "string"),
    Column("table_name", "string"),
    Column("run_id", "string"),
    Column("slice", "string"),
    Column("window", "date", nullable=True),
    Column("endpoint", "string"),
    Column("page", "int"),
    Column("position", "int"),
    Column("row_id", "string", nullable=True),
    Column("stage", "string"),
    Column("judge", "string"),
    Column("errors", "json"),
    Column("payload", "json"),
    Column("raw", "bool"),
    Column("contract", "string"),
)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row that broke a contract. The same row has the same `id` each time it is quarantined.

    `window` is the first day of its cell where the table is written by windows; `page` and `position` count
    from 0; `errors` is JSON, a list of objects (field, expected, came); `payload` is the row as the API sent
    it, personal values masked unless `raw`; `contract` the fingerprint of contracts and transform.
    """

    id: str
    task: str
    table_name: str
    run_id: str
    slice: str
    window: date | None
    endpoint: str
    page: int
    position: int
    row_id: str | None
    stage: str
    judge: str
    errors: str
    payload: str
    raw: bool
    contract: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejected rows of a commit, given from the start each time: record batches of `COLUMNS`."""

    rows: int = 0
    batches: Callable[[], Iterator[pa.RecordBatch]] = lambda: iter(())
