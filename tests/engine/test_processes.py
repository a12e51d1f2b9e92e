"""A run by worker processes: as one in this process, under one quota, whatever becomes of a worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.brevo_bench import Bench, MakeBench
from tests.brevo_truth import assert_exact
from tests.engine.dying import APART, BROKEN, DYING, LEFT, STUCK
from tests.engine.shop import Shop
from tests.http_tools.driving import eventually
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.events import PageBuilt, RunEvent, SliceDone, TaskDone, TaskStarted
from tidegate.engine.exceptions import LostWorkerError, StoppedError
from tidegate.engine.processes import Processes
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.workflows import Workflow
from tidegate.utils.errors import ExitCode, UsageError
from tidegate.utils.home import Home


def environment(made: Bench) -> dict[str, str]:
    return {
        "BREVO_API_KEY": "a-key-of-the-tests",
        "BREVO_BASE_URL": f"{made.origin}/v3",
        "BREVO_QUOTA": str(made.quota),
    }


def by_workers(
    made: Bench, monkeypatch: pytest.MonkeyPatch, *tasks: str, heard: list[RunEvent] | None = None
) -> RunReport:
    for name, value in environment(made).items():
        monkeypatch.setenv(name, value)
    runner = replace(made.runner(*tasks), connector=None)
    if heard is not None:
        runner.listener = heard.append
    return Processes(runner, 2).run()


def dying(folder: Path, workflow: Workflow = DYING, **options: Any) -> Runner:
    return Runner(
        workflow, DuckDBDestination(folder / "warehouse.duckdb"), Home(folder / "home"), Options(**options)
    )


@pytest.mark.extended
def test_two_workers_load_what_one_process_loads(bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench(rows=4_000, faults=0.05)
    heard: list[RunEvent] = []
    report = by_workers(made, monkeypatch, heard=heard)
    assert report.exit_code is ExitCode.OK, report.summary()
    assert_exact(made.sandbox, made.warehouse)
    events = next(task for task in report.tasks if task.task == "brevo.events")
    assert events.api_calls > 0
    assert events.pages == sum(isinstance(each, PageBuilt) and each.task == "brevo.events" for each in heard)
    started = [each.slices for each in heard if isinstance(each, TaskStarted) and each.task == "brevo.events"]
    assert started[1] == started[-1] == events.slices  # of both workers, then of the commit


@pytest.mark.extended
def test_the_quota_is_one_over_all_workers(bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench(rows=2_000, quota=1800.0)
    report = by_workers(made, monkeypatch, "events")
    assert report.exit_code is ExitCode.OK, report.summary()
    counters = made.sandbox.counters()
    assert counters["refused"] == 0
    assert report.tasks[0].waited_s > 0


@pytest.mark.extended
def test_a_killed_worker_is_replaced_and_nothing_is_fetched_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    left.write_text("2")
    monkeypatch.setenv(LEFT, str(left))
    runner, heard = dying(tmp_path), list[RunEvent]()
    runner.listener = heard.append
    report = Processes(runner, 2).run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert Shop(tmp_path).rows() == [(shop, shop * 10) for shop in range(1, 7)]
    assert left.read_text() == "0"
    fetched = [each.slice for each in heard if isinstance(each, SliceDone) and not each.stood]
    again = [each.slice for each in heard if isinstance(each, SliceDone) and each.stood]
    assert (len(fetched), sorted(again)) == (6, sorted(fetched))  # stood: as the commit finds them
    assert sum(isinstance(each, TaskDone) for each in heard) == 1
    assert report.tasks[0].rows_fetched == 6


@pytest.mark.extended
def test_a_worker_that_dies_each_time_ends_the_run_which_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    left.write_text("3")
    monkeypatch.setenv(LEFT, str(left))
    with pytest.raises(
        LostWorkerError, match=r"worker 2/2 has died 3 times, at last with exit code -9"
    ) as lost:
        Processes(dying(tmp_path), 2).run()
    assert lost.value.exit_code is ExitCode.TRY_AGAIN
    assert Processes(dying(tmp_path), 2).run().exit_code is ExitCode.OK
    assert Shop(tmp_path).rows() == [(shop, shop * 10) for shop in range(1, 7)]


@pytest.mark.extended
def test_what_fails_in_a_worker_is_told_as_in_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROKEN, "1")
    monkeypatch.setenv(LEFT, str(tmp_path / "left"))
    (tmp_path / "left").write_text("0")
    alone = dying(tmp_path, run_id="alone").run()
    report = Processes(dying(tmp_path, run_id="workers"), 2).run()
    assert report.exit_code is alone.exit_code is ExitCode.FAILED
    assert report.tasks[0].error == alone.tasks[0].error
    assert report.tasks[0].hint == alone.tasks[0].hint


def test_the_rows_of_slices_that_landed_by_themselves_are_told_where_one_failed_in_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROKEN, "1")
    monkeypatch.setenv(LEFT, str(tmp_path / "left"))
    (tmp_path / "left").write_text("0")
    (report,) = Processes(dying(tmp_path, APART), 2).run().tasks
    assert len(Shop(tmp_path).rows("SELECT * FROM apart")) == 5
    assert (report.status, report.exit_code) == ("failed", ExitCode.FAILED)
    assert "shop=2" in (report.error or "")
    assert (report.slices, report.rows_fetched, report.rows_loaded) == (6, 5, 5)
    assert DuckDBDestination(tmp_path / "warehouse.duckdb").landed(report.commit_id or "") is not None


@pytest.mark.extended
def test_a_stop_ends_the_workers_soon_and_the_run_goes_on_later(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(rows=2_000, quota=60.0)
    for name, value in environment(made).items():
        monkeypatch.setenv(name, value)
    runner = replace(made.runner("events"), connector=None)
    pages = threading.Event()
    runner.listener = lambda event: pages.set() if isinstance(event, SliceDone) else None

    def stop_then() -> None:
        pages.wait(60)
        runner.stop.set()

    threading.Thread(target=stop_then, daemon=True).start()
    report = Processes(runner, 2).run()
    assert report.exit_code is ExitCode.TRY_AGAIN, report.summary()
    assert report.tasks[0].rows_loaded == 0


@pytest.mark.extended
def test_a_worker_that_is_stuck_when_the_run_is_stopped_is_gone_soon_and_holds_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, left = tmp_path / "began", tmp_path / "left"
    left.write_text("0")
    monkeypatch.setenv(LEFT, str(left))
    monkeypatch.setenv(STUCK, str(began))
    runner = dying(tmp_path)

    def stop_then() -> None:
        if eventually(began.exists, within_s=60.0):
            runner.stop.set()

    threading.Thread(target=stop_then, daemon=True).start()
    with pytest.raises(StoppedError):
        Processes(runner, 2).run()
    assert multiprocessing.active_children() == []
    monkeypatch.delenv(STUCK)
    assert Processes(dying(tmp_path), 2).run().exit_code is ExitCode.OK


def test_tasks_that_no_other_process_finds_are_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fill(3)
    with pytest.raises(UsageError, match="cannot be had by another process"):
        Processes(shop.runner(), 2).run()


@pytest.mark.extended
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_command(bench: MakeBench, tmp_path: Path, number: signal.Signals) -> None:
    made = bench(rows=2_000, quota=60.0)
    command = [
        sys.executable,
        "-m",
        "tidegate",
        "run",
        "brevo",
        "events",
        "--executor",
        "processes",
        "--workers",
        "2",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, **environment(made)}, start_new_session=True,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert eventually(lambda: made.sandbox.counters()["requests"] > 2, within_s=30.0)
        began = time.monotonic()
        if number == signal.SIGINT:  # as a terminal does: to the whole group
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        code = process.wait(30)
        assert code == (-9 if number == signal.SIGKILL else 20)
        assert time.monotonic() - began < 10
        assert eventually(lambda: not _alive(process.pid), within_s=10.0)


def _alive(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True
