"""What becomes of rows in a run: counted, refused with their place, built again when the code is mended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import field_validator

from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop, to_clean
from tidegate.contracts.table import Table
from tidegate.destinations.base import Landed
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import DestinationUnavailableError
from tidegate.engine.exceptions import LockHeldError
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import run_lock, task_lock
from tidegate.engine.report import TaskReport
from tidegate.utils.errors import ExitCode, UsageError


def refuse(*_: object) -> Landed:
    raise DestinationUnavailableError("the warehouse is out to lunch")


class ApiOrderDoubled(ApiOrder):
    @field_validator("total")
    @classmethod
    def doubled(cls, total: int) -> int:
        return total * 2


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(35)
    return made


def only(shop: Shop, *args: Any, **options: Any) -> TaskReport:
    return shop.runner(*args, **options).run().tasks[0]


def test_all_rows_of_all_pages_are_loaded(shop: Shop) -> None:
    report = only(shop)
    assert (report.rows_fetched, report.rows_loaded, report.exit_code) == (35, 35, ExitCode.OK)
    assert shop.rows() == [(number, number * 3) for number in range(35)]


def test_rows_that_the_transform_drops_are_counted(shop: Shop) -> None:
    def odd_only(order: ApiOrder) -> CleanOrder | None:
        return CleanOrder(order_id=order.id, total=order.total) if order.id % 2 else None

    report = only(shop, odd_only)
    assert (report.rows_fetched, report.rows_dropped, report.rows_loaded) == (35, 18, 17)
    assert report.accounted


def test_rows_that_the_transform_adds_are_counted(shop: Shop) -> None:
    def twice_and_none(order: ApiOrder) -> list[CleanOrder]:
        copies = {0: 0, 1: 1}.get(order.id, 2)
        return [CleanOrder(order_id=order.id * 10 + n, total=1) for n in range(copies)]

    report = only(shop, twice_and_none)
    assert (report.rows_fetched, report.rows_added, report.rows_dropped) == (35, 33, 1)
    assert report.rows_loaded == 67
    assert report.accounted


def test_older_versions_of_a_key_are_superseded(shop: Shop) -> None:
    report = only(shop, lambda order: CleanOrder(order_id=order.id % 5, total=order.total))
    assert (report.rows_loaded, report.rows_superseded) == (5, 30)
    assert shop.rows() == [(key, (30 + key) * 3) for key in range(5)]


def test_a_broken_read_contract_names_its_place_and_loads_nothing(shop: Shop) -> None:
    shop.orders[23]["total"] = "much"
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    for part in ("acme.orders", "GET /orders", "page 2", "row 5", "id 23", "total", "'much'"):
        assert part in (report.error or ""), report.error
    assert not shop.warehouse.exists()


def test_a_missing_key_of_a_row_is_named(shop: Shop) -> None:
    del shop.orders[3]["total"]
    report = only(shop)
    assert "field total: required" in (report.error or "")


def test_a_broken_write_contract_names_its_place_and_loads_nothing(shop: Shop) -> None:
    shop.orders[12]["total"] = -1
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    for part in ("acme.orders", "GET /orders", "page 1", "row 2", "id 12", "CleanOrder", "total", "-1"):
        assert part in (report.error or ""), report.error
    assert not shop.warehouse.exists()


def test_a_transform_that_raises_is_named_with_its_row(shop: Shop) -> None:
    def divides(order: ApiOrder) -> CleanOrder:
        return CleanOrder(order_id=order.id, total=abs(100 // (order.id - 7)))

    report = only(shop, divides)
    assert report.exit_code == ExitCode.FAILED
    assert "row 7 (id 7)" in (report.error or "")
    assert "ZeroDivisionError" in (report.error or "")


def test_a_transform_that_gives_something_else_is_refused(shop: Shop) -> None:
    given: list[tuple[Any, str]] = [({"order_id": 1, "total": 2}, "dict"), ("text", "str"), ([7], "int")]
    for made, kind in given:
        report = only(shop, lambda _, made=made: made)
        assert f"gave a {kind}, not a CleanOrder" in (report.error or "")


def test_a_missing_envelope_key_is_a_breach_and_never_an_empty_table(shop: Shop) -> None:
    shop.answer = lambda _: httpx2.Response(200, content=json.dumps({"items": [], "count": 0}))
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    assert "'orders' is missing" in (report.error or "")
    assert "items" in (report.error or "")


def test_a_page_that_is_not_json_is_not_worth_trying_again(shop: Shop) -> None:
    shop.answer = lambda _: httpx2.Response(200, content=b"<html>maintenance</html>")
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    assert "not JSON" in (report.error or "")


def test_an_empty_listing_makes_an_empty_table(shop: Shop) -> None:
    shop.fill(0)
    report = only(shop)
    assert (report.exit_code, report.rows_loaded, report.pages) == (ExitCode.OK, 0, 1)
    assert shop.rows() == []


def test_a_mended_transform_is_built_again_from_the_page_log_without_a_request(shop: Shop) -> None:
    shop.orders[12]["total"] = -1
    assert only(shop).exit_code == ExitCode.FAILED
    before = len(shop.asked)
    report = only(shop, lambda order: CleanOrder(order_id=order.id, total=abs(order.total)))
    assert report.exit_code == ExitCode.OK
    asked_again = [query for query in shop.asked[before:] if query in shop.asked[:before]]
    assert asked_again == []
    assert (12, 1) in shop.rows()


def test_a_changed_request_stops_the_resumed_run_and_names_the_change(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    assert only(shop).exit_code == ExitCode.FAILED
    shop.params = {"status": "paid"}
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    assert "status" in (report.error or "")
    assert "--new" in (report.hint or "")


def test_the_pages_of_another_account_are_never_taken_for_ones_own(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    shop.key = "the-key-of-account-one"
    assert only(shop).exit_code == ExitCode.FAILED
    shop.key = "the-key-of-account-two"
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    assert "account" in (report.error or "")
    assert only(shop, lambda order: CleanOrder(order_id=order.id, total=1), new=True).rows_loaded == 35


def test_a_second_process_with_the_same_run_is_told_where_it_is_at_work(shop: Shop) -> None:
    runner = shop.runner(run_id="mine")
    with Ledger(runner.home) as ledger:
        lock = run_lock(runner.home, ledger, "mine")
        with pytest.raises(LockHeldError, match="run mine is at work in process"):
            runner.run()
        lock.release()
    assert runner.run().exit_code is ExitCode.OK


def test_new_begins_afresh_where_a_run_is_unfinished(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    only(shop)
    shop.fill(36)
    shop.params = {"status": "paid"}
    assert only(shop, new=True).rows_loaded == 36


def test_a_finished_id_does_nothing_again(shop: Shop) -> None:
    first = only(shop, run_id="once")
    asked = len(shop.asked)
    assert only(shop, run_id="once") == first
    assert len(shop.asked) == asked


def test_an_id_used_with_other_arguments_is_wrong_usage(shop: Shop) -> None:
    only(shop, run_id="once")
    with pytest.raises(UsageError, match="other arguments"):
        only(shop, run_id="once", tasks=("orders",))


@pytest.mark.parametrize("run_id", ["", "../up", "a/b", "x" * 101, "-option"])
def test_an_id_that_is_no_file_name_is_refused(shop: Shop, run_id: str) -> None:
    with pytest.raises(UsageError, match="run id"):
        only(shop, run_id=run_id)


def test_a_run_whose_commit_landed_unseen_reports_it_and_lands_no_second_time(shop: Shop) -> None:
    table = Table("orders", CleanOrder, write="append")
    assert only(shop, table=table, run_id="once").rows_loaded == 35
    (shop.folder / "home" / "ledger.db").unlink()  # as if the process had died between landing and report
    again = only(shop, table=table, run_id="once")
    assert (again.rows_loaded, again.exit_code) == (35, ExitCode.OK)
    assert shop.rows("SELECT count(*) FROM orders") == [(35,)]


def test_a_task_that_landed_is_not_built_again_when_its_run_is_resumed(shop: Shop) -> None:
    first = only(shop, run_id="once")
    (shop.folder / "home" / "ledger.db").unlink()
    again = only(shop, lambda order: [CleanOrder(order_id=order.id, total=7)] * 2, run_id="once")
    assert (again.rows_loaded, again.rows_fetched, again.exit_code) == (35, 35, ExitCode.OK)
    assert again.commit_id == first.commit_id
    assert (34, 102) in shop.rows()


def test_a_changed_read_contract_builds_the_parts_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("orders", CleanOrder, write="append")
    monkeypatch.setattr(DuckDBDestination, "commit", refuse)
    assert only(shop, table=table).exit_code == ExitCode.TRY_AGAIN
    monkeypatch.undo()
    monkeypatch.setattr(AcmeConnector, "reads", ApiOrderDoubled)
    assert only(shop, table=table).exit_code == ExitCode.OK
    assert (34, 204) in shop.rows()


def test_a_fault_in_one_task_is_a_failed_task_and_no_traceback(shop: Shop) -> None:
    shop.answer = lambda _: (_ for _ in ()).throw(ZeroDivisionError("oh"))
    report = only(shop)
    assert (report.exit_code, len(shop.asked)) == (ExitCode.FAILED, 1)
    assert "ZeroDivisionError" in (report.error or "")
    assert "--debug" in (report.hint or "")


def test_a_run_that_waits_for_a_lock_can_be_run_again_under_its_id(shop: Shop) -> None:
    runner = shop.runner(run_id="mine")
    with Ledger(runner.home) as ledger:
        lock = task_lock(runner.home, ledger, "acme.orders", runner.destination, "another")
        with pytest.raises(LockHeldError, match="another"):
            runner.run()
        lock.release()
    assert only(shop, run_id="mine").rows_loaded == 35


def test_an_id_keeps_its_arguments_when_the_ledger_is_gone(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    only(shop, run_id="mine")
    (shop.folder / "home" / "ledger.db").unlink()
    with pytest.raises(UsageError, match="other arguments"):
        only(shop, run_id="mine", tasks=("orders",))


def test_an_unfinished_run_is_resumed_though_the_clock_was_set_back(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    only(shop, run_id="first")
    early = shop.runner(lambda order: CleanOrder(order_id=order.id, total=1))
    early.now = lambda: datetime(2020, 1, 1, tzinfo=UTC)
    assert early.run().run_id == "first"


def test_pages_of_a_slice_that_was_whole_count_as_resumed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DuckDBDestination, "commit", refuse)
    only(shop)
    monkeypatch.undo()
    report = only(shop)
    assert (report.pages_resumed, report.pages, report.api_calls) == (5, 5, 0)


def test_a_value_that_no_column_holds_is_named_with_its_row(shop: Shop) -> None:
    shop.orders[17]["total"] = 2**70
    report = only(shop)
    assert report.exit_code == ExitCode.FAILED
    for part in ("page 1", "row 7", "id 17", "CleanOrder field total: an integer beyond 64 bits"):
        assert part in (report.error or ""), report.error


def test_a_run_of_one_warehouse_is_never_taken_for_one_of_another(shop: Shop) -> None:
    only(shop, run_id="once")
    elsewhere = shop.runner(run_id="once")
    elsewhere.destination = DuckDBDestination(shop.folder / "other.duckdb")
    with pytest.raises(UsageError, match="to was"):
        elsewhere.run()


def test_a_second_run_of_the_same_task_is_told_who_holds_it(shop: Shop) -> None:
    runner = shop.runner()
    with Ledger(runner.home) as ledger:
        lock = task_lock(runner.home, ledger, "acme.orders", runner.destination, "the-first")
        with pytest.raises(LockHeldError, match="the-first") as caught:
            runner.run()
        lock.release()
    assert caught.value.exit_code == ExitCode.LOST
    assert shop.asked == []


def test_a_lock_is_free_again_when_it_is_released(shop: Shop) -> None:
    runner = shop.runner()
    with Ledger(runner.home) as ledger:
        first = task_lock(runner.home, ledger, "acme.orders", runner.destination, "one")
        with pytest.raises(LockHeldError):
            task_lock(runner.home, ledger, "acme.orders", runner.destination, "two")
        first.release()
        second = task_lock(runner.home, ledger, "acme.orders", runner.destination, "two")
        assert second.epoch == first.epoch + 1
        with pytest.raises(LockHeldError, match="two"):
            first.check()
        second.release()


def test_shards_that_share_a_lock_are_one_owner(shop: Shop) -> None:
    runner = shop.runner()
    with Ledger(runner.home) as ledger:
        first, second = (run_lock(runner.home, ledger, "one", shared=True) for _ in range(2))
        first.check()
        assert first.epoch == second.epoch
        first.release()
        second.release()
        alone = run_lock(runner.home, ledger, "one")
        assert alone.epoch == first.epoch + 1
        alone.release()


def test_a_run_whose_task_another_has_taken_meanwhile_lands_nothing(shop: Shop) -> None:
    """Where somebody has deleted the lock's file the kernel keeps nobody out: the epoch does."""

    def usurped(order: ApiOrder) -> CleanOrder:
        if order.id == 0:
            for file in (shop.folder / "home" / "locks").iterdir():
                file.unlink()
            with Ledger(runner.home) as ledger:
                task_lock(runner.home, ledger, "acme.orders", runner.destination, "another").release()
        return to_clean(order)

    runner = shop.runner(usurped)
    (report,) = runner.run().tasks
    assert (report.status, report.exit_code) == ("failed", ExitCode.LOST)
    assert "acme.orders into" in (report.error or "")
    assert "run another has taken over" in (report.error or "")
    assert runner.destination.cursor("acme.orders").version == 0


def test_a_run_that_lost_the_cursor_to_another_lands_nothing(shop: Shop) -> None:
    shop.orders[34]["total"] = -1
    table = Table("orders", CleanOrder, write="append")
    assert only(shop, table=table, run_id="slow").exit_code == ExitCode.FAILED
    shop.fill(10)
    assert only(shop, table=table, run_id="fast").rows_loaded == 10
    shop.fill(35)
    report = only(shop, lambda order: CleanOrder(order_id=order.id, total=5), table=table, run_id="slow")
    assert report.exit_code == ExitCode.LOST
    assert shop.rows("SELECT count(*) FROM orders") == [(10,)]


def test_everything_under_home_is_private(shop: Shop) -> None:
    only(shop)
    for path in (shop.folder / "home").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
