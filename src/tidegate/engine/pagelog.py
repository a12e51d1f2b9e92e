"""The page log: every answer that a route takes as data, durable before anything reads it.

One file a slice, appended in order of arrival:

    record = [zstd skippable frame: crc32, JSON header][zstd frame: body]

so `zstd -dc file` prints the bodies. One checksum covers header and compressed body. A record cut short at
the end of the file is what a crash leaves, and is cut off; damage before that is an error.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.engine.exceptions import DamagedStateError, RequestChangedError, storage_error
from tidegate.utils.errors import TidegateError
from tidegate.utils.home import sync_folder
from tidegate.utils.mirrors.mounts import mirror_of

_MAGIC = 0x184D2A5D
_FRAME = struct.Struct("<III")  # magic, length of what follows in the frame, crc32
_MAGIC_BYTES = struct.pack("<I", _MAGIC)
# Of a row of 268 bytes level 1 costs 0.25 us, -3 0.21 and -7 0.19; they shrink JSON 11, 9 and 7 times.
_LEVEL = -3
_LOOK_AGAIN_S = 0.05
_ENCODER = json.JSONEncoder(default=str)  # `json.dumps` would make one for each of ten thousand slices


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one page stands in the file, and what its header says."""

    offset: int
    compressed: int
    size: int
    status: int
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)


class PageLog:
    """The pages of one slice. `request` says what the slice asks for, in plain values.

    Opening an existing log checks every record. One that is open elsewhere is waited for, by `wait`, and so
    is this one until it is closed, or its process dies. Raises `RequestChangedError` where the log was
    written for another request, `DamagedStateError` where it is damaged before its end, `StorageError` where
    the disk refuses. `segments` are how many a mirror must have of it. May be used from several threads.
    """

    def __init__(
        self,
        path: Path,
        request: Mapping[str, Any],
        *,
        wait: Callable[[float], None] = time.sleep,
        segments: int = 0,
    ) -> None:
        self.path = path
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._durable = 0  # up to this offset, as far as this process knows
        self._lost: OSError | None = None
        self.starts = 1
        fresh = not path.exists()
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise storage_error(path, error) from error
        try:
            self._hold(wait)
            self._mirror = mirror_of(path).follow(path, segments)
            self._end = self._scan(plain(request))
            self._cut_tail()
            if self._end == 0:
                self._append({"v": 1, "request": request}, b"")
                self._sync(self._end)
            if fresh:
                sync_folder(path.parent)
            if self._entries:
                self._mirror.grown(self._end)
        except OSError as error:
            os.close(self._fd)
            raise storage_error(path, error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def _hold(self, wait: Callable[[float], None]) -> None:
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait(_LOOK_AGAIN_S)
            else:
                return

    def __contains__(self, index: int) -> bool:
        return index in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def indexes(self) -> tuple[int, ...]:
        """The positions of the pages that stand in the log."""
        with self._lock:
            return tuple(self._entries)

    def append(
        self,
        index: int,
        status: int,
        params: Mapping[str, Any],
        body: bytes,
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep one page; durable when this returns. `kept` is what else paging needs of it (`Page.kept`)."""
        import pyarrow as pa

        compressed = pa.Codec("zstd", _LEVEL).compress(body, asbytes=True)  # releases the GIL
        header = {"i": index, "s": status, "p": params, "z": len(compressed), "n": len(body)}
        header |= {"k": kept} if kept else {}
        with self._lock:
            offset = self._append(header, compressed)
            self._entries[index] = Entry(offset, len(compressed), len(body), status, kept or {})
        self._sync(offset + len(compressed))

    def read(self, index: int) -> tuple[int, bytes]:
        """Status and body of a page that stands in the log."""
        import pyarrow as pa

        entry = self._entries[index]
        packed = os.pread(self._fd, entry.compressed, entry.offset)
        try:
            return entry.status, pa.Codec("zstd").decompress(packed, entry.size, asbytes=True)
        except OSError as error:  # what pyarrow raises for bytes that rotted since the log was opened
            raise DamagedStateError(
                f"page {index} of the page log {self.path} is damaged",
                hint="Run the same command again: damage in the middle is told, a damaged end is cut.",
            ) from error

    def kept(self, index: int) -> Mapping[str, Any]:
        """What else was kept of a page that stands in the log."""
        return self._entries[index].kept

    def start_over(self) -> None:
        """Forget the pages so far: the listing moved while they were read. Durable when this returns."""
        with self._lock:
            end = self._append({"start": self.starts + 1}, b"")
            self.starts += 1
            self._entries.clear()
        self._sync(end)

    def seal(self) -> int:
        """No more pages: have all of it kept, and give the number of segments. Blocks until it is."""
        return self._mirror.close()

    def close(self) -> None:
        with suppress(TidegateError, OSError):  # who needs it to be kept has sealed it, and was told
            self._mirror.close()
        os.close(self._fd)

    def _append(self, header: Mapping[str, Any], compressed: bytes) -> int:
        """Write one record; give the offset of its body, which ends it. It is durable after `_sync`."""
        text = json.dumps(header, separators=(",", ":"), default=str).encode()
        crc = zlib.crc32(compressed, zlib.crc32(text))
        record = _FRAME.pack(_MAGIC, 4 + len(text), crc) + text + compressed
        try:
            view, at = memoryview(record), self._end
            while view:
                written = os.pwrite(self._fd, view, at)
                view, at = view[written:], at + written
        except OSError as error:
            raise storage_error(self.path, error) from error
        self._end += len(record)
        return self._end - len(compressed)

    def _sync(self, end: int) -> None:
        """Return when the log is durable up to `end`. One sync serves all who have written before it began,
        which is what makes small pages cheap.
        """
        with self._syncing:
            if self._durable >= end:
                return
            if self._lost is not None:  # a second sync would succeed, and the bytes be gone all the same
                raise storage_error(self.path, self._lost) from self._lost
            written = self._end
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                self._lost = error
                raise storage_error(self.path, error) from error
            self._durable = written
            if self._entries or self.starts > 1:  # before the first page the request may yet be mended
                self._mirror.grown(written)

    def _scan(self, request: Any) -> int:
        """Read what stands; give the offset behind the last whole record (0 to begin the log anew)."""
        offset, size, logged = 0, os.fstat(self._fd).st_size, request
        while offset < size:
            record = _record(self._fd, offset, size)
            if record is None:
                self._check_nothing_follows(offset, size)
                break
            header, body, length = record
            if offset == 0:
                logged = header.get("request")
            elif "start" in header:
                self.starts = header["start"]
                self._entries.clear()
            else:
                at = offset + length - len(body)
                kept = header.get("k", {})
                self._entries[header["i"]] = Entry(at, len(body), header["n"], header["s"], kept)
            offset += length
        if logged != request:
            self._refuse_pages_of(logged, request)
            return 0
        return offset

    def _check_nothing_follows(self, offset: int, size: int) -> None:
        """A torn tail has no whole record behind it; damage in the middle has."""
        rest = os.pread(self._fd, size - offset, offset)
        at = rest.find(_MAGIC_BYTES, 1)
        while at >= 0:
            if _record(self._fd, offset + at, size) is not None:
                raise DamagedStateError(
                    f"the page log {self.path} is damaged at byte {offset}, with whole pages behind that",
                    hint="Restore the file, or start a new run with --new; the old run cannot be resumed.",
                )
            at = rest.find(_MAGIC_BYTES, at + 1)

    def _cut_tail(self) -> None:
        if os.fstat(self._fd).st_size > self._end:
            os.ftruncate(self._fd, self._end)
            os.fdatasync(self._fd)

    def _refuse_pages_of(self, logged: Any, request: Any) -> None:
        if not self._entries and self.starts == 1:  # nothing came of it: the base URL was wrong, and mended
            return
        changed = difference(logged, request)
        raise RequestChangedError(
            f"this run began with another request: {changed} (page log {self.path.name})",
            hint="Begin a new run with --new, or undo the change to resume this one.",
        )


def _record(fd: int, offset: int, size: int) -> tuple[dict[str, Any], bytes, int] | None:
    """Header, body and whole length of the record at `offset`; None where there is no whole one."""
    frame = os.pread(fd, _FRAME.size, offset)
    if len(frame) < _FRAME.size:
        return None
    magic, length, crc = _FRAME.unpack(frame)
    begin = offset + _FRAME.size
    if magic != _MAGIC or length < 4 or begin + length - 4 > size:
        return None
    text = os.pread(fd, length - 4, begin)
    try:
        header = json.loads(text)
        body = os.pread(fd, header.get("z", 0), begin + len(text))
    except (ValueError, AttributeError, TypeError, OverflowError):
        return None
    if len(body) != header.get("z", 0) or zlib.crc32(body, zlib.crc32(text)) != crc:
        return None
    return header, body, _FRAME.size + len(text) + len(body)


@dataclass(frozen=True, slots=True)
class Logged:
    """One page as the log keeps it; `header` is all that its record says beside the body."""

    header: Mapping[str, Any]
    body: bytes = field(repr=False)


def logged_request(path: Path) -> Any:
    """What a log was written for. Raises `DamagedStateError` where it is gone, or no page log."""
    try:
        mirror_of(path).fetch_log(path)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise DamagedStateError(
            f"the page log {path} is gone", hint="What was fetched can only be fetched again: tidegate run."
        ) from error
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        first = _record(fd, 0, os.fstat(fd).st_size)
    finally:
        os.close(fd)
    if first is None or "request" not in first[0]:
        raise DamagedStateError(f"{path} is no page log")
    return first[0]["request"]


def read_log(path: Path) -> tuple[Mapping[str, Any], list[Logged]]:
    """What a log was written for, and the pages of its last start, in order of arrival. Nothing is changed.

    Raises `DamagedStateError` where the file is no page log; a record cut short at its end is left out.
    """
    import pyarrow as pa

    mirror_of(path).fetch_log(path)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        first = _record(fd, 0, size)
        if first is None or "request" not in first[0]:
            raise DamagedStateError(f"{path} is no page log")
        pages: dict[int, Logged] = {}
        offset = first[2]
        while (record := _record(fd, offset, size)) is not None:
            header, packed, length = record
            offset += length
            if "start" in header:
                pages.clear()
            else:
                body = pa.Codec("zstd").decompress(packed, header["n"], asbytes=True)
                pages[header["i"]] = Logged(header, body)
    finally:
        os.close(fd)
    return first[0]["request"], list(pages.values())


def plain(value: Mapping[str, Any]) -> Any:
    """As it reads back from JSON, so that it compares with what was stored."""
    return json.loads(_ENCODER.encode(value))


def difference(before: Any, now: Any) -> str:
    """What differs between two requests, for a person."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return f"{before} became {now}"
    keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    return ", ".join(f"{key}: {before.get(key)} became {now.get(key)}" for key in keys)
