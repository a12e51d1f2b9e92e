"""`kill -9` around every kind of request to BigQuery, then the same command: as if nothing had happened.

The engine's crash harness with BigQuery's stand-in as the destination; the outcome is to be DuckDB's.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.crash_forks import Forks
from tests.engine.crash_scene import Job, Way
from tests.engine.crash_steps import HELD, Fault, When
from tests.engine.crash_world import KILLED, Asked, Played, World, said
from tests.standins import Google
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.utils.errors import ExitCode
from tidegate.utils.home import Home

pytestmark = [pytest.mark.extended, pytest.mark.timeout(900)]

# By way to write: what a run of day 2 sends, and whether the process ends before or after it has arrived.
MOMENTS: dict[Way, list[tuple[str, When]]] = {
    "append": [("upload jobs", "after"), ("POST jobs", "before")],
    "replace_windows": [("POST tables", "after"), ("POST jobs", "after")],
    "merge": [("POST jobs", "after"), ("DELETE tables", "before")],
}


class OnBigQuery(Played):
    """One dataset through several processes."""

    def begin(self) -> OnBigQuery:
        first = self.world.forks.play(replace(self.job, day=1))
        assert first == 0, said(self.folder)
        self.before = {path.name for path in (self.folder / "home" / "runs").iterdir()}
        return self

    @property
    def dataset(self) -> BigQueryDestination:
        return BigQueryDestination(self.job.to or "", retry_s=20.0)

    def last_run(self) -> RunRow | None:
        with Ledger(Home(self.folder / "home")) as ledger:
            rows = ledger.runs()
        return next((row for row in rows if row.run_id not in self.before), None)

    def table(self, run_id: str) -> list[tuple[Any, ...]]:
        names, rows = self.dataset.sample("orders", 10_000)
        run, at = names.index("_tidegate_run"), names.index("_tidegate_loaded_at")
        left_out = {run, at}
        found = [
            (*(value for place, value in enumerate(row) if place not in left_out), row[run] == run_id)
            for row in rows
        ]
        return sorted(found)

    def quarantine(self) -> list[tuple[Any, ...]]:
        left_out = {"id", "run_id"}
        named = [
            sorted((name, str(value)) for name, value in asdict(row).items())
            for row in self.dataset.quarantine()
        ]
        return sorted(tuple(pair for pair in row if pair[0] not in left_out) for row in named)

    def logged(self) -> set[Asked]:
        """What is asked for again is no matter of the destination's."""
        return set()

    def asked(self) -> list[Asked]:
        return []


@pytest.mark.parametrize("write", MOMENTS)
def test_killed_around_a_request_a_run_ends_as_if_undisturbed(
    write: Way, google: Google, tmp_path: Path
) -> None:
    with Forks() as forks:
        world = World(forks, tmp_path / "duckdb", write, broken=True)
        for number, (step, when) in enumerate(MOMENTS[write]):
            folder = tmp_path / f"{number}"
            folder.mkdir()
            to = f"bigquery://{google.project}/{google.dataset}_{number}?location=EU"
            scene = OnBigQuery(world, folder, Job(str(folder), write, broken=True, to=to)).begin()
            assert scene.play(Fault(step, when)) == KILLED, (step, when, said(folder))
            assert scene.finish() == world.expected, (step, when, said(folder))


def test_of_two_runs_from_two_homes_at_once_there_is_one_load(google: Google, tmp_path: Path) -> None:
    to = f"bigquery://{google.project}/{google.dataset}?location=EU"
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    slow, quick = (Job(str(folder), "append", broken=False, day=1, to=to) for folder in folders)
    with Forks() as forks:
        waiting = forks.start(slow.struck_by(Fault("POST jobs", "before", act="hold")))
        held = folders[0] / HELD
        while not held.exists():
            time.sleep(0.05)
        assert forks.play(quick) == ExitCode.OK, said(folders[1])
        held.unlink()
        assert forks.wait(waiting) == ExitCode.LOST, said(folders[0])
    names, rows = BigQueryDestination(to).sample("orders", 1000)
    ids = [row[names.index("order_id")] for row in rows]
    assert len(ids) == len(set(ids)) == 35
