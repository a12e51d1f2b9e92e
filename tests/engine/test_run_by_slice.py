"""`Table(commit="slice")`: each slice lands by itself, once, whatever becomes of the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.branches import ACCOUNTS, DAILY, ApiRow, Branches, CleanOrder, Connector, to_order
from tests.engine.shop import as_any
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window
from tidegate.destinations.exceptions import CommitUnknownError
from tidegate.engine.context import Context
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.over import Each, From
from tidegate.engine.replay import Replay
from tidegate.engine.report import TaskReport
from tidegate.engine.shards import Shard
from tidegate.engine.side_by_side import ENOUGH
from tidegate.engine.tasks import Task, task
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode, UsageError

LISTED: Table[CleanOrder] = Table("listed", CleanOrder, write="append", commit="slice")


@task(transform=to_order, into=LISTED, over=Each("account", ACCOUNTS))
def listed(api: Connector, account: str) -> Call[ApiRow]:
    return api.get_orders(account)


@task(
    transform=to_order,
    into=Table("daily", CleanOrder, write="replace_windows", commit="slice"),
    windows=DAILY,
)
def daily(api: Connector, window: Window) -> Call[ApiRow]:
    return api.get_orders("north", window)


@task(
    transform=to_order,
    into=Table("changed", CleanOrder, key=("order_id",), write="merge", commit="slice"),
    cursor=Cursor("at", start=date(2026, 1, 1)),
    over=Each("account", ["north", "south", "east"]),
)
def changed(api: Connector, window: Window, account: str) -> Call[ApiRow]:
    return api._rows(f"/orders/{account}", {"since": window.start})


Answer = Callable[[httpx2.Request], httpx2.Response | None]


def failing(*texts: str) -> Answer:
    return lambda request: httpx2.Response(400) if any(each in str(request.url) for each in texts) else None


def only(api: Branches, **options: Any) -> TaskReport:
    (report,) = api.runner(**options).run().tasks
    return report


def rows_of(*accounts: str) -> list[tuple[int, str]]:
    return [(ACCOUNTS.index(each) * 1_000 + number, each) for each in accounts for number in range(7)]


def count_commits(api: Branches) -> int:
    return len(api.table("_tidegate_commits"))


def test_each_slice_is_a_commit_and_all_of_them_are_one_report(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(listed,))
    report = only(api)
    assert (report.status, report.exit_code, report.error) == ("loaded", 0, None)
    assert (report.slices, report.rows_fetched, report.rows_loaded) == (5, 35, 35)
    assert count_commits(api) == 5
    runner = api.runner()
    assert runner.destination.cursor("branches.listed").version == 5
    assert runner.destination.landed(report.commit_id or "") is not None
    assert api.table("listed", "ORDER BY rowid") == rows_of(*ACCOUNTS)


def test_a_slice_that_fails_leaves_the_others_landed_and_lands_when_the_run_is_resumed(
    tmp_path: Path,
) -> None:
    api = Branches(tmp_path, tasks=(listed,), answer=failing("/east"))
    report = only(api, run_id="one")
    assert (report.status, report.exit_code) == ("failed", ExitCode.FAILED)
    assert (report.error or "").startswith("branches.listed account=east page 0: ")
    assert (report.rows_fetched, report.rows_loaded) == (28, 28)
    assert api.table("listed", "ORDER BY rowid") == rows_of("north", "south", "west", "centre")
    api.answer, asked = lambda _: None, len(api.asked)
    report = only(api, run_id="one")
    assert (report.status, report.rows_fetched, report.rows_loaded) == ("loaded", 35, 35)
    assert all("east" in each for each in api.asked[asked:])
    assert sorted(api.table("listed")) == sorted(rows_of(*ACCOUNTS))
    assert count_commits(api) == 5


def test_where_several_fail_no_more_are_begun(tmp_path: Path) -> None:
    @task(transform=to_order, into=LISTED, over=Each("number", range(200)))
    def many(api: Connector, number: int) -> Call[ApiRow]:
        return api._rows("/orders/north", {"number": number})

    api = Branches(tmp_path, tasks=(as_any(many),), answer=failing("/orders"))
    assert only(api).exit_code == ExitCode.FAILED
    assert ENOUGH <= len(api.asked) < 20


def test_the_cursor_of_windows_waits_for_the_first_that_has_not_landed(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(daily,), answer=failing("first=2026-03-08"))
    assert only(api, run_id="one").exit_code == ExitCode.FAILED
    runner = api.runner()
    cursor = runner.destination.cursor("branches.daily")
    assert (cursor.version, cursor.value) == (4, datetime(2026, 3, 8, tzinfo=UTC))
    assert len(api.table("daily")) == 4
    api.answer = lambda _: None
    report = only(api, run_id="one")
    assert (report.status, report.cursor) == ("loaded", "2026-03-11T00:00:00+00:00")
    cursor = runner.destination.cursor("branches.daily")
    assert (cursor.version, cursor.value) == (5, datetime(2026, 3, 11, tzinfo=UTC))
    assert len(api.table("daily")) == 5


def test_a_new_run_after_one_with_a_failed_window_asks_for_that_window_again(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(daily,), answer=failing("first=2026-03-08"))
    only(api, run_id="one")
    api.answer = lambda _: None
    assert only(api, new=True, run_id="two").status == "loaded"
    assert len(api.table("daily")) == 5
    assert only(api, run_id="one").exit_code == ExitCode.LOST
    assert len(api.table("daily")) == 5


def test_each_account_lands_with_its_own_cursor(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(changed,), answer=failing("/south"))
    assert only(api, run_id="one").exit_code == ExitCode.FAILED
    held = api.runner().destination.cursor("branches.changed").slices
    assert sorted(each.split("-")[0] for each in held) == ["east", "north"]
    api.answer = lambda _: None
    assert only(api, run_id="one").status == "loaded"
    assert len(api.runner().destination.cursor("branches.changed").slices) == 3


def test_rows_beyond_the_budget_of_a_slice_keep_that_slice_out(tmp_path: Path) -> None:
    broken = httpx2.Response(200, content=b'{"rows": [{"id": "x"}, {"id": "y"}], "count": 2}')
    answer: Answer = lambda request: broken if "/east" in str(request.url) else None  # noqa: E731
    api = Branches(tmp_path, tasks=(listed,), answer=answer)
    report = only(api, invalid=Invalid("quarantine", Budget(count=1)))
    assert report.exit_code == ExitCode.FAILED
    assert (report.error or "").startswith("branches.listed account=east: 2 of 2 rows break a contract")
    assert (report.rows_loaded, report.rows_quarantined) == (28, 0)
    report = only(api, invalid=Invalid("quarantine", Budget(count=2)))
    assert (report.exit_code, report.rows_quarantined) == (ExitCode.QUARANTINED, 2)


def test_shards_and_a_commit_land_slice_by_slice_what_is_there(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(listed,))
    api.runner(run_id="one").plan()
    api.runner(run_id="one").extract(Shard(1, 2))
    (report,) = api.runner(run_id="one").commit().tasks
    assert report.exit_code == ExitCode.TRY_AGAIN
    assert "not committed: 2 of 5 slices are missing (south-" in (report.error or "")
    assert api.table("listed", "ORDER BY rowid") == rows_of("north", "east", "centre")
    api.runner(run_id="one").extract(Shard(2, 2))
    (report,) = api.runner(run_id="one").commit().tasks
    assert (report.status, report.rows_loaded, report.pages) == ("loaded", 35, 30)
    assert sorted(api.table("listed")) == sorted(rows_of(*ACCOUNTS))


def test_what_has_landed_is_not_built_anew_when_the_rest_is_extracted_by_a_mended_transform(
    tmp_path: Path,
) -> None:
    def even(row: ApiRow, ctx: Context) -> CleanOrder | None:
        return None if row.id % 2 else to_order(row, ctx)

    @task(transform=even, into=LISTED, over=Each("account", ACCOUNTS))
    def mended(api: Connector, account: str) -> Call[ApiRow]:
        return api.get_orders(account)

    api = Branches(tmp_path, tasks=(listed,))
    api.runner(run_id="one").plan()
    api.runner(run_id="one").extract(Shard(1, 2))
    api.runner(run_id="one").commit()
    api.tasks = (replace(as_any(mended), name="listed"),)
    api.runner(run_id="one").extract()
    (report,) = api.runner(run_id="one").commit().tasks
    assert (report.status, report.rows_fetched, report.rows_loaded) == ("loaded", 35, 29)
    assert (report.rows_dropped, len(api.table("listed"))) == (6, 29)


def test_a_commit_that_nobody_can_tell_of_is_looked_up_slice_by_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Branches(tmp_path, tasks=(listed,))
    runner = api.runner(run_id="one")
    real, calls = runner.destination.commit, []

    def commit(wanted: Any) -> Any:
        calls.append(wanted)
        landed = real(wanted)
        if len(calls) == 2:
            raise CommitUnknownError("the line went dead")
        return landed

    monkeypatch.setattr(runner.destination, "commit", commit)
    (report,) = runner.run().tasks
    assert (report.status, report.rows_loaded, len(calls)) == ("loaded", 35, 5)
    assert api.table("listed", "ORDER BY rowid") == rows_of(*ACCOUNTS)


def test_no_commit_is_looked_for_where_the_cursor_tells_that_all_were_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands of slices each look would cost what opening the destination costs."""
    api = Branches(tmp_path, tasks=(listed,), answer=failing("/centre"))
    runner = api.runner(run_id="one")
    real, looked = runner.destination.landed, []

    def landed(commit_id: str) -> Any:
        looked.append(commit_id)
        return real(commit_id)

    monkeypatch.setattr(runner.destination, "landed", landed)
    runner.run()
    assert looked == []
    destination = runner.destination
    runner = api.runner(run_id="one")
    runner.destination = destination
    runner.run()
    assert len(looked) == 4  # all but the last have landed


def test_another_run_that_lands_in_between_ends_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Branches(tmp_path, tasks=(listed,))
    runner = api.runner(run_id="one")
    real, calls = runner.destination.commit, []

    def commit(wanted: Any) -> Any:
        calls.append(wanted)
        if len(calls) == 3:
            api.runner().destination.set_cursor("branches.listed", None, seen=2)
        return real(wanted)

    monkeypatch.setattr(runner.destination, "commit", commit)
    (report,) = runner.run().tasks
    assert (report.exit_code, report.rows_fetched, report.rows_loaded) == (ExitCode.LOST, 14, 14)
    assert api.table("listed", "ORDER BY rowid") == rows_of("north", "south")


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.engine.branches import Branches
from tests.engine.test_run_by_slice import listed
left, when = int(sys.argv[2]), sys.argv[3]
api = Branches(Path(sys.argv[1]), tasks=(listed,))
runner = api.runner(run_id="one")
real = runner.destination.commit
def commit(wanted):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    landed = real(wanted)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return landed
runner.destination.commit = commit
runner.run()
"""


@pytest.mark.parametrize(("at", "when"), [(1, "before"), (3, "after")])
def test_killed_between_the_commits_of_two_slices_each_lands_once(tmp_path: Path, at: int, when: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(at), when]
    killed = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    api = Branches(tmp_path, tasks=(listed,))
    report = only(api, run_id="one")
    assert (report.status, report.rows_fetched, report.rows_loaded) == ("loaded", 35, 35)
    assert api.asked == []
    assert api.table("listed", "ORDER BY rowid") == rows_of(*ACCOUNTS)
    assert count_commits(api) == 5


def test_a_replay_takes_the_place_of_all_slices_at_once_and_only_of_a_run_that_landed_whole(
    tmp_path: Path,
) -> None:
    api = Branches(tmp_path, tasks=(listed,), answer=failing("/east"))
    only(api, run_id="one")
    runner = api.runner()
    with pytest.raises(UsageError, match="has not landed"):
        Replay(runner.workflow, runner.destination, runner.home, "one").run()
    api.answer = lambda _: None
    only(api, run_id="one")
    asked = len(api.asked)
    (report,) = Replay(runner.workflow, runner.destination, runner.home, "one").run().tasks
    assert (report.status, report.rows_loaded) == ("loaded", 35)
    assert (sorted(api.table("listed")), len(api.asked)) == (sorted(rows_of(*ACCOUNTS)), asked)


def test_a_replay_moves_no_cursor_of_a_slice(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(changed,))
    only(api, run_id="one")
    runner = api.runner()
    reset = runner.destination.set_cursor("branches.changed", None, seen=3)
    (report,) = Replay(runner.workflow, runner.destination, runner.home, "one").run().tasks
    assert (report.status, report.rows_loaded) == ("loaded", 21)
    after = runner.destination.cursor("branches.changed")
    assert (after.version, after.value, after.slices) == (reset.version + 1, None, {})


def test_a_parent_with_a_slice_that_failed_fails_its_child(tmp_path: Path) -> None:
    @task(
        transform=to_order,
        into=Table("below", CleanOrder, key=("order_id",), write="merge", commit="slice"),
        over=From(as_any(listed), "order_id"),
    )
    def below(api: Connector, order_id: int) -> Call[ApiRow]:
        return api._rows("/orders/north", {"order": order_id})

    api = Branches(tmp_path, tasks=(listed, as_any(below)), answer=failing("/east"), per_account=1)
    parent, child = api.runner(run_id="one").run().tasks
    assert (parent.rows_loaded, child.rows_loaded) == (4, 0)
    assert "not begun" in (child.error or "")
    api.answer = lambda _: None
    parent, child = api.runner(run_id="one").run().tasks
    assert [parent.status, child.status] == ["loaded", "loaded"]
    assert child.slices == 5


def test_a_task_without_a_slice_lands_its_nothing_in_one_commit(tmp_path: Path) -> None:
    @task(transform=to_order, into=replace(LISTED, name="none"), over=From(as_any(listed), "order_id"))
    def below(api: Connector, order_id: int) -> Call[ApiRow]:
        raise AssertionError((api, order_id))

    api = Branches(tmp_path, tasks=(listed, as_any(below)), per_account=0)
    assert [each.status for each in api.runner().run().tasks] == ["loaded", "loaded"]
    assert count_commits(api) == 6


def declared(table: Table[CleanOrder], **more: Any) -> Task[Any, Any, Any]:
    def rows(api: Connector, window: Window, account: str) -> Call[ApiRow]:
        raise AssertionError((api, window, account))

    return as_any(task(transform=to_order, into=table, **more)(rows))


def test_what_does_not_go_with_it_is_refused_when_it_is_declared() -> None:
    with pytest.raises(ValueError, match="commit='slice' does not go with write='replace'"):
        Table("t", CleanOrder, write="replace", commit="slice")
    with pytest.raises(ValueError, match="commit='slice' does not go with delete_vanished"):
        Table("t", CleanOrder, key=("order_id",), write="merge", delete_vanished=True, commit="slice")
    windowed = Table("t", CleanOrder, write="replace_windows", commit="slice")
    with pytest.raises(ValueError, match="commit='slice' does not go with windows and over together"):
        declared(windowed, windows=DAILY, over=Each("account", ["north"]))
