"""Runs whose tasks split: every kind of slice, stages, parallel work, and what stands when they are cut."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.engine.branches import (
    ACCOUNTS,
    DAILY,
    NOW,
    ApiRow,
    Branches,
    CleanOrder,
    Connector,
    daily,
    lines,
    orders,
    to_order,
)
from tests.engine.shop import as_any
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.engine.events import RunEvent, SliceDone
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.over import Each, From
from tidegate.engine.pagelog import read_log
from tidegate.engine.plan import Plan
from tidegate.engine.release import Release
from tidegate.engine.replay import Replay
from tidegate.engine.report import RunReport
from tidegate.engine.tasks import Task, task
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode

ORDER_IDS = [start + number for start in range(0, 5_000, 1_000) for number in range(7)]
LINES = [(order * 10 + number, order) for order in ORDER_IDS for number in range(order % 4)]


def loaded(report: RunReport) -> RunReport:
    assert [(each.status, each.error) for each in report.tasks] == [("loaded", None)] * len(report.tasks)
    return report


def fail(path: str, times: int = 1_000) -> Callable[[httpx2.Request], httpx2.Response | None]:
    left = [times]

    def answer(request: httpx2.Request) -> httpx2.Response | None:
        if not request.url.path.startswith(path) or not left[0]:
            return None
        left[0] -= 1
        return httpx2.Response(400)

    return answer


def test_a_list_and_the_ids_of_another_tasks_rows_are_asked_for_once_each(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(lines, orders))
    report = loaded(api.runner().run())
    assert [(each.task, each.slices) for each in report.tasks] == [
        ("branches.lines", 35),
        ("branches.orders", 5),
    ]
    assert len(set(api.asked)) == len(api.asked)
    assert api.table("orders") == [(order, ACCOUNTS[order // 1_000]) for order in ORDER_IDS]
    assert api.table("lines") == sorted(LINES)


def test_a_task_whose_parent_has_no_rows_loads_none(tmp_path: Path) -> None:
    api = Branches(tmp_path, per_account=0)
    report = loaded(api.runner().run())
    assert [(each.slices, each.rows_loaded) for each in report.tasks] == [(5, 0), (0, 0)]


def test_a_product_of_lists_ids_and_windows(tmp_path: Path) -> None:
    @task(
        transform=to_order,
        into=Table("product", CleanOrder, key=("order_id",), write="merge"),
        cursor=Cursor("at", start=date(2026, 1, 1)),
        over=(Each("account", ["north", "south"]), From(orders, "order_id")),
    )
    def product(api: Connector, window: Window, account: str, order_id: int) -> Call[ApiRow]:
        assert window.first_day == date(2026, 1, 1)
        return api._rows(f"/orders/{account}", {"order": order_id})

    api = Branches(tmp_path, tasks=(orders, product), per_account=2)
    report = loaded(api.runner().run())
    assert report.tasks[1].slices == 2 * 10
    assert sum("order=" in each for each in api.asked) == 20
    assert report.tasks[1].rows_fetched == 2 * 10 * 2


def test_several_slices_of_a_window_replace_it_once_and_what_it_held_goes(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(daily,))
    loaded(api.runner().run())
    first = api.table("daily")
    assert len(first) == 25
    asked = len(api.asked)
    report = loaded(api.runner(now=NOW + timedelta(days=1)).run())
    assert report.tasks[0].slices == 2 * 5  # the day that was not over, once more, and the next
    assert len(api.asked) == asked + 10
    again = api.table("daily")
    assert len(again) == 30
    assert set(first) < set(again)


def test_rows_are_in_the_plans_order_whichever_slice_is_done_first(tmp_path: Path) -> None:
    later = threading.Event()

    def answer(request: httpx2.Request) -> None:
        if "north" in request.url.path:
            assert later.wait(60)

    @task(
        transform=to_order,
        into=Table("listed", CleanOrder, write="append"),
        over=Each("account", ACCOUNTS),
    )
    def listed(api: Connector, account: str) -> Call[ApiRow]:
        return api.get_orders(account)

    done: list[str] = []

    def hear(event: RunEvent) -> None:
        if isinstance(event, SliceDone):
            done.append(event.slice)
            later.set()

    api = Branches(tmp_path, tasks=(listed,), answer=answer)
    loaded(api.runner(listener=hear).run())
    assert not done[0].startswith("north")
    assert [row[0] for row in api.table("listed", "ORDER BY rowid")] == ORDER_IDS


def changed_of(*accounts: str, **more: Any) -> Task[Any, Any, Any]:
    @task(
        transform=to_order,
        into=Table("changed", CleanOrder, key=("order_id",), write="merge"),
        cursor=Cursor("at", start=date(2026, 1, 1)),
        over=Each("account", accounts),
        **more,
    )
    def changed(api: Connector, window: Window, account: str) -> Call[ApiRow]:
        return api._rows(f"/orders/{account}", {"since": window.start})

    return as_any(changed)


def asked_since(api: Branches, account: str) -> datetime:
    told = [parse_qsl(urlsplit(each).query) for each in api.asked if f"/{account}?" in each]
    (since,) = {dict(each)["since"] for each in told}
    return datetime.fromisoformat(since)


def test_each_account_goes_on_from_where_it_has_come_itself(tmp_path: Path) -> None:
    api = Branches(tmp_path, tasks=(changed_of("north", "south"),))
    highs = {
        each: datetime.fromisoformat(max(row["at"] for row in api.rows_of("orders", each, None)))
        for each in ACCOUNTS
    }
    report = loaded(api.runner().run())
    assert report.tasks[0].cursor == min(highs["north"], highs["south"]).isoformat()
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert (asked_since(api, "north"), asked_since(api, "south")) == (first, first)
    api.asked.clear()
    quiet = httpx2.Response(200, content=b'{"rows": [], "count": 0}')
    api.answer = lambda request: quiet if "south" in request.url.path else None
    api.tasks = (changed_of("north", "south", "east"),)
    loaded(api.runner(now=NOW + timedelta(hours=1)).run())
    went_on = (highs["north"], highs["south"])
    assert (asked_since(api, "north"), asked_since(api, "south")) == went_on
    assert asked_since(api, "east") == first  # a new account begins at the start
    api.asked.clear()
    runner = api.runner(now=NOW + timedelta(hours=2))
    loaded(runner.run())
    assert (asked_since(api, "north"), asked_since(api, "south")) == went_on  # without rows it stays
    assert asked_since(api, "east") == highs["east"]
    held = runner.destination.cursor("branches.changed").slices
    assert set(held.values()) == {highs[each] for each in ("north", "south", "east")}


def test_a_parent_that_fails_fails_its_child_with_its_code_and_both_resume(tmp_path: Path) -> None:
    api = Branches(tmp_path, answer=fail("/orders/east"))
    parent, child = api.runner(run_id="one").run().tasks
    assert (parent.exit_code, child.exit_code) == (ExitCode.FAILED, ExitCode.FAILED)
    assert (parent.error or "").startswith("branches.orders account=east page 0: ")
    told = "branches.lines: not begun: its slices come from the rows of orders, which failed"
    assert child.error == told
    asked = set(api.asked)
    api.answer = lambda _: None
    loaded(api.runner(run_id="one").run())
    assert {each for each in asked & set(api.asked[len(asked) :]) if "east" not in each} == set()
    assert api.table("lines") == sorted(LINES)


def test_a_child_that_fails_resumes_by_the_plan_that_was_frozen(tmp_path: Path) -> None:
    api = Branches(tmp_path, answer=fail("/lines/2003"))
    parent, child = api.runner(run_id="one").run().tasks
    assert (parent.status, child.status) == ("loaded", "failed")
    assert (child.error or "").startswith("branches.lines order_id=2003 page 0: ")
    before = Plan.load(tmp_path / "home" / "runs" / "one" / "plan.json")
    api.per_account, api.answer = 9, lambda _: None
    asked = len(api.asked)
    loaded(api.runner(run_id="one").run())
    assert not any("orders" in each for each in api.asked[asked:])
    assert Plan.load(tmp_path / "home" / "runs" / "one" / "plan.json") == before
    assert api.table("lines") == sorted(LINES)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.engine.branches import Branches
left = int(sys.argv[3])
def answer(request):
    global left
    if request.url.path.startswith(sys.argv[2]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
Branches(Path(sys.argv[1]), answer=answer).runner(run_id="one").run()
"""


def logged(folder: Path) -> set[tuple[str, int]]:
    """The pages that stand, as path and offset."""
    found = set()
    for log in folder.rglob("*.pages"):
        try:
            request, pages = read_log(log)
        except DamagedStateError:  # killed before its first record was whole: no page stands in it
            continue
        path = urlsplit(request["url"]).path
        found |= {(path, int(page.header["p"]["offset"])) for page in pages}
    return found


@pytest.mark.parametrize(("path", "after"), [("/orders", 4), ("/lines", 0), ("/lines", 25)])
def test_killed_in_either_stage_a_run_resumes_and_asks_for_no_page_that_stands(
    tmp_path: Path, path: str, after: int
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), path, str(after)]
    root = Path(__file__).parent.parent.parent
    killed = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    stood = logged(tmp_path / "home")
    assert len(stood) >= after
    api = Branches(tmp_path)
    loaded(api.runner(run_id="one").run())
    asked = {(url.path, int(dict(parse_qsl(url.query))["offset"])) for url in map(urlsplit, api.asked)}
    assert not stood & asked
    assert api.table("orders") == [(order, ACCOUNTS[order // 1_000]) for order in ORDER_IDS]
    assert api.table("lines") == sorted(LINES)


def test_rows_in_quarantine_are_released_and_a_run_is_replayed_by_slices(tmp_path: Path) -> None:
    rows_of_2003 = b'{"rows": [{"id": 7, "at": "2026-03-01T00:00:00Z"}, {"id": "x"}], "count": 2}'
    broken = httpx2.Response(200, content=rows_of_2003)
    api = Branches(tmp_path, answer=lambda request: broken if request.url.path == "/lines/2003" else None)
    invalid = Invalid("quarantine", Budget(count=1))
    runner = api.runner(run_id="one", invalid=invalid)
    report = runner.run()
    assert [each.exit_code for each in report.tasks] == [0, ExitCode.QUARANTINED]
    rows: list[QuarantinedRow] = list(runner.destination.quarantine())
    (only,) = rows
    plan = Plan.load(tmp_path / "home" / "runs" / "one" / "plan.json")
    assert plan is not None
    assert {each.id: each.values for each in plan.tasks[1].slices}[only.slice] == (2003,)
    release = Release(runner.workflow, runner.destination, runner.home, api.create_connector())
    assert [(each.rows, each.left) for each in release.run(rows)] == [(1, 1)]
    before, asked = api.table("lines"), len(api.asked)
    replay = Replay(runner.workflow, runner.destination, runner.home, "one", invalid)
    assert [each.status for each in replay.run().tasks] == ["loaded", "loaded"]
    assert (api.table("lines"), len(api.asked)) == (before, asked)


def test_rows_whose_plan_is_gone_are_left_and_told_and_others_are_released(tmp_path: Path) -> None:
    rows_of_2003 = b'{"rows": [{"id": "x"}], "count": 1}'
    broken = httpx2.Response(200, content=rows_of_2003)
    api = Branches(tmp_path, answer=lambda request: broken if request.url.path == "/lines/2003" else None)
    invalid = Invalid("quarantine", Budget(count=1))
    api.runner(run_id="one", invalid=invalid).run()
    runner = api.runner()
    rows: list[QuarantinedRow] = list(runner.destination.quarantine())
    for plan in (tmp_path / "home" / "runs" / "one").glob("plan*.json"):
        plan.unlink()
    release = Release(runner.workflow, runner.destination, runner.home, api.create_connector())
    (done,) = release.run(rows)
    assert (done.rows, done.loaded, done.left, done.unplanned, done.masked) == (1, 0, 1, 1, 0)
    assert list(runner.destination.quarantine()) == rows


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions are entered: what grows with the work, whatever the clock says."""
    count = [0]

    def seen(_: FrameType, event: str, __: Any) -> None:
        count[0] += event == "call"

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return count[0]


def test_planning_and_resuming_cost_as_much_for_each_slice_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for slices in (50, 200):
        windows = replace(DAILY, start=NOW.date() - timedelta(days=slices // len(ACCOUNTS) - 1))
        folder = tmp_path / str(slices)
        folder.mkdir()
        api = Branches(folder, tasks=(replace(daily, windows=windows),))
        runner = api.runner(run_id="one")
        monkeypatch.setattr(runner.destination, "commit", _refused)
        (report,) = runner.run().tasks
        assert (report.exit_code, report.slices) == (ExitCode.FAILED, slices)
        asked = len(api.asked)
        costs.append(calls_of(lambda api=api: loaded(api.runner(run_id="one").run())))  # type: ignore[misc]
        assert len(api.asked) == asked
    assert costs[1] < 4.4 * costs[0]


def _refused(_: object) -> Any:
    raise DestinationError("closed today")
