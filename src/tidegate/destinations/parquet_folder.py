"""A folder that one process at a time changes, and in which a manifest takes the place of another at once."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tidegate.destinations.exceptions import (
    CommitLostError,
    CommitUnknownError,
    DestinationBusyError,
    DestinationError,
    DestinationUnavailableError,
)
from tidegate.destinations.parquet_manifest import MANIFEST, Manifest, manifest_bytes, read_manifest
from tidegate.utils.home import make_private, sync_folder

_LOCK = ".lock"
_SCRATCH = ".scratch"
_POLL_S = (0.02, 0.5)  # from, up to
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG}


@dataclass(frozen=True)
class Folder:
    path: Path
    busy_wait_s: float
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def changing(self) -> Iterator[Changing]:
        """The right to change the folder, for one block; waits while another process or thread has it.

        Files that the block makes are removed after an error, unless a manifest names them.
        """
        with storage_errors(self.path):
            make_private(self.path)
            fd = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(fd)
            change = Changing(self.path)
            try:
                yield change
            finally:
                change.clean()
        finally:
            os.close(fd)

    def _acquire(self, fd: int) -> None:
        """The kernel frees the lock the moment its owner dies, however it dies."""
        deadline, pause = time.monotonic() + self.busy_wait_s, _POLL_S[0]
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() + pause > deadline:
                    owner = os.pread(fd, 20, 0).decode() or "another one"
                    raise DestinationBusyError(
                        f"{self.path}: process {owner} is changing it, still after {self.busy_wait_s:g} s",
                        hint="wait for it to end, then run again",
                    ) from error
            self.sleep(pause)
            pause = min(pause * 2, _POLL_S[1])
        with storage_errors(self.path):
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)


class Changing:
    """What the holder of the lock may do. `before` is the manifest as it was found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = read_manifest(path)
        self._made: list[str] = []
        self._named = self.before.paths
        # No two attempts ever take the same names, so no file that was left behind is in the way.
        self._prefix = f"{self.before.version + 1}-{secrets.token_hex(4)}"
        self._fresh = path / f".{MANIFEST}.new"
        self._scratch = path / _SCRATCH
        shutil.rmtree(self._scratch, ignore_errors=True)  # of one that was killed

    def create(self, table: str) -> tuple[str, IO[bytes]]:
        """A new file of a table, for its owner alone: its path in the folder, and the file open to write."""
        with storage_errors(self.path):
            make_private(self.path / table)
            name = f"{table}/{self._prefix}-{len(self._made)}.parquet"
            fd = os.open(self.path / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._made.append(name)
        return name, os.fdopen(fd, "wb")

    def scratch(self) -> Path:
        """A private folder that is gone after the change: for what does not fit into memory."""
        with storage_errors(self.path):
            self._scratch.mkdir(mode=0o700, exist_ok=True)
        return self._scratch

    def put(self, manifest: Manifest) -> None:
        """Make this the manifest. Its files are durable already; after this they count, and others do not.

        Raises `CommitUnknownError` where it may have happened, any other error where it has not.
        """
        manifest = replace(manifest, version=self.before.version + 1)
        with storage_errors(self.path):
            for folder in {self.path / Path(name).parent for name in self._made}:
                sync_folder(folder)
            self._write(manifest_bytes(manifest))
            # A file system that only pretends to lock lets two of us come here.
            if read_manifest(self.path).version != self.before.version:
                raise CommitLostError(f"{self.path}: another process changed it at the same time")
            self._named |= manifest.paths  # first: an interrupt after the rename must remove none of them
            self._fresh.replace(self.path / MANIFEST)
        for name in self.before.paths - manifest.paths:
            with suppress(OSError):
                os.utime(self.path / name)  # from now on it counts no more: `abandoned` goes by that time
        try:
            sync_folder(self.path)
        except OSError as error:
            raise CommitUnknownError(
                f"{self.path}: it may not be on disk that the manifest is a new one: {error.strerror}",
                hint="run again with the same run id: it looks up whether the commit landed",
            ) from error

    def _write(self, content: bytes) -> None:
        fd = os.open(self._fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def clean(self) -> None:
        unnamed = [self.path / name for name in self._made if name not in self._named]
        for path in (*unnamed, self._fresh):
            with suppress(OSError):
                path.unlink()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def abandoned(self, before: float) -> list[Path]:
        """Files of tables that the manifest does not name, unchanged since this epoch second."""
        named = {self.path / name for name in self._named}
        found = [path for path in sorted(self.path.glob("*/*.parquet")) if path not in named]
        return [path for path in found if path.stat().st_mtime < before]


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """What the operating system refuses comes out as a `DestinationError`, worth trying again or not."""
    try:
        yield
    except OSError as error:
        text = f"{path}: {error.strerror or error}"
        if error.errno in _NOT_ALLOWED:
            raise DestinationError(text, hint="check the folder and its permissions") from error
        raise DestinationUnavailableError(
            text, hint="nothing landed; free space where there is none, then run again"
        ) from error
