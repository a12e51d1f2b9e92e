"""`delete_vanished`: rows that a full refresh does not bring are deleted, never any that may be there yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import Field

from tests.engine.crash_scene import FilteringShop, Sale, ask
from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop, as_any, to_clean
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.base import Destination
from tidegate.destinations.memory import MemoryDestination
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.over import From
from tidegate.engine.plan import Range
from tidegate.engine.replay import Replay
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.tasks import Task, task
from tidegate.engine.vanished import check_range
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.http_tools.pagination import PageNumberPaginator
from tidegate.utils.errors import ExitCode, UsageError

VANISHING = Table("orders", CleanOrder, key=("order_id",), write="merge", delete_vanished=True)
ASIDE = Invalid("quarantine", Budget(count=5))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(30)
    return made


def only(shop: Shop, **options: Any) -> TaskReport:
    return shop.runner(to_clean, VANISHING, new=True, **options).run().tasks[0]


def ids(shop: Shop) -> list[int]:
    return [order_id for order_id, _ in shop.rows()]


def test_rows_that_are_gone_are_deleted_and_told_beside_the_sum(shop: Shop) -> None:
    assert only(shop).rows_deleted == 0
    del shop.orders[5:8]
    report = only(shop)
    assert (report.rows_deleted, report.rows_loaded, report.accounted) == (3, 27, True)
    assert report.warnings == []
    assert ids(shop) == [order["id"] for order in shop.orders]


def test_without_it_they_stay(shop: Shop) -> None:
    shop.runner(new=True).run()
    del shop.orders[5:8]
    assert shop.runner(new=True).run().tasks[0].rows_deleted == 0
    assert len(ids(shop)) == 30


def test_a_run_that_landed_unseen_tells_what_it_deleted(shop: Shop) -> None:
    only(shop)
    del shop.orders[0]
    runner = shop.runner(to_clean, VANISHING, run_id="second")
    first = runner.run()
    (shop.folder / "home" / "ledger.db").unlink()
    for left in (shop.folder / "home" / "runs" / "second").glob("*.json"):
        if left.name != "plan.json":
            left.unlink()
    again = shop.runner(to_clean, VANISHING, run_id="second").run()
    assert (first.tasks[0].rows_deleted, again.tasks[0].rows_deleted) == (1, 1)


def test_three_steps_delete_as_one_run_does(shop: Shop) -> None:
    only(shop)
    del shop.orders[:2]
    runner = shop.runner(to_clean, VANISHING, run_id="steps")
    runner.plan()
    runner.extract()
    (report,) = runner.commit().tasks
    assert (report.exit_code, report.rows_deleted, len(ids(shop))) == (ExitCode.OK, 2, 28)


def test_a_broken_row_has_not_vanished_and_while_there_is_one_nothing_is_deleted(shop: Shop) -> None:
    only(shop)
    del shop.orders[0]
    shop.orders[7]["total"] = "much"
    report = only(shop, invalid=ASIDE)
    assert (report.exit_code, report.rows_deleted, report.rows_quarantined) == (10, 0, 1)
    (warning,) = report.warnings
    assert warning == (
        "acme.orders: nothing was deleted from orders: 1 row broke a contract, and may be there all the same"
    )
    assert len(ids(shop)) == 30
    shop.orders[7]["total"] = 1
    assert only(shop).rows_deleted == 1


def test_an_empty_answer_deletes_nothing_and_is_warned_of(shop: Shop) -> None:
    only(shop)
    shop.orders.clear()
    report = only(shop)
    assert (report.exit_code, report.rows_deleted) == (ExitCode.OK, 0)
    (warning,) = report.warnings
    assert "no row came to load, and an empty answer may be a mistake: it keeps its 30 rows" in warning
    assert len(ids(shop)) == 30


def test_an_empty_answer_is_nothing_to_warn_of_where_the_table_is_empty_too(shop: Shop) -> None:
    shop.orders.clear()
    assert only(shop).warnings == []
    assert only(shop).warnings == []


def test_a_run_that_fails_has_nothing_to_say_of_what_it_would_have_deleted(shop: Shop) -> None:
    only(shop)
    shop.answer = lambda _: httpx2.Response(500)
    report = only(shop)
    assert (report.exit_code, report.warnings) == (ExitCode.TRY_AGAIN, [])


def test_a_run_that_landed_and_whose_files_are_gone_is_not_told_to_have_deleted_nothing(shop: Shop) -> None:
    only(shop)
    del shop.orders[0]
    shop.runner(to_clean, VANISHING, run_id="second").run()
    home = shop.folder / "home"
    (home / "ledger.db").unlink()
    for left in (
        *(home / "runs" / "second").glob("*mary.json"),
        home / "runs" / "second" / "orders" / "all.json",
    ):
        left.unlink()
    again = shop.runner(to_clean, VANISHING, run_id="second").run()
    assert (again.tasks[0].rows_deleted, again.tasks[0].warnings) == (1, [])


def test_a_count_above_the_rows_that_came_deletes_nothing(shop: Shop) -> None:
    only(shop)
    del shop.orders[0]
    shop.answer = lambda request: httpx2.Response(
        200,
        json={
            "orders": shop.orders[int(request.url.params["offset"]) :][: int(request.url.params["limit"])],
            "count": 30,
        },
    )
    report = only(shop)
    assert report.rows_deleted == 0
    assert any("a listing may not have come whole" in warning for warning in report.warnings)
    assert len(ids(shop)) == 30


def test_a_listing_that_moved_and_was_read_anew_is_whole_and_deletes(shop: Shop) -> None:
    only(shop)

    def vanish(request: httpx2.Request) -> None:
        if request.url.params["offset"] == "8" and len(shop.orders) == 30:
            del shop.orders[0]

    shop.answer = vanish
    report = only(shop)
    assert (report.exit_code, report.rows_deleted) == (ExitCode.OK, 1)
    assert any("read anew" in warning for warning in report.warnings)
    assert ids(shop) == list(range(1, 30))


class NumberedShop(Shop):
    """Pages by number, and tells no count."""

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        self.answer(request)
        page = int(request.url.params["page"])
        return httpx2.Response(200, json={"orders": self.orders[10 * (page - 1) : 10 * page]})


def test_rows_that_vanish_from_a_listing_without_a_count_are_warned_of_and_nothing_is_deleted(
    tmp_path: Path,
) -> None:
    shop = NumberedShop(tmp_path)
    shop.fill(35)

    def run() -> TaskReport:
        @task(transform=to_clean, into=VANISHING)
        def orders(acme: AcmeConnector) -> Call[ApiOrder]:
            return acme.client.pages(
                "GET", "/orders", reads=ApiOrder, items="orders", paginator=PageNumberPaginator(limit=10)
            )

        runner = shop.runner(new=True)
        runner.workflow = Workflow("acme", shop, (as_any(orders),))
        return runner.run().tasks[0]

    run()

    def vanish(request: httpx2.Request) -> None:
        if request.url.params["page"] == "2" and len(shop.orders) == 35:
            del shop.orders[0]

    shop.answer = vanish
    report = run()
    assert (report.exit_code, report.rows_fetched, report.rows_deleted) == (ExitCode.OK, 34, 0)
    blind, kept = report.warnings
    assert "a row that vanished while it was read may have hidden another one" in blind
    assert "nothing was deleted" in kept
    assert 10 in ids(shop)  # the one that was hidden


SALES = Table("orders", Sale, key=("order_id",), write="merge", delete_vanished=True)
START = date(2026, 3, 8)


def changed_since() -> Task[Any, Any, Any]:
    @task(transform=to_sale_of, into=SALES, cursor=Cursor("updated_at", start=START))
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        return ask(acme, since=window.start.isoformat())

    return as_any(orders)


def to_sale_of(order: ApiOrder) -> Sale:
    return Sale(order_id=order.id, total=order.total, updated_at=order.updated_at)


def since(shop: FilteringShop, to: Destination, range: Range = Range(), *, at: int = 12) -> TaskReport:  # noqa: A002, B008
    runner = runner_of(shop, to, changed_since())
    runner.options = Options(new=True, range=range)
    runner.now = lambda: datetime(2026, 3, at, tzinfo=UTC)
    return runner.run().tasks[0]


def runner_of(shop: Shop, to: Destination, *tasks: Task[Any, Any, Any]) -> Runner:
    runner = shop.runner()
    runner.workflow, runner.destination = Workflow("acme", shop, tasks), to
    return runner


@pytest.fixture
def changing(tmp_path: Path) -> FilteringShop:
    first = datetime(2026, 3, 8, 6, tzinfo=UTC)
    orders = [
        {"id": number, "total": number, "updatedAt": (first + timedelta(hours=number)).isoformat()}
        for number in range(20)
    ]
    return FilteringShop(tmp_path, orders)


def test_only_a_full_refresh_of_a_task_with_a_cursor_deletes(changing: FilteringShop) -> None:
    to = MemoryDestination()
    since(changing, to)
    del changing.orders[3]
    assert since(changing, to).rows_deleted == 0
    for backfill in (
        Range(first=START),
        Range(last=date(2026, 3, 9)),
        Range(last=date(2026, 3, 9), full_refresh=True),
    ):
        assert since(changing, to, backfill).rows_deleted == 0
    assert since(changing, to, Range(full_refresh=True)).rows_deleted == 1
    assert to.freshness()[0].rows == 19


def test_a_full_refresh_under_a_clock_that_was_set_back_deletes_nothing(changing: FilteringShop) -> None:
    to = MemoryDestination()
    since(changing, to)
    del changing.orders[3]
    assert since(changing, to, Range(full_refresh=True), at=8).rows_deleted == 0


def test_a_replay_of_a_full_refresh_deletes_nothing(changing: FilteringShop) -> None:
    to = MemoryDestination()
    since(changing, to, Range(full_refresh=True))
    (run_id,) = [path.name for path in (changing.folder / "home" / "runs").iterdir()]
    row = {"id": 90, "total": 1, "updatedAt": datetime(2026, 3, 10, tzinfo=UTC).isoformat()}
    changing.orders.append(row)
    since(changing, to)
    runner = runner_of(changing, to, changed_since())
    (report,) = Replay(runner.workflow, to, runner.home, run_id).run().tasks
    assert (report.exit_code, report.rows_deleted) == (0, 0)
    assert to.freshness()[0].rows == 21


def test_a_backfill_of_what_no_full_refresh_asks_for_is_refused(changing: FilteringShop) -> None:
    with pytest.raises(UsageError, match=r"--from 2026-03-07 is before 2026-03-08, where orders starts"):
        since(changing, MemoryDestination(), Range(first=date(2026, 3, 7)))
    assert changing.folder.joinpath("asked.log").exists() is False


class Line(WriteContract):
    line_id: int
    total: int = Field(ge=0)


LINES = Table("lines", Line, key=("line_id",), write="merge", delete_vanished=True)


def to_line(order: ApiOrder) -> Line:
    return Line(line_id=order.id, total=order.total)


def lines_of(orders: Task[Any, Any, Any]) -> Task[Any, Any, Any]:
    @task(transform=to_line, into=LINES, over=From(orders, "order_id"))
    def lines(acme: AcmeConnector, order_id: int) -> Call[ApiOrder]:
        return ask(acme, order=str(order_id))

    return as_any(lines)


class LinedShop(FilteringShop):
    """Each order has one line, of its id and 1000."""

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        order = request.url.params.get("order")
        if order is None:
            return super().serve(request)
        row = {"id": int(order) + 1000, "total": 1, "updatedAt": "2026-03-08T00:00:00Z"}
        return httpx2.Response(200, json={"orders": [row], "count": 1})


@pytest.fixture
def lined(tmp_path: Path, changing: FilteringShop) -> LinedShop:
    return LinedShop(tmp_path, changing.orders[:6])


def both(shop: Shop, to: Destination, *, full_refresh: bool = True, invalid: Invalid = ASIDE) -> RunReport:
    orders = changed_since()
    runner = runner_of(shop, to, orders, lines_of(orders))
    runner.options = Options(new=True, range=Range(full_refresh=full_refresh), invalid=invalid)
    runner.now = lambda: datetime(2026, 3, 12, tzinfo=UTC)
    return runner.run()


def test_a_backfill_of_a_task_is_refused_where_no_full_refresh_asks_for_what_it_is_split_over() -> None:
    lines = lines_of(changed_since())
    with pytest.raises(
        UsageError, match=r"where orders starts: the next full refresh would take out of lines"
    ):
        check_range([lines], Range(first=date(2026, 3, 7)))
    check_range([lines], Range(first=START))


def test_lines_of_orders_that_were_not_asked_for_have_not_vanished(lined: LinedShop) -> None:
    to = MemoryDestination()
    both(lined, to)
    del lined.orders[0]
    assert [each.rows_deleted for each in both(lined, to, full_refresh=False).tasks] == [0, 0]
    assert [each.rows_deleted for each in both(lined, to).tasks] == [1, 1]
    assert [each.rows for each in to.freshness()] == [5, 5]


def test_lines_of_an_order_that_is_broken_have_not_vanished(lined: LinedShop) -> None:
    to = MemoryDestination()
    both(lined, to)
    lined.orders[0]["total"] = "much"
    orders, lines = both(lined, to).tasks
    assert (orders.rows_deleted, lines.rows_deleted) == (0, 0)
    assert "1 row of orders, over whose rows it is split, broke a contract" in lines.warnings[-1]
    assert [each.rows for each in to.freshness()] == [6, 6]


def test_lines_have_not_vanished_where_what_the_orders_left_is_gone(lined: LinedShop) -> None:
    to, orders = MemoryDestination(), changed_since()
    both(lined, to)
    del lined.orders[0]
    runner = runner_of(lined, to, orders, lines_of(orders))
    runner.options = Options(run_id="steps", range=Range(full_refresh=True))
    runner.now = lambda: datetime(2026, 3, 12, tzinfo=UTC)
    runner.plan()
    runner.extract()
    (lined.folder / "home" / "runs" / "steps" / "orders" / "all.json").unlink()
    report = runner.commit().tasks[1]
    assert report.rows_deleted == 0
    assert "a listing of orders, over whose rows it is split, may not have come whole" in report.warnings[-1]


def test_it_is_refused_for_a_task_split_over_one_that_asks_for_some_windows() -> None:
    into = Table("days", Sale, write="replace_windows")

    @task(transform=to_sale_of, into=into, windows=Windows(start=START))
    def days(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        return ask(acme, day=str(window.first_day))

    with pytest.raises(
        ValueError, match="days, over whose rows its task is split, asks for some windows only"
    ):
        lines_of(as_any(days))


@pytest.mark.parametrize("write", ["append", "replace", "replace_windows"])
def test_it_is_for_merge_alone(write: Any) -> None:
    with pytest.raises(ValueError, match="table orders: delete_vanished is for write='merge'"):
        Table("orders", CleanOrder, write=write, delete_vanished=True)
