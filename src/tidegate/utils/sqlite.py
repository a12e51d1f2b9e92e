"""SQLite as this project uses it: private files, write-ahead logging, several processes at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_BUSY_S = 30.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)  # and all that tell more precisely what they are


def connect(path: Path, *, synchronous: Literal["NORMAL", "FULL"]) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time; the file is made 0600 where it is missing.

    `FULL` survives a power cut, `NORMAL` the death of the process only. Statements commit by themselves
    unless they stand in a `transaction`. Raises `sqlite3.Error` or `OSError`.
    """
    path.touch(mode=0o600)
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    _write_ahead(db)
    db.execute(f"PRAGMA synchronous={synchronous}")
    return db


def is_full(error: sqlite3.Error) -> bool:
    """Whether there was no room for what was written. Of any errno but ENOSPC SQLite says no more than that
    it could not write.
    """
    code = getattr(error, "sqlite_errorcode", None)
    unwritten = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE)
    return "full" in str(error) or code in unwritten


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """`BEGIN IMMEDIATE` to `COMMIT`: what is read in between is still so when it is written."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _write_ahead(db: sqlite3.Connection) -> None:
    """SQLite's own timeout does not hold here, where another process begins or ends at the same moment."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
