"""What the state folder holds, run by run, and taking away what nothing needs any more.

Of a run that is taken away its plan and its record stay, which are small; its page logs, parts, rejected rows
and profiles go. Nothing goes by itself: only `tidegate gc` calls this.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tidegate.destinations.base import Destination, LeavesFiles
from tidegate.engine.exceptions import LockHeldError, storage_error
from tidegate.engine.holdings import Holdings, size_of
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.locks import run_lock
from tidegate.utils.amounts import shown_size
from tidegate.utils.errors import TidegateError
from tidegate.utils.home import Home

_ALL = -1  # SQLite's limit for no limit
# Temporary files that no lock tells about live for seconds; older ones are a dead process's.
_ABANDONED_S = 3600.0

_Fate = Literal["removed", "kept", "kept unless over the cap"]


@dataclass(frozen=True)
class Keeping:
    """Seconds that a finished run's files are kept, bytes that the state folder may take, and, to take those
    of unfinished runs as well, the seconds since they were last touched (None: never).
    """

    keep_s: float
    max_bytes: int
    unfinished_s: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of the files of one run, and why. Nothing is told of a run that has none left."""

    run: str
    bytes: int
    removed: bool
    why: str


@dataclass
class Swept:
    """All that was (or, of a dry run, would be) removed. `files` are abandoned temporary ones."""

    runs: list[Told] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    bytes_removed: int = 0
    bytes_left: int = 0


@dataclass
class Housekeeping:
    """`open_destination` takes what the ledger calls a destination, and may raise a `TidegateError`."""

    home: Home
    keeping: Keeping
    open_destination: Callable[[str], Destination]
    dry_run: bool = False
    now: Callable[[], float] = time.time
    _masked: dict[str, Counter[str]] = field(default_factory=dict)  # by destination: rows of each run
    _holdings: Holdings = field(init=False)

    def sweep(self) -> Swept:
        """Raises `StorageError` where the folder cannot be changed; what was removed before stays so."""
        self._holdings = Holdings(self.home)
        swept = Swept(bytes_left=self._holdings.total)
        if not self.home.root.is_dir():
            return swept
        with Ledger(self.home) as ledger:
            rows = {row.run_id: row for row in ledger.runs(_ALL)}
            early = [
                each for folder in self._folders(rows) if (each := self._first(ledger, folder, rows, swept))
            ]
            for folder, why in early:
                self._if_over_cap(ledger, folder, why, swept)
            self._abandoned(rows, swept)
        return swept

    def _first(
        self, ledger: Ledger, folder: Path, rows: dict[str, RunRow], swept: Swept
    ) -> tuple[Path, str] | None:
        """Remove or keep one run; gives it back where that hangs on how much is left of the others."""
        with self._free(ledger, folder) as held:
            if held is not None:
                swept.runs.append(Told(folder.name, self._holdings.size(folder), False, held))
                return None
            # half-written by a process that is gone: nobody else is at work
            work = self._holdings.work(folder)
            self._delete([each.path for each in work if each.path.suffix == ".tmp"], swept)
            fate, why = self._judge(folder, ledger.run(folder.name), rows)
            if fate == "removed":
                self._take(folder, why, swept)
            elif fate == "kept":
                swept.runs.append(Told(folder.name, self._holdings.size(folder), False, why))
            return (folder, why) if fate == "kept unless over the cap" else None

    def _if_over_cap(self, ledger: Ledger, folder: Path, why: str, swept: Swept) -> None:
        cap = self.keeping.max_bytes
        with self._free(ledger, folder) as held:
            if swept.bytes_left > cap and held is None:
                self._take(folder, f"{why}, over the cap of {shown_size(cap)}", swept)
            else:
                swept.runs.append(Told(folder.name, self._holdings.size(folder), False, held or why))

    def _take(self, folder: Path, why: str, swept: Swept) -> None:
        count = self._holdings.size(folder)
        swept.runs.append(Told(folder.name, count, True, why))
        swept.bytes_removed += count
        swept.bytes_left -= count
        if not self.dry_run:
            self._holdings.remove(folder)

    def _folders(self, rows: dict[str, RunRow]) -> list[Path]:
        """Of runs that have files left, the least recently used first."""
        return sorted(self._holdings.folders(), key=lambda each: self._used(each, rows.get(each.name)))

    def _used(self, folder: Path, row: RunRow | None) -> float:
        """When a run was last at work, in epoch seconds."""
        ended = row.finished_at if row else None
        return max(self._holdings.touched_s(folder), ended.timestamp() if ended else 0.0)

    def _judge(self, folder: Path, row: RunRow | None, rows: dict[str, RunRow]) -> tuple[_Fate, str]:
        idle_s = self.now() - self._used(folder, row)
        if row is None or not row.finished:
            what = "not in the ledger" if row is None else "unfinished"
            aged = self.keeping.unfinished_s is not None and idle_s > self.keeping.unfinished_s
            return ("removed" if aged else "kept"), f"{what}, untouched for {_age(idle_s)}"
        again = [each for each in rows.values() if each.arguments.get("replay") == row.run_id]
        needed = self._quarantined(row, again)
        if needed is not None:
            return "kept", needed
        past = idle_s > self.keeping.keep_s
        return ("removed" if past else "kept unless over the cap"), f"finished {_age(idle_s)} ago"

    def _quarantined(self, row: RunRow, again: list[RunRow]) -> str | None:
        """Why rows in quarantine need the pages of this run and its replays, if they do."""
        if not any(task["rows_quarantined"] for each in (row, *again) for task in _tasks(each)):
            return None
        where = str(row.arguments.get("to", row.destination))
        try:
            destination = self.open_destination(where)
            if where not in self._masked:
                self._masked[where] = Counter(
                    each.run_id for each in destination.quarantine() if not each.raw
                )
            landed = [str(task["commit_id"]) for task in _tasks(row) if task["exit_code"] in (0, 10)]
            if not all(destination.landed(each) for each in landed):
                return f"it had rows in quarantine, and {destination.name} does not know it"
        except TidegateError as error:
            return f"its rows in quarantine cannot be looked at: {error}"
        count = self._masked[where][row.run_id]
        what = "1 row" if count == 1 else f"{count:,} rows"
        return f"{what} in quarantine can only be replayed from its pages" if count else None

    @contextmanager
    def _free(self, ledger: Ledger, folder: Path) -> Iterator[str | None]:
        """The run's lock for the block, or who has it."""
        try:
            lock = run_lock(self.home, ledger, folder.name)
        except LockHeldError as error:
            yield str(error)
            return
        try:
            yield None
        finally:
            lock.release()

    def _abandoned(self, rows: dict[str, RunRow], swept: Swept) -> None:
        before = self.now() - _ABANDONED_S
        own = [*self.home.root.glob("drift/*/*.tmp"), *self.home.root.glob("runs/*/*.tmp")]
        self._delete([each for each in own if each.is_file() and each.stat().st_mtime < before], swept)
        for where in sorted({str(row.arguments["to"]) for row in rows.values() if "to" in row.arguments}):
            try:
                destination = self.open_destination(where)
            except TidegateError:  # a kind that this version does not know: not ours to tidy
                continue
            if isinstance(destination, LeavesFiles):
                self._delete(destination.abandoned(datetime.fromtimestamp(before, UTC)), swept, state=False)

    def _delete(self, files: list[Path], swept: Swept, *, state: bool = True) -> None:
        """`state` where they lie in the state folder."""
        for each in files:
            try:
                count = each.stat().st_size
                if not self.dry_run:
                    each.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise storage_error(each, error) from error
            swept.files.append(each)
            swept.bytes_removed += count
            swept.bytes_left -= count if state else 0


def over_cap(home: Home, max_bytes: int) -> str | None:
    """One line about a state folder that is too large; None where it is not."""
    if home.mirror.shared:  # a bucket is not listed for this after every run
        return None
    held = size_of(home.root)
    if held <= max_bytes:
        return None
    return (
        f"{home.root} holds {shown_size(held)}, more than max_state = {shown_size(max_bytes)}:"
        " `tidegate gc` removes what runs no longer need"
    )


def _tasks(row: RunRow) -> list[dict[str, object]]:
    tasks: list[dict[str, object]] = row.summary["tasks"] if row.summary else []
    return tasks


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds) // size:,} {unit}"
    return f"{max(int(seconds), 0)} s"
