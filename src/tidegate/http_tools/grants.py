"""Grants of long windows, kept in SQLite so that a quota holds over processes and successive runs.

The quota is the vendor's, so its key must be too: origin, credential and bucket. Times are epoch seconds of
this machine's clock; a clock set back makes old grants count longer, never shorter.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from tidegate.utils.sqlite import connect, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS grants (quota TEXT NOT NULL, granted_at REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS grants_by_quota ON grants (quota, granted_at);
"""


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

    One transaction a grant, about 50 microseconds: for windows of minutes, not for a thousand grants a
    second. Safe from threads and from processes at once. A grant survives the process, but not a power cut
    of the last moment: then the vendor's own answer still holds.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = connect(path, synchronous="NORMAL")
        self._db.executescript(_SCHEMA)

    def try_acquire(self, quota: str, cost: int, limit: int, window_s: float, now: float) -> float:
        with self._lock, transaction(self._db) as db:
            db.execute("DELETE FROM grants WHERE quota = ? AND granted_at <= ?", (quota, now - window_s))
            (held,) = db.execute("SELECT count(*) FROM grants WHERE quota = ?", (quota,)).fetchone()
            if held + cost <= limit:
                db.executemany("INSERT INTO grants VALUES (?, ?)", [(quota, now)] * cost)
                return 0.0
            # the grant that must expire before this one fits
            (freeing,) = db.execute(
                "SELECT granted_at FROM grants WHERE quota = ? ORDER BY granted_at LIMIT 1 OFFSET ?",
                (quota, min(held + cost - limit, held) - 1),
            ).fetchone()
        return max(float(freeing) + window_s - now, 0.001)

    def release(self, quota: str, cost: int) -> None:
        with self._lock, transaction(self._db) as db:
            db.execute(
                "DELETE FROM grants WHERE rowid IN"
                " (SELECT rowid FROM grants WHERE quota = ? ORDER BY granted_at LIMIT ?)",
                (quota, cost),
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()
