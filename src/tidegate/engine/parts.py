"""Parts: the built rows of a slice as an Arrow file, and the manifest that says that they are whole."""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from tidegate.contracts.table import WINDOW_COLUMN
from tidegate.engine import state_files
from tidegate.engine.exceptions import DamagedStateError, storage_error
from tidegate.utils.home import sync_folder
from tidegate.utils.mirrors.mounts import mirror_of

_CHUNK = 1 << 20

if TYPE_CHECKING:
    from io import IOBase

    import pyarrow as pa


@dataclass(frozen=True)
class Manifest:
    """A slice that is done: what it asked, how it was built, and its share of the accounting sum.

    `rejects_crc32` is that of the part of its rejected rows; `first_reject` tells the first of them. `whole`:
    nothing speaks against it that the listing gave all its rows. `segments` are those of its page log, where
    a mirror keeps it.
    """

    slice: str
    request: dict[str, Any]
    build: str
    pages: int = 0
    fetched: int = 0
    added: int = 0
    dropped: int = 0
    rejected: int = 0
    rows: int = 0
    crc32: int = 0
    rejects_crc32: int = 0
    first_reject: str | None = None
    high: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    whole: bool = True
    segments: int = 0

    def save(self, path: Path) -> None:
        state_files.save(path, self.to_json())

    def part(self, folder: Path) -> Part:
        """What was built; `folder` is that of the task."""
        return Part(folder / f"{self.slice}.arrow", self.rows, self.crc32)

    def rejects(self, folder: Path) -> Part:
        return Part(folder / f"{self.slice}.rejects", self.rejected, self.rejects_crc32)

    @classmethod
    def load(cls, path: Path) -> Manifest | None:
        """The manifest, or None where the slice is not done."""

        return state_files.load(path, cls.from_json)

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "high": None if self.high is None else self.high.isoformat()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Manifest:
        high = stored.pop("high")
        return cls(**stored, high=None if high is None else datetime.fromisoformat(high))


class PartWriter:
    """Writes record batches to `path`; the file is there, whole and durable, only after a clean exit.

    Use as a context manager. Nothing is made where no batch is written.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._temporary = path.with_name(path.name + ".tmp")
        self._file: Any = None
        self._writer: Any = None
        self.rows = 0
        self.crc32 = 0

    def write(self, batch: pa.RecordBatch) -> None:
        try:
            if self._writer is None:
                self._open()
            self._writer.write_batch(batch)
        except OSError as error:
            raise storage_error(self._path, error) from error
        self.rows += batch.num_rows

    def _open(self) -> None:
        import pyarrow as pa

        self._temporary.touch(mode=0o600)
        self._file = self._temporary.open("wb")
        sink = _Checksummed(self._file, self)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_stream(cast("IOBase", sink), self._schema, options=options)

    def __enter__(self) -> PartWriter:
        self._path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is None:
            return
        try:
            if kind is not None:
                self._file.close()
                self._temporary.unlink(missing_ok=True)
                return
            self._finish()
        except OSError as problem:
            raise storage_error(self._path, problem) from problem

    def _finish(self) -> None:
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._path)
        sync_folder(self._path.parent)
        mirror = mirror_of(self._path)
        mirror.keep(self._path, _version(self.crc32))
        if not mirror.has_room:
            self._path.unlink()


class _Checksummed:
    """A file that sums what is written to it, so that the part is not read again for its checksum."""

    def __init__(self, file: Any, writer: PartWriter) -> None:
        self._file, self._writer = file, writer
        self.closed = False

    def write(self, data: Any) -> int:
        self._writer.crc32 = zlib.crc32(data, self._writer.crc32)
        written: int = self._file.write(data)
        return written

    def flush(self) -> None:
        self._file.flush()


@dataclass(frozen=True, slots=True)
class Part:
    """The rows that a slice has built, or those that it has rejected: a file here, or, where machines share
    the home, an object that any of them has written.
    """

    path: Path
    rows: int
    crc32: int

    @property
    def is_whole(self) -> bool:
        """Whether it is there, byte for byte; one of no rows need not be."""
        if self.rows == 0 or self._is_at(self.path):
            return True
        return mirror_of(self.path).has(self.path, _version(self.crc32))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """In order, each read when it is asked for. What is not here is fetched, and stays while there is
        room.
        """
        if self.rows == 0:
            return
        mirror = mirror_of(self.path)
        if not mirror.shared or self._is_at(self.path):
            yield from read_part(self.path)
            return
        own = self.path.with_name(f"{self.path.name}.{secrets.token_hex(6)}.tmp")
        try:
            mirror.fetch(self.path, _version(self.crc32), to=own)
            if not self._is_at(own):
                mirror.forget(self.path, version=_version(self.crc32))  # or it would be believed again
                raise _damaged(self.path)
            yield from read_part(own.replace(self.path) if mirror.has_room else own)
        except OSError as error:
            raise storage_error(own, error) from error
        finally:
            own.unlink(missing_ok=True)

    def _is_at(self, path: Path) -> bool:
        try:
            with path.open("rb", buffering=0) as file:
                crc, at_once = 0, min(os.fstat(file.fileno()).st_size, _CHUNK)  # of small ones there are many
                while chunk := file.read(at_once):
                    crc = zlib.crc32(chunk, crc)
        except FileNotFoundError:
            return False
        return crc == self.crc32


def _version(crc32: int) -> str:
    """What tells a part from another one of the same slice, built by other contracts, in a mirror."""
    return f"{crc32:08x}"


def read_part(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of a part in order, each read when it is asked for."""
    import pyarrow as pa

    try:
        with path.open("rb") as file, pa.ipc.open_stream(file) as stream:
            yield from stream
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DamagedStateError:
    return DamagedStateError(
        f"the part {path} is gone or damaged",
        hint="Run the same command again: the part is built anew from the page log.",
    )


def with_window(batch: pa.RecordBatch, cell: date) -> pa.RecordBatch:
    """The batch with the column that says which cell of the grid its rows belong to."""
    import pyarrow as pa

    column = pa.repeat(pa.scalar(cell, pa.date32()), batch.num_rows)
    return batch.append_column(WINDOW_COLUMN, column)
