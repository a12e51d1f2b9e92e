"""Where a refresh token is kept between refreshes and runs."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol, runtime_checkable

from tidegate.http_tools.auth.base import Sealed
from tidegate.utils.errors import SettingsError


class TokenStore(Protocol):
    """Keeps one refresh token. Both methods may block; on an event loop they are called in a thread."""

    def load(self) -> str | None:
        """The token that was saved last; None where none was."""
        ...

    def save(self, token: str) -> None:
        """Keep `token` in place of the last one. When it returns, the token survives a crash."""
        ...


@runtime_checkable
class LeasedTokenStore(Protocol):
    """A store that one process at a time may refresh from: a rotating token must not be used twice."""

    def try_lease(self) -> bool:
        """Take the lease if it is free. Does not wait."""
        ...

    def release(self) -> None:
        """Give it back. Does not wait either: it is called on the event loop itself."""
        ...


class MemoryTokenStore(Sealed):
    """Keeps the token as long as this object lives: for servers that do not rotate, and for tests."""

    def __init__(self) -> None:
        self._token: str | None = None

    def load(self) -> str | None:
        return self._token

    def save(self, token: str) -> None:
        self._token = token


class FileTokenStore(Sealed):
    """Keeps the token in a file that only its owner may read, replaced as a whole and synced to disk.

    The lease is the kernel's lock on `{path}.lock`, free the moment its owner dies: processes of one machine
    may share the file. Raises `SettingsError` for a file that others may read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._fd: int | None = None

    def load(self) -> str | None:
        try:
            fd = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, encoding="utf-8") as file:
            if os.fstat(fd).st_mode & 0o077:
                raise SettingsError(
                    f"{self.path} holds a refresh token and others may read it",
                    hint=f"chmod 600 {self.path}",
                )
            return file.read().strip() or None

    def save(self, token: str) -> None:
        target = self.path.resolve()  # through a link: the file behind it is replaced, not the link
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self._write(fresh, token)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        self._sync(target.parent)

    @staticmethod
    def _write(path: Path, token: str) -> None:
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(token)
            file.flush()
            os.fsync(fd)

    @staticmethod
    def _sync(folder: Path) -> None:
        with suppress(OSError):  # not every file system can sync a folder
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def try_lease(self) -> bool:
        with self._lock:
            if self._fd is not None:
                return False
            lock = self.path.resolve()
            lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(lock.with_name(f"{lock.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return False
            except BaseException:
                os.close(fd)
                raise
            self._fd = fd
            return True

    def release(self) -> None:
        with self._lock:
            fd, self._fd = self._fd, None
        if fd is not None:
            fcntl.flock(fd, fcntl.LOCK_UN)  # a process forked meanwhile has the file open, too
            os.close(fd)

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self.path)!r})"
