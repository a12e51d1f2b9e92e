"""Rows into the files of a table and out of them, a row group at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.contracts.table import WINDOW_COLUMN
from tidegate.destinations.batches import joined
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.parquet_folder import Changing, storage_errors
from tidegate.destinations.parquet_manifest import DataFile
from tidegate.utils.columns import Column
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

# A row group is DuckDB's unit of work over threads, and what has to fit into memory here.
_GROUP_ROWS, _GROUP_BYTES = 122_880, 32 << 20
_FILE_BYTES = 256 << 20
_READ_ROWS = 20_000


def write_files(
    change: Changing, table: str, columns: Sequence[Column], batches: Iterable[pa.RecordBatch]
) -> tuple[DataFile, ...]:
    """Durable new files of these rows, which have all the columns; none where there are no rows.

    A file holds rows of one window only, and ends at about 256 MB.
    """
    schema = arrow_schema(columns)
    files: list[DataFile] = []
    writer: _Writer | None = None
    try:
        for window, rows in _by_window(joined(batches, _GROUP_ROWS, _GROUP_BYTES)):
            if writer is not None and (writer.window != window or writer.is_full):
                files.append(writer.close())
                writer = None
            writer = writer or _Writer(change, table, schema, window)
            writer.write(rows)
        if writer is not None:
            files.append(writer.close())
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    return tuple(files)


def empty_file(change: Changing, table: str, columns: Sequence[Column]) -> DataFile:
    """A file without rows: so that a table without rows is read like any other, with its types."""
    return _Writer(change, table, arrow_schema(columns), None).close()


def read_rows(
    folder: Path, files: Iterable[DataFile], columns: Sequence[Column]
) -> Iterator[tuple[DataFile, int, pa.RecordBatch]]:
    """File by file: the file, the position of a batch's first row in it, and the batch of these columns."""
    schema = arrow_schema(columns)
    for file in files:
        position = 0
        for batch in _batches(folder / file.path, schema):
            yield file, position, batch
            position += batch.num_rows


def _batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage_errors(path), pq.ParquetFile(path) as opened:
            for batch in opened.iter_batches(_READ_ROWS, columns=schema.names, use_threads=False):
                yield batch.select(schema.names).cast(schema)
    except pa.ArrowInvalid as error:
        raise DestinationError(
            f"{path}: is damaged: {error}", hint="put the file back from a backup, or load its table anew"
        ) from error


def without_rows(
    change: Changing,
    table: str,
    columns: Sequence[Column],
    files: Sequence[DataFile],
    doomed: Callable[[pa.RecordBatch], pa.BooleanArray],
    looks_at: Sequence[str],
) -> tuple[DataFile, ...]:
    """The files less the rows that `doomed` is true for; only files that hold such rows are written anew.

    It looks at the columns `looks_at`, by which those files are found first, and gives no null.
    """
    import pyarrow.compute as pc

    seen = [each for each in columns if each.name in looks_at]
    hit = {
        file.path for file, _, batch in read_rows(change.path, files, seen) if pc.any(doomed(batch)).as_py()
    }
    rewritten = [file for file in files if file.path in hit]
    left = (
        batch.filter(pc.invert(doomed(batch))) for _, _, batch in read_rows(change.path, rewritten, columns)
    )
    kept = tuple(file for file in files if file.path not in hit)
    return (*kept, *write_files(change, table, columns, left)) if hit else kept


class _Writer:
    def __init__(self, change: Changing, table: str, schema: pa.Schema, window: date | None) -> None:
        import pyarrow.parquet as pq

        self.window = window
        self._folder = change.path
        self._rows = 0
        self._path, self._file = change.create(table)
        with storage_errors(self._folder):
            self._parquet = pq.ParquetWriter(self._file, schema, compression="zstd")

    @property
    def is_full(self) -> bool:
        return self._file.tell() >= _FILE_BYTES

    def write(self, rows: pa.RecordBatch) -> None:
        with storage_errors(self._folder):
            self._parquet.write_batch(rows)
        self._rows += rows.num_rows

    def close(self) -> DataFile:
        with storage_errors(self._folder):
            self._parquet.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            size = self._file.tell()
            self._file.close()
        return DataFile(self._path, self._rows, size, self.window)

    def abandon(self) -> None:
        """Close it, whole or not."""
        with suppress(Exception):  # the error that led here is the one to tell
            self._parquet.close()
        with suppress(OSError):
            self._file.close()


def _by_window(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[date | None, pa.RecordBatch]]:
    """The rows of each batch by their windows, in the order in which these come first."""
    import pyarrow.compute as pc

    for batch in batches:
        if WINDOW_COLUMN not in batch.schema.names:
            yield None, batch
            continue
        column = batch.column(WINDOW_COLUMN)
        windows = pc.unique(column)
        for window in windows:
            within = pc.equal(column, window) if window.is_valid else pc.is_null(column)
            yield window.as_py(), batch if len(windows) == 1 else batch.filter(within)
