"""Record batches out of memory until they are asked for, in a file that is gone with the process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from tidegate.engine.exceptions import StorageError

if TYPE_CHECKING:
    import pyarrow as pa


class Spool:
    """Batches of one schema, in the order in which they were added, as often as asked and from any thread.

    Use as a context manager. The file has no name, so nobody else reads it, and takes as much of the
    temporary folder (`TMPDIR`) as the rows take in memory.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by __exit__
        self._spans: list[tuple[int, int]] = []
        self._end = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Raises `StorageError` where the folder is full."""
        data = memoryview(batch.serialize())
        self._spans.append((self._end, len(data)))
        try:
            while data:
                written = os.pwrite(self._file.fileno(), data, self._end)
                self._end, data = self._end + written, data[written:]
        except OSError as error:
            raise StorageError(
                f"cannot keep rows in {tempfile.gettempdir()}: {error.strerror}",
                hint="Set TMPDIR to a folder with enough space.",
            ) from error

    def batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for start, size in self._spans:
            yield pa.ipc.read_record_batch(pa.py_buffer(self._read(start, size)), self._schema)

    def _read(self, start: int, size: int) -> bytes:
        pieces = []
        while size:
            piece = os.pread(self._file.fileno(), size, start)
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        return b"".join(pieces)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
