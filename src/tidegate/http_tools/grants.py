"""Grants of long windows, kept in SQLite so that a quota holds over processes and successive runs.

The quota is the vendor's, so its key must be too: origin, credential and bucket. Times are epoch seconds of
this machine's clock; a clock set back makes old grants count longer, never shorter.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tidegate.http_tools.exceptions import QuotaStoreError
from tidegate.utils.sqlite import connect, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS grants (
    quota TEXT NOT NULL, granted_at REAL NOT NULL, slots INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX IF NOT EXISTS grants_by_quota ON grants (quota, granted_at);
"""
# Of a limit above this, grants that lie close together are one row, so that there are never many more rows.
_ROWS = 256


class GrantStore(Protocol):
    """Where the grants of a sliding window are kept when a process ends."""

    def try_acquire(self, quota: str, cost: int, limit: int, window_s: float, now: float) -> float:
        """Grant and stamp `cost` slots and give 0, or hold nothing and give the seconds until it may fit."""
        ...

    def release(self, quota: str, cost: int) -> None:
        """Give back `cost` slots: the oldest, so that what stays counts longer, never shorter."""
        ...


class SqliteGrantStore:
    """Grants in a SQLite file (made private, with its folder, where it is missing).

    One transaction a grant, 50 to 100 microseconds however many are held: for windows of minutes, not for a
    thousand grants a second. Of a limit above 256 the grants of a 256th of the window are one row, which
    counts until its last one has left the window: never too few, and less than 0.4 % too long. Safe from
    threads and from processes at once. A grant survives the process, but not a power cut of the last moment:
    then the vendor's own answer still holds.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock, self._path = threading.Lock(), path
        with self._kept():
            self._db = connect(path, synchronous="NORMAL")
            with transaction(self._db) as db:
                self._make(db)

    @staticmethod
    def _make(db: sqlite3.Connection) -> None:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        columns = {name for _, name, *_ in db.execute("PRAGMA table_info(grants)")}
        if "slots" not in columns:  # a file of a version that wrote a row for every grant
            db.execute("ALTER TABLE grants ADD COLUMN slots INTEGER NOT NULL DEFAULT 1")

    def try_acquire(self, quota: str, cost: int, limit: int, window_s: float, now: float) -> float:
        with self._transaction() as db:
            db.execute("DELETE FROM grants WHERE quota = ? AND granted_at <= ?", (quota, now - window_s))
            # of a clock that was set back since: they count from now, not from a day that may never come
            db.execute(
                "UPDATE grants SET granted_at = ? WHERE quota = ? AND granted_at > ?", (now, quota, now)
            )
            held = self._held(db, quota)
            if held + cost <= limit:
                self._add(db, quota, cost, now, window_s / _ROWS if limit > _ROWS else 0.0)
                return 0.0
            freeing = _freeing(db, quota, held + cost - limit)
        return max(freeing + window_s - now, 0.001)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._kept(), self._lock, transaction(self._db) as db:
            yield db

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise QuotaStoreError(
                f"the grants of the quota in {self._path} cannot be kept: {error}",
                hint="Check the space and the permissions there; without them the quota cannot be counted.",
            ) from error

    @staticmethod
    def _held(db: sqlite3.Connection, quota: str) -> int:
        (held,) = db.execute("SELECT total(slots) FROM grants WHERE quota = ?", (quota,)).fetchone()
        return int(held)

    @staticmethod
    def _add(db: sqlite3.Connection, quota: str, cost: int, now: float, cell_s: float) -> None:
        if cell_s:
            start = now - now % cell_s
            found = db.execute(
                "UPDATE grants SET slots = slots + ?, granted_at = max(granted_at, ?) WHERE rowid ="
                " (SELECT rowid FROM grants WHERE quota = ? AND granted_at >= ? AND granted_at < ? LIMIT 1)",
                (cost, now, quota, start, start + cell_s),
            )
            if found.rowcount:
                return
        db.execute("INSERT INTO grants VALUES (?, ?, ?)", (quota, now, cost))

    def release(self, quota: str, cost: int) -> None:
        with self._transaction() as db:
            for row, slots in db.execute(
                "SELECT rowid, slots FROM grants WHERE quota = ? ORDER BY granted_at LIMIT ?", (quota, cost)
            ).fetchall():
                if slots > cost:
                    db.execute("UPDATE grants SET slots = slots - ? WHERE rowid = ?", (cost, row))
                    return
                db.execute("DELETE FROM grants WHERE rowid = ?", (row,))
                cost -= slots

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _freeing(db: sqlite3.Connection, quota: str, excess: int) -> float:
    """When the grant was given that must expire before `excess` more fit."""
    given = 0.0
    for granted_at, slots in db.execute(
        "SELECT granted_at, slots FROM grants WHERE quota = ? ORDER BY granted_at", (quota,)
    ):
        given = granted_at
        excess -= slots
        if excess <= 0:
            break
    return given
