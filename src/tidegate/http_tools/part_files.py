"""`.NAME.part`: the unfinished file of a download, and the note beside it that says of what it is a part."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx2

from tidegate.http_tools import origins
from tidegate.http_tools.bodies import RATIO_COUNTS_FROM
from tidegate.http_tools.codings import MOST_LAYERS, CodingError, Decoder, named, readable
from tidegate.http_tools.exceptions import DownloadError, ResponseTooLargeError
from tidegate.utils.errors import ExitCode, is_full

Progress = Callable[[int, int | None], None]

_READ_AT_ONCE = 1 << 16
_A_WHILE = timedelta(seconds=60)
_RANGE = re.compile(r"\s*bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """What a part is a part of: only of the very same version of the very same thing more is asked for.

    `encoding` is the content coding it came in, which later parts need not name again (RFC 9110, 15.3.7).
    """

    url: str
    validator: str
    encoding: str | None = None

    @classmethod
    def of(cls, request: httpx2.Request, response: httpx2.Response) -> Source | None:
        """None where nothing tells versions apart; a weak ETag does not (RFC 9110, 13.1.5)."""
        etag = response.headers.get("etag", "")
        validator = etag if etag.startswith('"') else _strong_date(response.headers)
        encoding = response.headers.get("content-encoding")
        return cls(_named(request), validator, encoding) if validator else None

    def is_of(self, request: httpx2.Request) -> bool:
        return self.url == _named(request)

    def goes_on(self, rest: Source) -> bool:
        """Whether `rest` is of the same, in so far as it says."""
        same = (rest.url, rest.validator) == (self.url, self.validator)
        return same and rest.encoding in (None, self.encoding)


@dataclass
class PartFile:
    """The unfinished file of one download: the sink of its requests. Used by one request at a time."""

    request: httpx2.Request
    to: Path
    max_bytes: int
    max_ratio: float
    progress: Progress | None
    size: int = 0
    resumed: int = 0
    encoding: str | None = None
    _total: int | None = None
    _source: Source | None = None
    _fd: int = field(default=-1, repr=False)
    _spoilt: bool = False
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def _path(self) -> Path:
        return self.to.with_name(f".{self.to.name}.part")

    @property
    def _note(self) -> Path:
        return self.to.with_name(f".{self.to.name}.part.json")

    def open(self) -> None:
        """Take the part of an earlier call that was cut, if there is one. One download a target at a time."""
        if self.to.is_dir():
            raise self._failed(IsADirectoryError(errno.EISDIR, "it is a folder"))
        try:
            fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed(error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_ino != self._path.stat().st_ino:
                raise FileNotFoundError
        except OSError as error:
            os.close(fd)
            raise DownloadError(f"{self.to} is being downloaded already") from error
        with self._lock:
            if self._closed:  # whoever wanted it is gone
                os.close(fd)
                return
            self._fd = fd
            self._source = _read_note(self._note)
            if self._source is not None:
                self.size, self.encoding = os.fstat(fd).st_size, self._source.encoding

    def prepare(self, request: httpx2.Request) -> None:
        """Ask only for what is missing, of the version of which a part is here."""
        for name in ("range", "if-range"):
            request.headers.pop(name, None)
        if self.size and self._source is not None and self._source.is_of(request):
            request.headers["range"] = f"bytes={self.size}-"
            request.headers["if-range"] = self._source.validator

    def takes(self, response: httpx2.Response) -> bool:
        if response.status_code == 416 and self.size:
            self._begin_at(0)  # what is here is no part of it; the next attempt asks for the whole
            raise httpx2.RemoteProtocolError("the rest of the file is not to be had", request=self.request)
        if response.status_code == 202:
            raise DownloadError(
                f"{self.request.method} {self.request.url.path}: 202, the file is not there yet",
                hint="Ask for it until it is: client.poll(...).",
            )
        if response.status_code == 206:
            self._continue(response)
        elif response.is_success:
            self._begin(response)
        else:
            return False
        if self._total is not None and self._total > self.max_bytes:
            raise self._too_large()
        return True

    def _begin(self, response: httpx2.Response) -> None:
        self._begin_at(0)
        length = response.headers.get("content-length", "")
        self._total = int(length) if re.fullmatch(r"\d{1,18}", length) else None
        self._adopt(response)

    def _adopt(self, response: httpx2.Response) -> None:
        """Note of what this is a part, before any of it is here."""
        self.encoding = response.headers.get("content-encoding")
        self._source = Source.of(response.request, response)
        if self._source is not None:
            try:
                _write_note(self._note, self._source)
            except OSError as error:
                raise self._failed(error) from error

    def _continue(self, response: httpx2.Response) -> None:
        came = _RANGE.fullmatch(response.headers.get("content-range", ""))
        if came is None or int(came[1]) != self.size or (self.size and not self._is_same(response)):
            self._begin_at(0)
            raise httpx2.RemoteProtocolError("another part came than was asked for", request=self.request)
        self._begin_at(self.size)
        self._total = None if came[3] == "*" else int(came[3])
        if not self.size:
            self._adopt(response)

    def _is_same(self, response: httpx2.Response) -> bool:
        source = Source.of(response.request, response)
        return source is None or (self._source is not None and self._source.goes_on(source))

    def _begin_at(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
            os.lseek(self._fd, size, os.SEEK_SET)
        except OSError as error:
            raise self._failed(error) from error
        self.size = self.resumed = size

    def write(self, chunk: bytes) -> None:
        if self.size + len(chunk) > self.max_bytes:
            raise self._too_large()
        if self._total is not None and self.size + len(chunk) > self._total:
            self._begin_at(0)
            raise httpx2.RemoteProtocolError("more came than was announced", request=self.request)
        try:
            view = memoryview(chunk)
            while view:
                written = os.write(self._fd, view)
                self.size, view = self.size + written, view[written:]
        except OSError as error:
            raise self._failed(error) from error
        if self.progress is not None:
            self.progress(self.size, self._total)

    @property
    def is_short(self) -> bool:
        """Whether the server has said that there is more."""
        return self._total is not None and self.size < self._total

    def finish(self) -> None:
        """Make it the target, at once and durably."""
        with self._lock:
            if not self._closed:
                self._check()
                self._rename()

    def _check(self) -> None:
        """Raise where the server compressed it and not all of that is here."""
        codings = named(self.encoding or "")
        if not codings or len(codings) > MOST_LAYERS or not all(map(readable, codings)):
            return
        decoder, decoded = Decoder(codings), 0
        try:
            os.lseek(self._fd, 0, os.SEEK_SET)
            while sent := os.read(self._fd, _READ_AT_ONCE):
                for piece in decoder.decode(sent):
                    decoded += len(piece)
                    if decoded > max(RATIO_COUNTS_FROM, self.max_ratio * self.size):
                        raise self._too_large(f"expands to more than {self.max_ratio:g} times what was sent")
            decoder.end()
        except CodingError as error:
            self._spoilt = True
            raise DownloadError(f"{self.request.method} {self.request.url.path}: {error}") from error
        except OSError as error:
            raise self._failed(error) from error

    def _rename(self) -> None:
        try:
            os.fsync(self._fd)
            self._path.replace(self.to)
            self._note.unlink(missing_ok=True)
            folder = os.open(self.to.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._failed(error) from error

    def close(self, *, done: bool) -> None:
        """Keep the part only where it can be gone on from."""
        with self._lock:
            self._closed = True
            if self._fd < 0:
                return
            if not done and (self._spoilt or self._source is None or not self.size):
                self._path.unlink(missing_ok=True)
                self._note.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def _too_large(self, how: str | None = None) -> ResponseTooLargeError:
        self._spoilt = True
        told = how or f"is over {self.max_bytes} bytes"
        return ResponseTooLargeError(f"{self.request.method} {self.request.url.path}: the file {told}")

    def _failed(self, error: OSError) -> DownloadError:
        full = is_full(error)
        problem = DownloadError(
            f"cannot write {self.to}: {'the disk is full' if full else error.strerror}",
            hint="Free some space and run again: it goes on from what has come." if full else None,
        )
        problem.exit_code = ExitCode.TRY_AGAIN if full else ExitCode.FAILED
        return problem


def _named(request: httpx2.Request) -> str:
    """Not by the query, which of a signed address is another each time; the validator tells things apart."""
    return hashlib.sha256(origins.public(request.url).encode()).hexdigest()


def _strong_date(headers: httpx2.Headers) -> str:
    """`Last-Modified` where it stands for one version alone: it is a while older than the answer."""
    try:
        modified = headers["last-modified"]
        old = parsedate_to_datetime(headers["date"]) - parsedate_to_datetime(modified) >= _A_WHILE
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return ""
    return modified if old else ""


def _read_note(path: Path) -> Source | None:
    try:
        note: Any = json.loads(path.read_bytes())
        source = Source(note["url"], note["validator"], note["encoding"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts: tuple[Any, ...] = (source.url, source.validator, source.encoding or "")
    sound = all(isinstance(each, str) and each.isascii() and each.isprintable() for each in texts)
    return source if sound else None


def _write_note(path: Path, source: Source) -> None:
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(json.dumps(asdict(source)).encode())
