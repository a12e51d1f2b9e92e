"""A page log in the bucket: byte ranges of the local file, as numbered objects that never change.

Records of a page log can be put one behind the other, so the objects in the order of their numbers are the
log again. A segment is closed when it is large enough, or old enough, or when its slice is done: what a crash
can lose is the one that is not closed yet. One goes up after the other, so that there is never a gap.
"""

from __future__ import annotations

import io
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tidegate.utils.mirrors.base import MirrorDamagedError
from tidegate.utils.mirrors.bucket import ABSENT, Bucket, checksum_of


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """A segment is closed at so many bytes, or so many seconds after the first page in it."""

    size: int = 4_000_000
    age_s: float = 10.0


class Segments:
    """Follows one page log. A thread begins with the first page and ends with `close`."""

    def __init__(self, bucket: Bucket, name: str, path: Path, limits: SegmentLimits) -> None:
        self._bucket, self._name, self._path, self._limits = bucket, name, path, limits
        self._count = 0
        self._kept = 0  # bytes of the file that stand in the bucket
        self._end = 0  # bytes of the file that are whole
        self._since: float | None = None  # when the first byte came that is not kept
        self._closing = False
        self._failure: Exception | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def restore(self, expected: int = 0) -> None:
        """Make the local file begin with every segment that there is; `expected` at least.

        Bytes behind them stay: pages that this machine has and the bucket has not. Where the file differs
        from a segment, it is cut there and the bucket's is taken.
        """
        stood = self._path.exists()
        with os.fdopen(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "r+b") as file:
            while self._restore_next(file):
                pass
        if not stood and self._count == 0:
            self._path.unlink()
        if self._count < expected:
            raise MirrorDamagedError(
                f"{self._bucket.shown(self._segment())} is gone, one of {expected} segments of a page log",
                hint="What was fetched can only be fetched again: tidegate run with --new.",
            )

    def _restore_next(self, file: BinaryIO) -> bool:
        name = self._segment()
        file.seek(0, os.SEEK_END)
        if file.tell() > self._kept:
            stored = self._bucket.look(name)
            if stored is None:
                return False
            if checksum_of(Range(file.fileno(), self._kept, self._kept + stored.size)) == stored.crc32c:
                self._count, self._kept = self._count + 1, self._kept + stored.size
                return True
            file.truncate(self._kept)
        file.seek(self._kept)
        stored = self._bucket.copy(name, file)
        if stored is None:
            return False
        self._count, self._kept = self._count + 1, self._kept + stored.size
        return True

    def grown(self, end: int) -> None:
        """The file is whole up to here. Raises what keeping an earlier segment has failed with."""
        with self._changed:
            if self._failure is not None:
                raise self._failure
            self._end = end
            self._since = time.monotonic() if self._since is None else self._since
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tidegate-segments", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> int:
        """Keep what is left, and give the number of segments. Raises what keeping one has failed with."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._count

    def _work(self) -> None:
        try:
            while (end := self._next()) is not None:
                self._keep(end)
        except Exception as error:  # noqa: BLE001 - whichever it is, it is raised where the log is written
            with self._changed:
                self._failure = error

    def _next(self) -> int | None:
        """Wait until a segment is to be closed, and give its end; None when there is nothing left."""
        with self._changed:
            while not self._ripe():
                self._changed.wait(self._left_s())
            return self._end if self._end > self._kept else None

    def _ripe(self) -> bool:
        if self._closing or self._end - self._kept >= self._limits.size:
            return True
        return self._end > self._kept and self._left_s() == 0.0

    def _left_s(self) -> float | None:
        if self._since is None:
            return None
        return max(0.0, self._since + self._limits.age_s - time.monotonic())

    def _keep(self, end: int) -> None:
        begun = time.monotonic()
        with self._path.open("rb") as file:
            content = Range(file.fileno(), self._kept, end)
            self._bucket.swap(self._segment(), content, end - self._kept, ABSENT)
        with self._changed:
            self._count, self._kept = self._count + 1, end
            self._since = begun if self._end > end else None

    def _segment(self) -> str:
        """The name of the next one."""
        return f"{self._name}/{self._count + 1:08d}"


class Range(io.RawIOBase):
    """The bytes from `begin` to `end` of an open file, to be read from whatever its own position is."""

    def __init__(self, fd: int, begin: int, end: int) -> None:
        self._fd, self._begin, self._end = fd, begin, end
        self._at = begin

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at - self._begin

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: self._begin, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = origin + offset
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        left = self._end - self._at
        data = os.pread(self._fd, left if size is None or size < 0 else min(size, left), self._at)
        self._at += len(data)
        return data
