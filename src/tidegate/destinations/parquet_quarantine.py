"""The quarantine of a Parquet folder: a table of its own, in and out with the commits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import Commit
from tidegate.destinations.duckdb_quarantine import rows as rows_of
from tidegate.destinations.parquet_files import empty_file, without_rows, write_files
from tidegate.destinations.parquet_folder import Changing
from tidegate.destinations.parquet_manifest import Manifest, StoredTable
from tidegate.destinations.parquet_sql import connected, read_parquet
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE, QuarantinedRow
from tidegate.utils.schemas import Column, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

_STORED = (*COLUMNS, Column("quarantined_at", "timestamp"))
_LOOKS_AT = ("id", "task", "run_id", "window")


def quarantined(change: Changing, manifest: Manifest, commit: Commit) -> tuple[Manifest, int]:
    """The manifest with what the commit changes in the quarantine, and how many rows it put there.

    Rows of what the commit replaces leave it, as they were judged anew; so does an earlier copy of a row that
    comes again.
    """
    import pyarrow as pa

    before = manifest.table(QUARANTINE)
    if before is None and commit.rejected.rows == 0:
        return manifest, 0
    # All earlier copies go first: one run may reject the same row on two of its pages, and keeps both.
    coming = (batch.column("id") for batch in commit.rejected.batches())
    ids = pa.chunked_array([pa.array(_released(commit), pa.string()), *coming], pa.string())

    def leaves(batch: pa.RecordBatch) -> pa.BooleanArray:
        return _leaves(batch, commit, ids)

    files = before.files if before else ()
    kept = without_rows(change, QUARANTINE, _STORED, files, leaves, _LOOKS_AT)
    new = write_files(
        change, QUARANTINE, _STORED, (_stored(each, commit) for each in commit.rejected.batches())
    )
    left = tuple(file for file in (*kept, *new) if file.rows) or (empty_file(change, QUARANTINE, _STORED),)
    return manifest.with_table(QUARANTINE, StoredTable(_STORED, left)), sum(file.rows for file in new)


def quarantined_rows(
    folder: Path, manifest: Manifest, task: str | None, run_id: str | None
) -> Iterator[QuarantinedRow]:
    table = manifest.table(QUARANTINE)
    if table is None:
        return
    with connected(folder) as connection:
        source = read_parquet(folder, table.files)
        connection.execute(f"CREATE TEMP VIEW {QUARANTINE} AS FROM {source}")
        yield from rows_of(connection, task, run_id)


def _stored(batch: pa.RecordBatch, commit: Commit) -> pa.RecordBatch:
    import pyarrow as pa

    at = pa.repeat(pa.scalar(commit.loaded_at, pa.timestamp("us", tz="UTC")), batch.num_rows)
    return pa.RecordBatch.from_arrays([*batch.columns, at], schema=arrow_schema(_STORED))


def _released(commit: Commit) -> list[str]:
    return [] if commit.again is None else list(commit.again.released)


def _leaves(batch: pa.RecordBatch, commit: Commit, ids: pa.ChunkedArray[Any]) -> pa.BooleanArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    leaves = pc.is_in(batch.column("id"), value_set=ids)
    of_task = pc.equal(batch.column("task"), pa.scalar(commit.task))
    if commit.again is not None:
        of_run = pc.equal(batch.column("run_id"), pa.scalar(commit.run_id))
        return pc.or_(leaves, pc.and_(of_task, of_run)) if commit.again.replaces else leaves
    if commit.table.write == "replace":
        return pc.or_(leaves, of_task)
    if commit.table.write == "replace_windows":
        windows = pa.array(commit.windows, pa.date32())
        return pc.or_(leaves, pc.and_(of_task, pc.is_in(batch.column("window"), value_set=windows)))
    return leaves
