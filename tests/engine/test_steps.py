"""Plan, extract, commit: shards in any order, one of them twice, are as one run in every row."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.branches import DAILY, Branches, daily, lines, orders
from tidegate.destinations.exceptions import DestinationError
from tidegate.engine.events import RunEvent, SliceDone
from tidegate.engine.exceptions import LockHeldError
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import run_lock, task_lock
from tidegate.engine.plan import Plan, stage_file
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.shards import Shard
from tidegate.utils.errors import ExitCode, UsageError

ROOT = Path(__file__).parents[2]
TABLES = ("orders", "lines", "daily")


DAYS = replace(daily, windows=replace(DAILY, start=date(2026, 3, 9)))


def branches(folder: Path, **more: Any) -> Branches:
    folder.mkdir(exist_ok=True)
    return Branches(folder, tasks=(orders, lines, DAYS), per_account=3, **more)


def tables_hash(api: Branches) -> str:
    return hashlib.sha256(repr([api.table(name) for name in TABLES]).encode()).hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[TaskReport]]:
    """One run in one process: the hash of its tables, and its report."""
    api = branches(tmp_path_factory.mktemp("whole"))
    report = done(api.runner(run_id="one").run())
    return tables_hash(api), report.tasks


def done(report: RunReport, status: str = "loaded") -> RunReport:
    assert [(each.status, each.error) for each in report.tasks] == [(status, None)] * len(report.tasks)
    return report


def extract(api: Branches, *shards: str, stage: int | None = None) -> list[RunReport]:
    return [
        api.runner(run_id="one").extract(Shard(*map(int, each.split("/"))), stage=stage) for each in shards
    ]


@pytest.mark.parametrize(
    "order",
    [
        ("1/1",),
        ("3/3", "1/3", "2/3", "1/3"),
        pytest.param(("1/3", "2/3", "3/3"), marks=pytest.mark.extended),
        pytest.param(("2/3", "2/3", "3/3", "1/3"), marks=pytest.mark.extended),
    ],
    ids=" ".join,
)
def test_shards_in_any_order_and_one_of_them_twice_are_as_one_run(
    tmp_path: Path, whole: tuple[str, list[TaskReport]], order: Sequence[str]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    assert api.asked == []
    for stage in (1, 2):
        for report in extract(api, *order, stage=stage):
            done(report, "extracted")
    assert len(set(api.asked)) == len(api.asked)
    asked = len(api.asked)
    report = done(api.runner(run_id="one").commit())
    assert len(api.asked) == asked
    assert tables_hash(api) == whole[0]
    assert [sums(each) for each in report.tasks] == [sums(each) for each in whole[1]]


def sums(report: TaskReport) -> tuple[Any, ...]:
    rows = (report.rows_fetched, report.rows_added, report.rows_loaded, report.rows_superseded)
    traffic = (report.pages, report.api_calls, report.retries, report.bytes)
    return (report.task, report.slices, report.cursor, report.commit_id, *rows, *traffic)


def test_an_extract_of_all_takes_the_stages_one_after_the_other(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    (report,) = extract(api, "1/1")
    assert [each.slices for each in done(report, "extracted").tasks] == [each.slices for each in whole[1]]
    done(api.runner(run_id="one").commit())
    assert tables_hash(api) == whole[0]


def test_each_shard_reports_its_own_slices_and_they_are_all_there_are(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    reports = extract(api, "1/3", "2/3", "3/3", stage=1)
    counts = [[each.slices for each in report.tasks] for report in reports]
    assert [sum(of_task) for of_task in zip(*counts, strict=True)] == [5, 10]
    assert all(0 < each < 10 for of_shard in counts for each in of_shard)


def test_a_run_goes_on_with_what_shards_have_extracted(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "2/3", stage=1)
    asked = set(api.asked)
    report = done(api.runner(run_id="one").run())
    assert len(set(api.asked)) == len(api.asked) > len(asked) > 0
    assert report.tasks[0].pages_resumed > 0
    assert tables_hash(api) == whole[0]


def test_missing_slices_are_worth_trying_again_and_named_with_the_command(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/3", "2/3", stage=1)
    report = api.runner(run_id="one").commit()
    assert report.exit_code is ExitCode.TRY_AGAIN
    of_orders, of_lines, of_daily = report.tasks
    assert (of_orders.error or "").startswith(
        "branches.orders: not committed: 1 of 5 slices is missing (east-"
    )
    assert "tidegate extract --run-id one" in (of_orders.hint or "")
    assert of_lines.error == "branches.lines: not committed: no slice is planned yet"
    assert "tidegate extract --run-id one --stage 2" in (of_lines.hint or "")
    assert "4 of 10 slices are missing (" in (of_daily.error or "")
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_a_task_whose_slices_are_not_planned_yet_does_not_land_empty(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1", stage=1)
    report = api.runner(run_id="one").commit()
    (late,) = [each for each in report.tasks if each.status == "failed"]
    assert (late.task, late.exit_code) == ("branches.lines", 20)
    assert (late.error or "").endswith("not committed: no slice is planned yet")
    assert "tidegate extract --run-id one --stage 2" in (late.hint or "")
    extract(api, "1/1")
    done(api.runner(run_id="one").commit())
    assert api.table("lines") != []


def test_what_is_whole_is_committed_and_the_rest_later(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1", stage=1)
    report = api.runner(run_id="one").commit()
    assert [(each.status, each.exit_code) for each in report.tasks] == [
        ("loaded", 0), ("failed", 20), ("loaded", 0)
    ]  # fmt: skip
    extract(api, "2/2", "1/2", stage=2)
    done(api.runner(run_id="one").commit())
    assert tables_hash(api) == whole[0]


def test_a_second_commit_gives_the_report_and_an_extract_after_it_asks_for_nothing(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1")
    first = done(api.runner(run_id="one").commit())
    before, asked = tables_hash(api), len(api.asked)
    assert api.runner(run_id="one").commit().tasks == first.tasks
    (again,) = extract(api, "1/1")
    assert again.tasks == first.tasks
    assert (tables_hash(api), len(api.asked)) == (before, asked)


def test_a_commit_that_landed_unseen_is_told_and_lands_no_second_time(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1")
    runner = api.runner(run_id="one")
    first = done(runner.commit())
    for file in [*(tmp_path / "home").glob("ledger.db*"), *(tmp_path / "home").rglob("summary.json")]:
        file.unlink()
    before = tables_hash(api)
    again = done(api.runner(run_id="one").commit())
    assert [each.commit_id for each in again.tasks] == [each.commit_id for each in first.tasks]
    assert tables_hash(api) == before


def test_a_plan_is_frozen_once(tmp_path: Path) -> None:
    api = branches(tmp_path)
    first = api.runner(run_id="one").plan()
    assert api.runner(run_id="one").plan() == first
    assert api.runner().plan() == first  # the unfinished run of the same command
    assert api.runner(new=True).plan().run_id != "one"
    with pytest.raises(UsageError, match="other arguments"):
        api.runner(run_id="one", tasks=("daily",)).plan()


def test_shards_that_race_to_freeze_a_stage_agree(tmp_path: Path) -> None:
    api = branches(tmp_path)
    plan = api.runner(run_id="one").plan()
    extract(api, "1/1", stage=1)
    path = stage_file(tmp_path / "home" / "runs" / "one", "lines")
    (waiting,) = (each for each in plan.tasks if each.waits)
    made = [waiting.over(lines, (tuple(range(number, number + 3)),)) for number in range(20)]
    barrier, frozen = threading.Barrier(len(made)), []

    def freeze(number: int) -> None:
        barrier.wait(30)
        frozen.append(made[number].freeze(path))

    threads = [threading.Thread(target=freeze, args=(number,)) for number in range(len(made))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({tuple(each.values for each in plan.slices) for plan in frozen}) == 1
    again = Plan.load(path.with_name("plan.json"))
    assert again is not None
    assert again.tasks[1] == frozen[0]
    assert not list(path.parent.glob("*.tmp"))


def test_a_second_stage_waits_until_the_first_is_whole(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/2", stage=1)
    (report,) = extract(api, "1/2", stage=2)
    assert report.exit_code is ExitCode.TRY_AGAIN
    (only,) = report.tasks
    assert (only.error or "").startswith("branches.lines: not begun: its slices come from the rows of orders")
    assert "2 of 5 slices are missing" in (only.error or "")
    assert not any("lines" in each for each in api.asked)


def test_a_stage_that_is_frozen_needs_what_it_was_read_from_no_more(tmp_path: Path) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1", stage=1)
    extract(api, "1/2", stage=2)
    shutil.rmtree(tmp_path / "home" / "runs" / "one" / "orders")
    (report,) = extract(api, "2/2", stage=2)
    assert [(each.status, each.error) for each in report.tasks] == [("extracted", None)]


@pytest.mark.parametrize(
    ("shard", "stage", "said"),
    [
        (Shard(1, 2), None, "run one has 2 stages: shard 1/2 must be told which"),
        (Shard(), 3, "run one has 2 stages: there is no stage 3"),
        (Shard(), 0, "there is no stage 0"),
    ],
)
def test_a_stage_that_is_needed_or_is_none_is_wrong_usage(
    tmp_path: Path, shard: Shard, stage: int | None, said: str
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    with pytest.raises(UsageError, match=said):
        api.runner(run_id="one").extract(shard, stage)


def test_a_run_that_is_not_planned_and_one_of_elsewhere_are_wrong_usage(tmp_path: Path) -> None:
    api = branches(tmp_path)
    for step in (api.runner(run_id="none").extract, api.runner(run_id="none").commit):
        with pytest.raises(UsageError, match="no run 'none' here that is planned"):
            step()
    api.runner(run_id="one").plan()
    other = branches(tmp_path / "other").runner(run_id="one")
    other.home = api.runner().home
    with pytest.raises(UsageError, match="run one is of branches into "):
        other.commit()
    for wrong in ((0, 3), (4, 3), (1, 0)):
        with pytest.raises(ValueError, match="no shard"):
            Shard(*wrong)


@contextmanager
def held(api: Branches, run_id: str, *, shared: bool) -> Iterator[None]:
    """As a process would that works on the run."""
    runner = api.runner()
    with Ledger(runner.home) as ledger:
        of_run = run_lock(runner.home, ledger, run_id, shared=shared)
        locks = [
            task_lock(runner.home, ledger, f"branches.{each}", runner.destination, run_id, shared=shared)
            for each in TABLES
        ]
        try:
            yield
        finally:
            for lock in (of_run, *locks):
                lock.release()


def test_shards_of_one_run_share_its_locks_and_keep_everybody_else_out(tmp_path: Path) -> None:
    api = branches(tmp_path)
    for run_id in ("one", "two"):
        api.runner(run_id=run_id, new=True).plan()
    with held(api, "one", shared=True):
        done(extract(api, "1/1", stage=1)[0], "extracted")
        with pytest.raises(LockHeldError, match="in the hands of run one"):
            api.runner(run_id="two").extract()
        with pytest.raises(LockHeldError, match="in the hands of run one"):
            api.runner(new=True).run()
        for step in (api.runner(run_id="one").commit, api.runner(run_id="one").run):
            with pytest.raises(LockHeldError, match="run one is at work in process"):
                step()
    with held(api, "one", shared=False), pytest.raises(LockHeldError, match="run one is at work"):
        extract(api, "1/1")
    with held(api, "one", shared=True):
        pass


def test_shards_that_begin_at_the_same_moment_all_get_the_lock(tmp_path: Path) -> None:
    api = branches(tmp_path)
    barrier, fails = threading.Barrier(8), []

    def begin() -> None:
        barrier.wait(30)
        try:
            with held(api, "one", shared=True):
                barrier.wait(30)
        except LockHeldError as error:
            fails.append(error)
            barrier.abort()

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert fails == []


def test_a_run_that_begins_during_a_commit_is_told_who_holds_it_before_it_looks_at_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = branches(tmp_path)
    runner = api.runner(run_id="two")

    def busy(_: object) -> None:
        raise DestinationError("a commit has the file open")

    monkeypatch.setattr(runner.destination, "prepare", busy)
    with held(api, "one", shared=False), pytest.raises(LockHeldError, match="in the hands of run one"):
        runner.run()
    assert api.asked == []


def test_a_slice_that_another_shard_is_at_is_waited_for(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    """The same shard twice at the same time: each page is asked for once, whoever asks."""
    gate = threading.Barrier(2)

    def answer(request: httpx2.Request) -> None:
        if request.url.path == "/orders/north" and "first" not in request.url.params:
            gate.wait(30)  # the other one has begun, too

    api = branches(tmp_path, answer=answer)
    api.runner(run_id="one").plan()
    reports: list[RunReport] = []
    built: list[str] = []

    def hear(event: RunEvent) -> None:
        if isinstance(event, SliceDone) and not event.stood:
            built.append(f"{event.task} {event.slice}")

    def extract_all() -> None:
        reports.append(api.runner(run_id="one", listener=hear).extract())

    twice = [threading.Thread(target=extract_all) for _ in range(2)]
    for each in twice:
        each.start()
    while gate.n_waiting < 1:
        pass
    gate.wait(30)
    api.answer = lambda _: None
    for each in twice:
        each.join()
    for report in reports:
        done(report, "extracted")
    assert len(set(api.asked)) == len(api.asked)
    assert len(set(built)) == len(built) == sum(each.slices for each in whole[1])
    done(api.runner(run_id="one").commit())
    assert tables_hash(api) == whole[0]


def test_a_part_that_was_damaged_is_built_again_by_the_commit_from_its_pages(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    extract(api, "1/1")
    part = next((tmp_path / "home").rglob("north*.arrow"))
    part.write_bytes(part.read_bytes()[:-20])
    asked = len(api.asked)
    done(api.runner(run_id="one").commit())
    assert (tables_hash(api), len(api.asked)) == (whole[0], asked)


def test_rows_that_a_shard_has_put_aside_are_in_the_quarantine_after_the_commit(tmp_path: Path) -> None:
    broken = httpx2.Response(200, content=b'{"rows": [{"id": "x"}], "count": 1}')
    api = branches(tmp_path, answer=lambda each: broken if each.url.path == "/lines/2002" else None)
    invalid = Invalid("quarantine", Budget(count=1))
    assert api.runner(run_id="one", invalid=invalid).plan().invalid == invalid
    for stage in (1, 2):
        for number in (1, 2):
            done(api.runner(run_id="one", invalid=invalid).extract(Shard(number, 2), stage), "extracted")
    runner = api.runner(run_id="one", invalid=invalid)
    assert runner.commit().exit_code is ExitCode.QUARANTINED
    assert len(list(runner.destination.quarantine())) == 1


PROCESS = """
import os, signal, sys
from pathlib import Path
from tests.engine.test_steps import branches
from tidegate.engine.shards import Shard
folder, number, stage, left = Path(sys.argv[1]), *map(int, sys.argv[2:])
def answer(request):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
report = branches(folder, answer=answer).runner(run_id="one").extract(Shard(number, 3), stage)
sys.exit(int(report.exit_code))
"""


def start(folder: Path, number: int, stage: int, kill_after: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROCESS, str(folder), str(number), str(stage), str(kill_after)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.extended
def test_a_shard_in_a_process_that_is_killed_is_extracted_again(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    both = [start(tmp_path, 1, 1), start(tmp_path, 2, 1, kill_after=4)]
    assert [each.wait(60) for each in both] == [0, -signal.SIGKILL]
    extract(api, "2/3", "3/3", stage=1)
    extract(api, "1/1", stage=2)
    done(api.runner(run_id="one").commit())
    assert tables_hash(api) == whole[0]


@pytest.mark.extended
def test_shards_in_processes_one_killed_and_one_twice_are_as_one_run(
    tmp_path: Path, whole: tuple[str, list[TaskReport]]
) -> None:
    api = branches(tmp_path)
    api.runner(run_id="one").plan()
    first = [start(tmp_path, 1, 1), start(tmp_path, 2, 1, kill_after=4), start(tmp_path, 3, 1)]
    assert [each.wait(60) for each in first] == [0, -signal.SIGKILL, 0]
    assert api.runner(run_id="one").commit().exit_code is ExitCode.TRY_AGAIN
    assert [each.wait(60) for each in [start(tmp_path, 2, 1), start(tmp_path, 2, 1)]] == [0, 0]
    second = [start(tmp_path, number, 2) for number in (3, 1, 2, 2)]
    assert [each.wait(60) for each in second] == [0, 0, 0, 0]
    report = done(api.runner(run_id="one").commit())
    assert api.asked == []
    assert tables_hash(api) == whole[0]
    assert [each.rows_loaded for each in report.tasks] == [each.rows_loaded for each in whole[1]]
