"""Windows of days in a zone, over the nights when its clocks change: 23 and 25 hours, each row once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.engine.crash_scene import TABLES, ask, to_sale
from tests.engine.shop import AcmeConnector, ApiOrder, Shop, as_any
from tidegate.contracts.windows import Window, Windows
from tidegate.engine.plan import Range
from tidegate.engine.report import TaskReport
from tidegate.engine.run import Options
from tidegate.engine.tasks import task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call

PARIS = ZoneInfo("Europe/Paris")


@dataclass
class HourlyShop(Shop):
    """An order every half hour; asked for by the instants `start` (inclusive) and `end` (not)."""

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        given = self.answer(request)
        if given is not None:
            return given
        query = request.url.params
        start, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
        held = [order for order in self.orders if start <= datetime.fromisoformat(order["updatedAt"]) < end]
        offset, limit = int(query["offset"]), int(query["limit"])
        body = {"orders": held[offset : offset + limit], "count": len(held)}
        return httpx2.Response(200, content=json.dumps(body))


def shop_around(folder: Path, changes: date) -> HourlyShop:
    """From two days before the change to two days after it."""
    at = datetime(changes.year, changes.month, changes.day, tzinfo=UTC) - timedelta(days=2)
    times = [at + timedelta(minutes=30 * number) for number in range(48 * 5)]
    orders = [{"id": n, "total": n, "updatedAt": instant.isoformat()} for n, instant in enumerate(times)]
    return HourlyShop(folder, orders)


def run(shop: HourlyShop, now: datetime, start: date, asked: Range | None = None) -> TaskReport:
    windows = Windows(refetch=1, start=start, zone="Europe/Paris")

    @task(transform=to_sale, into=TABLES["replace_windows"], windows=windows)
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        return ask(acme, start=window.start.isoformat(), end=window.end.isoformat())

    runner = shop.runner()
    runner.workflow = Workflow("acme", shop, (as_any(orders),))
    runner.options = Options(new=True, range=asked or Range())
    runner.now = lambda: now
    return runner.run().tasks[0]


@pytest.mark.parametrize(("changes", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_night_of_changing_clocks_loses_and_doubles_no_row(
    tmp_path: Path, changes: date, hours: int
) -> None:
    shop, day = shop_around(tmp_path, changes), timedelta(days=1)
    # once before the change, once in the doubled or missing hour, once when it is over
    midnight = datetime(changes.year, changes.month, changes.day, tzinfo=UTC)
    reports = [run(shop, midnight + timedelta(hours=hour), start=changes - day) for hour in (-3, 1, 30)]
    assert [(report.exit_code, report.accounted) for report in reports] == [(0, True)] * 3
    days = "SELECT _tidegate_window, count(*), count(DISTINCT order_id) FROM orders GROUP BY ALL ORDER BY ALL"
    held = [(cell, rows) for cell, rows, _ in shop.rows(days)]
    assert held == [(changes - day, 48), (changes, 2 * hours), (changes + day, 48)]
    assert all(rows == orders for _, rows, orders in shop.rows(days))
    reached = datetime.combine(changes + 2 * day, time(), PARIS)
    assert reports[-1].cursor == reached.astimezone(UTC).isoformat()


@pytest.mark.parametrize(("changes", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_backfill_of_the_day_asks_for_all_its_hours(tmp_path: Path, changes: date, hours: int) -> None:
    shop = shop_around(tmp_path, changes)
    now = datetime(changes.year, changes.month, changes.day, 12, tzinfo=UTC) + timedelta(days=2)
    report = run(shop, now, start=changes, asked=Range(changes, changes))
    assert (report.exit_code, report.slices, report.rows_loaded) == (0, 1, 2 * hours)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Africa/Cairo"])  # in Cairo there is a day without midnight
def test_a_resumed_run_asks_by_the_same_windows_in_their_zone(tmp_path: Path, zone: str) -> None:
    """An instant that is read back from the plan has an offset of its own, and a day has not 24 hours."""
    changes = date(2026, 3, 29) if zone == "Europe/Paris" else date(2026, 4, 24)
    windows = Windows(refetch=0, start=changes - timedelta(days=1), zone=zone)
    asked: list[str] = []

    @task(transform=to_sale, into=TABLES["replace_windows"], windows=windows)
    def orders(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        after, hours = window.start + timedelta(days=1), (window.end - window.start) / timedelta(hours=1)
        asked.append(f"{window} {window.start} {window.end} {after} {hours}")
        return ask(acme, start=window.start.isoformat(), end=window.end.isoformat())

    def run_again() -> TaskReport:
        runner = shop.runner()
        runner.workflow = Workflow("acme", shop, (as_any(orders),))
        runner.now = lambda: datetime(changes.year, changes.month, changes.day, 12, tzinfo=UTC)
        return runner.run().tasks[0]

    shop = shop_around(tmp_path, changes)
    shop.answer = lambda _: httpx2.Response(500)
    assert run_again().exit_code == 20
    first = set(asked)
    asked.clear()
    shop.answer = lambda _: None
    assert run_again().exit_code == 0
    assert set(asked) == first
    assert len(first) == 2
