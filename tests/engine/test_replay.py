"""An earlier run once more, from its page log: by today's contracts, no API, never over a later run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop, as_any
from tidegate.contracts.table import Table, WriteMode
from tidegate.contracts.windows import Window, Windows
from tidegate.destinations.exceptions import CommitLostError
from tidegate.engine.exceptions import DamagedStateError, RequestChangedError
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.ledger import Ledger
from tidegate.engine.plan import Range
from tidegate.engine.record import Record
from tidegate.engine.replay import Replay
from tidegate.engine.report import TaskReport
from tidegate.engine.run import Runner
from tidegate.engine.tasks import task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode, UsageError

TABLES = {
    mode: Table("orders", CleanOrder, key=("order_id",) if mode == "merge" else (), write=mode)
    for mode in ("merge", "append", "replace")
}
BY_DAY = Table("orders", CleanOrder, write="replace_windows")


def doubled(order: ApiOrder) -> CleanOrder | None:
    return CleanOrder(order_id=order.id, total=order.total * 2) if order.id else None


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(30)
    return made


def replay(runner: Runner, run_id: str, invalid: Invalid | None = None) -> TaskReport:
    made = Replay(
        runner.workflow, runner.destination, runner.home, run_id, invalid or Invalid(), now=runner.now
    )
    return made.run().tasks[0]


def by_day(shop: Shop, transform: Callable[[ApiOrder], Any], **options: Any) -> Runner:
    """Orders of a day a slice; the API holds all of them on every day."""

    @task(transform=transform, into=BY_DAY, windows=Windows(refetch=0, start=date(2026, 3, 8)))
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        acme.params = {"day": str(window.first_day)}
        return acme.get_orders()

    runner = shop.runner(**options)
    runner.workflow = Workflow("acme", shop, (as_any(orders),))
    return runner


@pytest.mark.parametrize("mode", ["merge", "append", "replace"])
def test_the_table_is_what_the_run_would_load_today(shop: Shop, mode: WriteMode) -> None:
    shop.runner(table=TABLES[mode], run_id="first").run()
    asked = len(shop.asked)
    report = replay(shop.runner(doubled, TABLES[mode]), "first")
    assert (report.exit_code, report.rows_fetched, report.rows_loaded, report.rows_dropped) == (0, 30, 29, 1)
    assert report.accounted
    assert shop.rows() == [(number, number * 6) for number in range(1, 30)]
    assert len(shop.asked) == asked


@pytest.mark.parametrize("mode", ["merge", "append", "replace"])
def test_twice_is_as_once(shop: Shop, mode: WriteMode) -> None:
    shop.runner(table=TABLES[mode], run_id="first").run()
    for _ in range(2):
        replay(shop.runner(doubled, TABLES[mode]), "first")
    assert shop.rows() == [(number, number * 6) for number in range(1, 30)]


def test_what_is_mended_twice_is_replayed_twice(shop: Shop) -> None:
    shop.runner(run_id="first").run()
    replay(shop.runner(doubled), "first")
    report = replay(shop.runner(lambda order: CleanOrder(order_id=order.id, total=7)), "first")
    assert (report.status, report.rows_loaded) == ("loaded", 30)
    assert shop.rows() == [(number, 7) for number in range(30)]


def test_rows_of_other_runs_stay_where_they_were_appended(shop: Shop) -> None:
    shop.runner(table=TABLES["append"], run_id="first").run()
    shop.runner(table=TABLES["append"], run_id="second", new=True).run()
    replay(shop.runner(doubled, TABLES["append"]), "first")
    runs = dict(shop.rows("SELECT _tidegate_run, sum(total)::INT FROM orders GROUP BY ALL"))
    assert runs == {"first": 2 * sum(range(30)) * 3, "second": sum(range(30)) * 3}


def test_what_a_later_run_merged_is_not_replaced(shop: Shop) -> None:
    shop.runner(run_id="first").run()
    shop.orders = [{**shop.orders[5], "total": 500}]
    shop.runner(run_id="second", new=True).run()
    report = replay(shop.runner(doubled), "first")
    assert (report.rows_loaded, report.rows_superseded, report.rows_dropped) == (28, 1, 1)
    assert (5, 500) in shop.rows()
    assert (6, 36) in shop.rows()


def test_a_table_that_a_later_run_replaced_is_left_alone(shop: Shop) -> None:
    shop.runner(table=TABLES["replace"], run_id="first").run()
    shop.runner(table=TABLES["replace"], run_id="second", new=True).run()
    before = shop.rows()
    report = replay(shop.runner(doubled, TABLES["replace"]), "first")
    assert report.exit_code == ExitCode.LOST == CommitLostError.exit_code
    assert "run second has replaced the table orders since" in (report.error or "")
    assert shop.rows() == before


def test_windows_that_a_later_run_replaced_are_left_alone_and_told(shop: Shop) -> None:
    by_day(shop, lambda order: CleanOrder(order_id=order.id, total=1), run_id="first").run()
    later = Range(date(2026, 3, 9), date(2026, 3, 9))
    by_day(shop, lambda order: CleanOrder(order_id=order.id, total=2), run_id="second", range=later).run()
    report = replay(by_day(shop, lambda order: CleanOrder(order_id=order.id, total=3)), "first")
    assert (report.rows_fetched, report.rows_loaded) == (60, 60)
    (warning,) = report.warnings
    assert "1 window is left as later runs have written them: 2026-03-09" in warning
    found = shop.rows(
        "SELECT _tidegate_window::VARCHAR, total, count(*) FROM orders GROUP BY ALL ORDER BY ALL"
    )
    assert found == [("2026-03-08", 3, 30), ("2026-03-09", 2, 30), ("2026-03-10", 3, 30)]


def test_a_replay_moves_no_cursor(shop: Shop) -> None:
    runner = by_day(shop, lambda order: CleanOrder(order_id=order.id, total=1), run_id="first")
    runner.run()
    before = runner.destination.cursor("acme.orders")
    replay(runner, "first")
    after = runner.destination.cursor("acme.orders")
    assert (after.value, after.version) == (before.value, before.version + 1)


def test_a_mended_contract_is_replayed_with_quarantine_too(shop: Shop) -> None:
    shop.orders[4]["total"] = "much"
    aside = Invalid("quarantine", Budget(count=5))
    shop.runner(run_id="first", invalid=aside).run()
    report = replay(shop.runner(doubled), "first")
    assert report.exit_code == ExitCode.FAILED
    report = replay(shop.runner(doubled), "first", aside)
    assert (report.exit_code, report.rows_loaded, report.rows_quarantined) == (10, 28, 1)
    assert len(list(shop.runner().destination.quarantine())) == 1


def test_another_credential_is_no_hindrance(shop: Shop) -> None:
    shop.runner(run_id="first").run()
    shop.key = "the-key-after-rotation"
    assert replay(shop.runner(doubled), "first").exit_code == ExitCode.OK


def test_pages_that_are_gone_are_told(shop: Shop) -> None:
    shop.runner(run_id="first").run()
    (shop.folder / "home" / "runs" / "first" / "orders" / "all.pages").unlink()
    report = replay(shop.runner(doubled), "first")
    assert report.exit_code == ExitCode.FAILED == DamagedStateError.exit_code
    assert "is gone" in (report.error or "")


def test_a_request_that_was_changed_is_told(shop: Shop) -> None:
    shop.runner(run_id="first").run()
    shop.params = {"status": "paid"}
    report = replay(shop.runner(doubled), "first")
    assert report.exit_code == ExitCode.FAILED == RequestChangedError.exit_code
    assert "status" in (report.error or "")


def test_only_a_run_that_landed_can_be_replayed(shop: Shop) -> None:
    with pytest.raises(UsageError, match="there is no run 'first'"):
        replay(shop.runner(), "first")
    shop.answer = lambda _: httpx2.Response(404)
    shop.runner(run_id="first").run()
    with pytest.raises(UsageError, match="has not landed"):
        replay(shop.runner(), "first")


def test_a_replay_stands_in_the_history_of_runs(shop: Shop) -> None:
    runner = shop.runner(run_id="first")
    runner.run()
    replay(runner, "first")
    with Ledger(runner.home) as ledger:
        rows = ledger.runs()
    assert [row.run_id.partition(".replay-")[0] for row in rows] == ["first", "first"]
    assert (rows[0].arguments, rows[0].exit_code) == ({"replay": "first"}, 0)


def test_a_replay_keeps_a_timeline_of_its_own(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    replay(shop.runner(doubled), "one")
    with Ledger(shop.runner().home) as ledger:
        again = ledger.runs()[0].run_id
    course = Record.of(shop.runner().home, again).course
    assert course is not None
    built = course.tasks["acme.orders"].values()
    assert sum(each.resumed for each in built) == sum(each.pages for each in built) > 0
