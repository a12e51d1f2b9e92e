"""Rows that break a contract: kept aside within a budget, tried again by a mended contract, never lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, field_validator

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder, Shop, as_any
from tidegate.app.parse import budget
from tidegate.contracts.personal import Personal
from tidegate.contracts.table import Table, WriteMode
from tidegate.contracts.windows import Cursor, Window
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.release import Release, Released
from tidegate.engine.report import TaskReport
from tidegate.engine.run import Runner
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode

ASIDE = Invalid("quarantine", Budget(share=0.1))
HUNDRED = 100  # orders: 10 pages; 2 % of them are broken
TABLES = {
    mode: Table("orders", CleanOrder, key=("order_id",) if mode == "merge" else (), write=mode)
    for mode in ("merge", "append", "replace")
}


class ApiOrderMended(ApiOrder):
    """Knows what the vendor means by `much`."""

    @field_validator("total", mode="before")
    @classmethod
    def much_is_nine(cls, total: Any) -> Any:
        return 9 if total == "much" else total


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(HUNDRED)
    made.orders[23]["total"] = "much"  # breaks the read contract
    made.orders[77]["total"] = -1  # breaks the write contract
    return made


def mended(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=abs(order.total))


def only(shop: Shop, *args: Any, invalid: Invalid = ASIDE, **options: Any) -> TaskReport:
    return shop.runner(*args, invalid=invalid, **options).run().tasks[0]


def held(shop: Shop) -> list[QuarantinedRow]:
    return list(shop.runner().destination.quarantine())


def release(runner: Runner) -> list[Released]:
    connector = runner.workflow.factory.create_connector()
    return Release(runner.workflow, runner.destination, runner.home, connector).run(
        runner.destination.quarantine()
    )


def without_a_call(shop: Shop, act: Callable[[], Any]) -> Any:
    asked = len(shop.asked)
    made = act()
    assert len(shop.asked) == asked
    return made


def test_the_other_rows_are_loaded_and_the_sum_holds(shop: Shop) -> None:
    report = only(shop)
    assert report.exit_code == ExitCode.QUARANTINED
    assert (report.rows_fetched, report.rows_loaded, report.rows_quarantined) == (100, 98, 2)
    assert report.accounted
    assert {order_id for order_id, _ in shop.rows()} == set(range(100)) - {23, 77}


def test_a_quarantined_row_says_where_it_came_from_and_what_is_wrong(shop: Shop) -> None:
    only(shop, run_id="first")
    read, write = held(shop)
    assert (read.task, read.table_name, read.run_id) == ("acme.orders", "orders", "first")
    assert (read.stage, read.judge, read.row_id, read.page) == ("read", "ApiOrder", "23", 2)
    assert (write.stage, write.judge, write.row_id) == ("write", "CleanOrder", "77")
    (error,) = json.loads(read.errors)
    assert (error["field"], error["came"]) == ("total", "'much'")
    assert json.loads(read.payload) == shop.orders[23]
    assert read.contract == write.contract != ""


def test_the_payload_is_what_the_vendor_sent(shop: Shop) -> None:
    sent = {"id": 5, "total": 2**70, "at": [0.1, "\u0000\u20ac", {"deep": [[None]]}], "updatedAt": "no"}
    shop.orders[5] = sent
    only(shop)
    (row,) = [row for row in held(shop) if row.row_id == "5"]
    assert json.loads(row.payload) == sent


def test_by_default_nothing_is_loaded_and_all_of_the_page_is_told(shop: Shop) -> None:
    shop.orders[25]["total"] = -7
    report = only(shop, invalid=Invalid())
    assert report.exit_code == ExitCode.FAILED
    first, second = (report.error or "").splitlines()
    assert first.startswith("acme.orders: GET /orders page 2: row 5 (id 23), ApiOrder field total:")
    assert second.startswith("row 7 (id 25), CleanOrder field total:")
    assert "--on-invalid quarantine" in (report.hint or "")
    assert not shop.warehouse.exists()


@pytest.mark.parametrize(
    ("allowed", "code"), [(Budget(count=1), 30), (Budget(count=2), 10), (Budget(share=0.01), 30)]
)
def test_over_its_budget_the_run_fails_and_loads_nothing(shop: Shop, allowed: Budget, code: int) -> None:
    report = only(shop, invalid=Invalid("quarantine", allowed))
    assert report.exit_code == code
    assert shop.warehouse.exists() == (code == ExitCode.QUARANTINED)
    if code == ExitCode.FAILED:
        assert "2 of 100 rows break a contract" in (report.error or "")
        assert "row 5 (id 23)" in (report.error or "")


def test_a_share_allows_what_it_says_to_the_row() -> None:
    for percent in range(101):
        allowed = [invalid for invalid in range(101) if budget("", f"{percent}%").allows(invalid, 100)]
        assert allowed == list(range(percent + 1))
    assert budget("", "0.7%").allows(7, 1000)
    assert Budget(share=0).allows(0, 0)
    assert not Budget(share=0).allows(1, 1000)


def test_a_run_that_failed_fast_goes_on_with_quarantine_without_asking_again(shop: Shop) -> None:
    assert only(shop, invalid=Invalid()).exit_code == ExitCode.FAILED
    before = list(shop.asked)
    assert only(shop).exit_code == ExitCode.QUARANTINED
    assert not set(shop.asked[len(before) :]) & set(before)


def test_a_row_whose_transform_raises_is_kept_aside_with_what_it_raised(shop: Shop) -> None:
    def divides(order: ApiOrder) -> CleanOrder:
        return CleanOrder(order_id=order.id, total=abs(order.total) // (order.id - 7))

    shop.fill(HUNDRED)
    report = only(shop, divides)
    assert report.rows_quarantined >= 1
    (row,) = [row for row in held(shop) if row.row_id == "7"]
    assert (row.stage, row.judge) == ("write", "divides")
    assert "ZeroDivisionError" in row.errors


def test_a_row_of_several_is_rejected_whole(shop: Shop) -> None:
    def twice(order: ApiOrder) -> list[CleanOrder]:
        return [
            CleanOrder(order_id=order.id, total=1),
            CleanOrder(order_id=-order.id, total=2**63 * (order.id == 5)),
        ]

    shop.fill(HUNDRED)
    report = only(shop, twice, TABLES["append"])
    assert (report.rows_loaded, report.rows_quarantined, report.rows_added) == (198, 1, 99)
    assert 5 not in {order_id for order_id, _ in shop.rows()}


@pytest.mark.parametrize("mode", ["merge", "append", "replace"])
def test_a_replay_after_mending_makes_the_table_that_of_a_clean_run(
    shop: Shop, tmp_path: Path, mode: WriteMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(shop, table=TABLES[mode], run_id="first")
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderMended)
    (done,) = without_a_call(shop, lambda: release(shop.runner(mended, TABLES[mode])))
    assert (done.rows, done.loaded, done.left) == (2, 2, 0)
    assert held(shop) == []
    clean = Shop(tmp_path / "clean", orders=shop.orders)
    clean.folder.mkdir()
    assert only(clean, mended, TABLES[mode], invalid=Invalid()).rows_loaded == HUNDRED
    assert shop.rows() == clean.rows()
    assert {run for (run,) in shop.rows("SELECT DISTINCT _tidegate_run FROM orders")} == {"first"}


def test_a_replay_leaves_what_still_breaks_a_contract(shop: Shop) -> None:
    only(shop)
    (done,) = release(shop.runner(mended))
    assert (done.loaded, done.left) == (1, 1)
    (left,) = held(shop)
    assert left.row_id == "23"
    assert release(shop.runner(mended))[0].loaded == 0


def test_what_another_replay_has_added_since_it_was_looked_up_is_not_added_again(shop: Shop) -> None:
    only(shop, table=TABLES["append"])
    runner = shop.runner(mended, TABLES["append"])
    seen_by_both = held(shop)
    release(runner)
    connector = runner.workflow.factory.create_connector()
    done = Release(runner.workflow, runner.destination, runner.home, connector).run(seen_by_both)
    assert [(each.rows, each.loaded, each.left) for each in done] == [(1, 0, 1)]
    assert len(shop.rows()) == HUNDRED - 1


def test_a_replay_needs_no_page_log_where_the_row_is_kept_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(shop, run_id="first")
    (shop.folder / "home" / "runs" / "first" / "orders" / "all.pages").unlink()
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderMended)
    (done,) = without_a_call(shop, lambda: release(shop.runner(mended)))
    assert (done.loaded, done.left) == (2, 0)


def test_a_replayed_row_never_replaces_one_that_a_later_run_loaded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(shop)
    shop.orders[77]["total"] = 770
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderMended)
    assert only(shop, mended, new=True).rows_loaded == HUNDRED
    (done,) = release(shop.runner(mended))
    assert (done.rows, done.loaded, done.superseded) == (2, 0, 2)
    assert (77, 770) in shop.rows()
    assert held(shop) == []


def test_a_row_that_is_sent_again_is_kept_once(shop: Shop) -> None:
    only(shop)
    only(shop, new=True)
    assert len(held(shop)) == 2


def test_what_a_replace_takes_away_leaves_the_quarantine_too(shop: Shop) -> None:
    only(shop, table=TABLES["replace"])
    shop.fill(HUNDRED)
    report = only(shop, table=TABLES["replace"], new=True)
    assert (report.exit_code, held(shop)) == (ExitCode.OK, [])


def test_a_broken_row_whose_cursor_only_the_whole_contract_can_read_is_kept_aside_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ApiOrderInUtc(ApiOrder):
        updated_at: datetime = Field(alias="updatedAt")

        @field_validator("updated_at")
        @classmethod
        def in_utc(cls, at: datetime) -> datetime:
            return at.replace(tzinfo=UTC)

    @task(transform=mended, into=ORDERS, cursor=Cursor("updated_at", start=date(2026, 1, 1)))
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        return acme.get_orders()

    for order in shop.orders:
        order["updatedAt"] = "2026-01-01T00:00:00"
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderInUtc)
    runner = shop.runner(invalid=ASIDE)
    runner.workflow = type(runner.workflow)("acme", shop, (as_any(orders),))
    (report,) = runner.run().tasks
    assert (report.rows_quarantined, report.cursor) == (1, "2026-01-01T00:00:00+00:00")


def test_the_cursor_counts_rows_in_quarantine(shop: Shop) -> None:
    shop.orders[23]["updatedAt"] = "2026-02-02T00:00:00Z"

    @task(transform=mended, into=ORDERS, cursor=Cursor("updated_at", start=date(2026, 1, 1)))
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        return acme.get_orders()

    runner = shop.runner(invalid=ASIDE)
    runner.workflow = type(runner.workflow)("acme", shop, (as_any(orders),))
    (report,) = runner.run().tasks
    assert (report.rows_quarantined, report.cursor) == (1, "2026-02-02T00:00:00+00:00")


class ApiOrderOfSomebody(ApiOrder):
    email: Annotated[str | None, Personal()] = None


def test_a_masked_row_whose_page_log_is_gone_is_left_and_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderOfSomebody)
    shop.fill(HUNDRED)
    shop.orders[3] |= {"total": -1, "email": "ann@mail.example"}
    only(shop, run_id="first")
    (shop.folder / "home" / "runs" / "first" / "orders" / "all.pages").unlink()
    (done,) = release(shop.runner(mended))
    assert (done.rows, done.loaded, done.left, done.masked) == (1, 0, 1, 1)
    (row,) = held(shop)
    assert "ann@mail.example" not in row.payload
