"""What the tests of kills and full disks share: scenes to begin from, and what must be true at the end."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from tests.engine.crash_forks import Forks
from tests.engine.crash_scene import Job, Way
from tests.engine.crash_steps import ASKED, RESULT, SAID, Fault, When
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.pagelog import read_log
from tidegate.engine.report import RunReport
from tidegate.utils.errors import TidegateError
from tidegate.utils.home import Home

KILLED = -signal.SIGKILL
WAYS: tuple[Way, ...] = get_args(Way)
Asked = frozenset[tuple[str, str]]
_LEFT_OUT = {"id", "run_id", "loaded_at", "committed_at"}  # what differs between runs that did the same


@dataclass(frozen=True)
class Outcome:
    """What a run has left, without what tells one run from another."""

    table: list[tuple[Any, ...]]
    quarantine: list[tuple[Any, ...]]
    sums: tuple[int, ...]
    code: int


@dataclass
class World:
    """One way to write, with or without broken rows. `base` is the folder that day 1 has left."""

    forks: Forks
    folder: Path
    write: Way
    broken: bool
    base: Path = field(init=False)
    expected: Outcome = field(init=False)
    runs_before: set[str] = field(init=False)
    counts: dict[str, int] = field(init=False)
    halves: set[str] = field(init=False)
    _made: int = 0

    def __post_init__(self) -> None:
        self.base = self.folder / "base"
        self.base.mkdir(parents=True)
        assert self.forks.play(Job(str(self.base), self.write, self.broken, day=1)) == 0, said(self.base)
        self.runs_before = {path.name for path in (self.base / "home" / "runs").iterdir()}
        calm = self.scene()
        code = self.forks.play(calm.job)
        assert code == (10 if self.broken else 0), said(calm.folder)
        self.expected = calm.outcome(code)
        result = json.loads((calm.folder / RESULT).read_text())
        self.counts, self.halves = result["counts"], set(result["halves"])
        # pages that arrive together share a sync, so a log has two at least, and no run need have more
        logs = [path for path in calm.folder.rglob("*.pages") if not self.runs_before & set(path.parts)]
        fewest = sum(1 + bool(read_log(path)[1]) for path in logs)
        self.counts["sync pages"] = min(self.counts["sync pages"], fewest)

    def come_to_day_2(self) -> None:
        """From here on scenes begin where a run of day 2, of the id `day-2`, has ended."""
        played = self.scene()
        played.job = replace(played.job, run_id="day-2")
        assert played.play() == self.expected.code, said(played.folder)
        self.base = played.folder

    def scene(self) -> Played:
        """A new folder as day 1 has left it."""
        self._made += 1
        folder = self.folder / str(self._made)
        shutil.copytree(self.base, folder)
        return Played(self, folder, Job(str(folder), self.write, self.broken))

    def moments(self) -> list[tuple[str, When]]:
        """Every step that a run takes here, in the order in which it first does, and when it can be cut."""
        cuts: list[When] = ["before", "after", "half"]
        return [(step, when) for step in self.counts for when in cuts[: 2 + (step in self.halves)]]


@dataclass
class Played:
    """One folder through several processes."""

    world: World
    folder: Path
    job: Job

    def to(self, act: str) -> Played:
        self.job = replace(self.job, act=act, run_id="day-2")
        return self

    def counts(self) -> dict[str, int]:
        """The steps that the process took that ended here."""
        counted: dict[str, int] = json.loads((self.folder / RESULT).read_text())["counts"]
        return counted

    def play(self, fault: Fault | None = None) -> int:
        """The same command, again, under a fault."""
        job = self.job if fault is None else self.job.struck_by(fault)
        stood, before = self.logged(), len(self.asked())
        code = self.world.forks.play(job)
        again = stood & set(self.asked()[before:])
        assert not again, f"{sorted(map(sorted, again))} stood in the page log and were asked for again"
        return code

    def kills(self, *faults: Fault) -> list[Fault]:
        """The same command under one fault after the other, while it has anything to do; those that hit."""
        hit = []
        for fault in faults:
            if self.play(fault) == KILLED:
                hit.append(fault)
            if self._over() is not None:
                break
        return hit

    def _over(self) -> int | None:
        """The exit code of the run of day 2, where it has ended."""
        last = self.last_run()
        return last.exit_code if last is not None and last.finished else None

    def finish(self) -> Outcome:
        """Resume where there is anything to resume, which takes one run; check what it says of itself."""
        code = self._over()
        if code is None:
            code = self.play()
        return self.outcome(code)

    def last_run(self) -> RunRow | None:
        """The latest run of day 2."""
        with Ledger(Home(self.folder / "home")) as ledger:
            rows = ledger.runs()
        return next((row for row in rows if row.run_id not in self.world.runs_before), None)

    def outcome(self, code: int) -> Outcome:
        last = self.last_run()
        assert last is not None, said(self.folder)
        assert last.summary is not None, said(self.folder)
        (report,) = RunReport.from_summary(last.summary).tasks
        assert report.accounted, report
        sums: tuple[int, ...] = (
            report.rows_fetched,
            report.rows_loaded,
            report.rows_superseded,
            report.rows_dropped,
        )
        sums = (*sums, report.rows_quarantined, report.rows_deleted)
        return Outcome(self.table(last.run_id), self.quarantine(), sums, code)

    def quarantine(self) -> list[tuple[Any, ...]]:
        rows = DuckDBDestination(self.folder / "warehouse.duckdb").quarantine()
        named = [sorted((name, str(value)) for name, value in asdict(row).items()) for row in rows]
        return sorted(tuple(pair for pair in row if pair[0] not in _LEFT_OUT) for row in named)

    def table(self, run_id: str) -> list[tuple[Any, ...]]:
        import duckdb

        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as db:
            sql = (
                "SELECT * EXCLUDE (_tidegate_run, _tidegate_loaded_at), _tidegate_run = ? FROM orders"
                " ORDER BY ALL"
            )
            return db.execute(sql, [run_id]).fetchall()

    def asked(self) -> list[Asked]:
        log = self.folder / ASKED
        return [frozenset(map(tuple, json.loads(line))) for line in log.read_text().splitlines()]

    def logged(self) -> set[Asked]:
        """The requests of day 2 whose answers stand whole in the page logs."""
        before = self.world.runs_before
        logs = [path for path in self.folder.rglob("*.pages") if not before & set(path.parts)]
        return {asked for path in logs for asked in _logged(path)}


def _logged(path: Path) -> Iterator[Asked]:
    try:
        request, pages = read_log(path)
    except TidegateError:  # cut before its first record was whole
        return
    for page in pages:
        params = {**request["params"], **page.header["p"]}
        yield frozenset((name, str(value)) for name, value in params.items())


def said(folder: Path) -> str:
    path = folder / SAID
    return path.read_text() if path.exists() else ""
