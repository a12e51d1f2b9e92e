"""The ledger: what ran here, and who holds what. SQLite in TIDEGATE_HOME, durable at every write.

An audit and a cache: the truth about a task's cursor is in the destination, and that of a run in its folder.
Where the file is lost it is made anew from these folders: what is gone then are the grants of long quota
windows and who held a lease, not a run and not a row.
"""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate.engine.elsewhere import elsewhere
from tidegate.engine.exceptions import StorageError, storage_error
from tidegate.engine.run_files import RunRow, rows_of, write_begun, write_ended
from tidegate.utils.home import Home
from tidegate.utils.sqlite import connect, is_full, transaction

_SCHEMA = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, arguments TEXT NOT NULL, destination TEXT NOT NULL,
        started_at TEXT NOT NULL, finished_at TEXT, exit_code INTEGER, summary TEXT
    ) STRICT
    """,
    """
    CREATE TABLE leases (
        key TEXT PRIMARY KEY, owner TEXT NOT NULL, pid INTEGER NOT NULL, epoch INTEGER NOT NULL,
        at TEXT NOT NULL
    ) STRICT
    """,
)

__all__ = ["Ledger", "RunRow"]


class Ledger:
    """Opened for as long as a command works. May be used from several threads."""

    def __init__(self, home: Home) -> None:
        path = home.ledger
        self.path, self._home, self._elsewhere = path, home, elsewhere(home)
        self._lock = threading.Lock()
        try:
            self._db = connect(path, synchronous="FULL")
            if not self._made():
                self._make()
        except (sqlite3.Error, OSError) as error:
            raise _failure(path, error) from error

    def _made(self) -> bool:
        return bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchall())

    def _make(self) -> None:
        """All at once, with what the runs' folders tell: a process that dies here leaves nothing half."""
        with transaction(self._db) as db:
            if self._made():  # by another process, meanwhile
                return
            for statement in _SCHEMA:
                db.execute(statement)
            self._adopt(db, rows_of(self._home))

    @staticmethod
    def _adopt(db: sqlite3.Connection, rows: Iterable[RunRow]) -> None:
        for row in rows:
            values = (
                row.run_id,
                row.workflow,
                _json(row.arguments),
                row.destination,
                row.started_at.isoformat(),
                row.finished_at and row.finished_at.isoformat(),
                row.exit_code,
                None if row.summary is None else _json(row.summary),
            )
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " finished_at = excluded.finished_at, exit_code = excluded.exit_code,"
                " summary = excluded.summary WHERE excluded.finished_at IS NOT NULL",
                values,
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- runs

    def begin(self, run_id: str, workflow: str, arguments: dict[str, Any], destination: str) -> None:
        """Note that a run has begun, in its folder and here; a known id is left as it is."""
        row = RunRow(run_id, workflow, arguments, destination, datetime.now(UTC), None, None, None)
        write_begun(self._home, row)
        self._elsewhere.begun(run_id)
        self.adopt([row])

    def finish(self, run_id: str, exit_code: int, summary: dict[str, Any]) -> None:
        """Note how an attempt ended: in the run's folder first, or else a ledger that is made anew from it
        would take a run that has loaded for one to resume.
        """
        at = datetime.now(UTC)
        write_ended(self._home, run_id, at, exit_code, summary)
        self._elsewhere.ended(run_id)
        with self._write() as db:
            db.execute(
                "UPDATE runs SET finished_at = ?, exit_code = ?, summary = ? WHERE run_id = ?",
                (at.isoformat(), exit_code, _json(summary), run_id),
            )

    def adopt(self, rows: Iterable[RunRow]) -> None:
        """Put in what is not known here yet, as if it had run here, and how these have ended."""
        with self._write() as db:
            self._adopt(db, rows)

    def run(self, run_id: str) -> RunRow | None:
        self.adopt(self._elsewhere.run(run_id))
        rows = self._runs("WHERE run_id = ?", (run_id,))
        return rows[0] if rows else None

    def runs(self, limit: int = 20) -> list[RunRow]:
        """The latest runs, newest first."""
        self.adopt(self._elsewhere.latest(limit))
        return self._runs("ORDER BY started_at DESC, rowid DESC LIMIT ?", (limit,))

    def unfinished(self, workflow: str, arguments: dict[str, Any]) -> RunRow | None:
        """The latest run of the same command that has not loaded everything, if no later one has."""
        self.adopt(self._elsewhere.of_command(workflow, arguments))
        rows = self._runs(
            "WHERE workflow = ? AND arguments = ? ORDER BY started_at DESC, rowid DESC LIMIT 1",
            (workflow, _json(arguments)),
        )
        return rows[0] if rows and not rows[0].finished else None

    def _runs(self, tail: str, parameters: tuple[Any, ...]) -> list[RunRow]:
        columns = "run_id, workflow, arguments, destination, started_at, finished_at, exit_code, summary"
        with self._lock:
            rows = self._db.execute(f"SELECT {columns} FROM runs {tail}", parameters).fetchall()  # noqa: S608
        return [
            RunRow(
                run_id,
                workflow,
                json.loads(arguments),
                destination,
                datetime.fromisoformat(started),
                datetime.fromisoformat(finished) if finished else None,
                code,
                json.loads(summary) if summary else None,
            )
            for run_id, workflow, arguments, destination, started, finished, code, summary in rows
        ]

    # -- leases

    def lease(self, key: str, owner: str, pid: int, grab: Callable[[str | None], bool]) -> int:
        """Note a new owner and give its fencing epoch, one higher than the last owner's.

        `grab` takes the lock itself, given the last owner, while no other process is at this place. It says
        whether the owner is a new one (where it is not, the epoch stays), or raises what this then raises.
        """
        with self._write() as db:
            found = self._holder(key)
            is_new = grab(found[0] if found else None)
            (epoch,) = db.execute(
                "INSERT INTO leases VALUES (?, ?, ?, 1, ?) ON CONFLICT (key) DO UPDATE SET"
                " owner = excluded.owner, pid = excluded.pid, epoch = epoch + ?, at = excluded.at"
                " RETURNING epoch",
                (key, owner, pid, _now(), int(is_new)),
            ).fetchone()
        return int(epoch)

    def holder(self, key: str) -> tuple[str, int, int] | None:
        """Owner, process id and epoch of the last to take the lease."""
        with self._lock:
            return self._holder(key)

    def _holder(self, key: str) -> tuple[str, int, int] | None:
        row: tuple[str, int, int] | None = self._db.execute(
            "SELECT owner, pid, epoch FROM leases WHERE key = ?", (key,)
        ).fetchone()
        return row

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with transaction(self._db) as db:
                    yield db
            except sqlite3.Error as error:
                raise _failure(self.path, error) from error


def _failure(path: Path, error: sqlite3.Error | OSError) -> StorageError:
    if isinstance(error, OSError):
        return storage_error(path, error)
    if is_full(error):
        return storage_error(path, OSError(errno.ENOSPC, str(error)))
    return StorageError(
        f"the ledger {path} cannot be used: {error}",
        hint="If it is damaged, move it away: it is made anew, and no row of a table depends on it.",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
