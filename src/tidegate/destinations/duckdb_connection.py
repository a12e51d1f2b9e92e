"""Opening a DuckDB file that other processes may hold, and what its errors mean."""

from __future__ import annotations

import glob
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.destinations.exceptions import (
    CommitLostError,
    DestinationBusyError,
    DestinationError,
    DestinationUnavailableError,
)
from tidegate.utils.home import sync_folder

if TYPE_CHECKING:
    import duckdb

_POLL_S = (0.02, 0.5)  # from, up to
_OWNER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")

_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


def _lock_of(path: Path) -> threading.Lock:
    """One lock a file and process: DuckDB lets threads share a file, but not with different settings."""
    with _locks_guard:
        return _locks.setdefault(os.path.realpath(path), threading.Lock())


@dataclass(frozen=True)
class DuckDBFile:
    """A file and how to open it. The connection is open, and the file locked, only inside `opened()`."""

    path: Path
    busy_wait_s: float
    memory_limit: str
    threads: int | None
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def opened(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection; what the block leaves uncommitted is rolled back. Blocks while others hold the file.

        An error of DuckDB's in the block comes out as a `DestinationError`.
        """
        import duckdb

        with _lock_of(self.path):
            if not read_only and not self.path.exists():
                self._create()
            connection = self._connect(read_only)
            try:
                self._configure(connection)
                yield connection
            except duckdb.Error as error:
                raise translated(error, str(self.path)) from error
            finally:
                connection.close()

    def _configure(self, connection: duckdb.DuckDBPyConnection) -> None:
        # Settings are SET, not given to connect(): TimeZone fails there where ICU is not at hand, and a file
        # that the caller's own process has open refuses other settings.
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{self.memory_limit}'")
        # Less memory and no second pass over what was written: measured. Order is never relied upon.
        connection.execute("SET preserve_insertion_order = false")
        if self.threads is not None:
            connection.execute(f"SET threads = {int(self.threads)}")

    def _connect(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        deadline, pause = time.monotonic() + self.busy_wait_s, _POLL_S[0]
        while True:
            try:
                return duckdb.connect(str(self.path.absolute()), read_only=read_only)
            except duckdb.Error as error:
                if not _is_busy(error):
                    raise translated(error, str(self.path)) from error
                if time.monotonic() + pause > deadline:
                    raise self._busy(error) from error
            self.sleep(pause)
            pause = min(pause * 2, _POLL_S[1])

    def _busy(self, error: Exception) -> DestinationBusyError:
        owner = _OWNER.search(str(error))
        who = (
            f"process {owner['pid']} ({owner['program']})" if owner else "this process, with other settings,"
        )
        return DestinationBusyError(
            f"{self.path}: {who} has it open, still after {self.busy_wait_s:g} s",
            hint="close it there, then run again",
        )

    def _create(self) -> None:
        """Put an empty database at the path, whole from the first moment.

        DuckDB itself makes the file empty and then writes the header: killed in between, it leaves a file
        that it refuses to open for ever after.
        """
        import duckdb

        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}.{threading.get_ident()}.new")
        try:
            duckdb.connect(str(fresh.absolute())).close()
            with suppress(FileExistsError):  # another process was faster, with as empty a file
                os.link(fresh, self.path)
            sync_folder(self.path.parent)
        except duckdb.Error as error:
            raise translated(error, str(self.path)) from error
        except OSError:  # no hard links here: DuckDB creates it in place
            return
        finally:
            with suppress(OSError):
                fresh.unlink()

    def abandoned(self, before: float) -> list[Path]:
        """What processes have left that were killed in `_create` before this epoch second."""
        found = self.path.absolute().parent.glob(f".{glob.escape(self.path.name)}.*.new*")
        return sorted(each for each in found if each.is_file() and each.stat().st_mtime < before)


def _is_busy(error: Exception) -> bool:
    text = str(error)
    return "Could not set lock on file" in text or "with a different configuration" in text


def is_conflict(error: Exception) -> bool:
    """Whether another transaction won, in the spellings that DuckDB has for it."""
    text = str(error).lower()
    return "conflict" in text or "constraint violation" in text


def translated(error: Exception, where: str) -> DestinationError:
    """Our error for one of DuckDB's that came before any COMMIT: nothing landed."""
    import duckdb

    text = _brief(error)
    if isinstance(error, duckdb.TransactionException) and is_conflict(error):
        return CommitLostError(f"{where}: another transaction came first ({text})")
    if isinstance(error, duckdb.OutOfMemoryException):
        return DestinationError(
            f"{where}: {text}", hint="raise memory_limit, or free space for temporary files"
        )
    if "not a valid DuckDB database" in text:
        return DestinationError(f"{where}: not a DuckDB database", hint="name another file")
    if isinstance(error, (duckdb.IOException, duckdb.FatalException)):
        return DestinationUnavailableError(f"{where}: {text}")
    return DestinationError(f"{where}: {text}")


def _brief(error: Exception) -> str:
    """The first line, short of the values that DuckDB quotes: what follows is the statement."""
    return str(error).strip().split("\n", 1)[0].split(" Input:", 1)[0]
