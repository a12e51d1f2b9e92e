"""Schedule advice: by what is declared before the first run, by what runs took afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop, as_any, to_clean
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Window, Windows
from tidegate.engine.advice import Advice, advise
from tidegate.engine.history import past_of
from tidegate.engine.over import Axis, Each
from tidegate.engine.run import Options
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call, SyncHttpClient
from tidegate.http_tools.rate_limiters import BaseRateLimiter, Rate, SlidingWindowLimiter

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = Table("days", CleanOrder, write="replace_windows")


def by_day(over: Sequence[Axis] = ()) -> Task[Any, Any, Any]:
    windows = Windows(days=1, refetch=1, start=date(2026, 3, 1))

    @task(transform=to_clean, into=DAYS, windows=windows)
    def days(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
        """Orders by day."""
        return replace(acme.get_orders(), params={"day": window.first_day})

    return replace(as_any(days), over=tuple(over), fetch=lambda acme, window, *_: days.fetch(acme, window))


def connector(limiter: BaseRateLimiter | None) -> AcmeConnector:
    return AcmeConnector(SyncHttpClient("https://api.acme.example/v1", rate_limiter=limiter), {})


def advised(
    of: Task[Any, Any, Any], limiter: BaseRateLimiter | None, shop: Shop | None = None, home: Any = None
) -> Advice:
    workflow = Workflow("acme", shop or Shop(Path()), (of,))
    past = None if home is None else past_of(home, "acme", of.name)
    return advise(workflow, of, connector(limiter), past, NOW)


def test_before_the_first_run_slices_and_quota_say_what_is_least() -> None:
    advice = advised(by_day(), SlidingWindowLimiter(4, 3600.0))
    assert advice.rates == (Rate(4, 3600.0),)
    assert advice.page_rows == 8
    assert (advice.first.slices, advice.first.requests, advice.first.at_least) == (10, 10, True)
    assert advice.first.waits_s == 2 * 3600.0
    assert (advice.later.slices, advice.later.waits_s) == (2, 0.0)
    assert advice.later.apart_s == 1800.0, "two runs of two requests an hour"
    assert (advice.later.takes_s, advice.past) == (None, None)
    json.dumps(advice.plain())


def test_each_value_of_a_list_is_a_slice_of_every_window() -> None:
    advice = advised(by_day([Each("account", ["north", "south"])]), SlidingWindowLimiter(4, 3600.0))
    assert (advice.first.slices, advice.later.slices) == (20, 4)


def test_values_that_only_a_run_knows_are_said_to_be_unknown() -> None:
    def accounts(_: AcmeConnector) -> list[str]:
        raise AssertionError("looking must ask nobody")

    advice = advised(by_day([Each("account", accounts)]), SlidingWindowLimiter(4, 3600.0))
    assert (advice.first.slices, advice.later.requests, advice.later.apart_s) == (None, None, None)
    assert advice.unknown == ("how many values account will have",)
    assert advice.rates == (Rate(4, 3600.0),), "the quota is known all the same"


def test_without_settings_the_quota_is_unknown_and_the_slices_are_told() -> None:
    made = by_day()
    advice = advise(Workflow("acme", Shop(Path()), (made,)), made, None, None, NOW)
    assert (advice.first.slices, advice.first.waits_s, advice.rates) == (10, None, ())
    assert advice.unknown == ("the quota, without the connector's settings",)


def test_without_a_quota_nothing_holds_a_run_back() -> None:
    advice = advised(by_day(), None)
    assert (advice.rates, advice.later.waits_s, advice.later.apart_s) == ((), 0.0, 0.0)


def test_tasks_under_one_limiter_are_told_to_share_it(tmp_path: Path) -> None:
    one, two = by_day(), replace(by_day(), name="more", into=Table("more", CleanOrder))
    workflow = Workflow("acme", Shop(tmp_path), (one, two))
    limited = connector(SlidingWindowLimiter(4, 3600.0))
    assert advise(workflow, one, limited, None, NOW).shared == ("acme.more",)
    assert advise(workflow, one, connector(None), None, NOW).shared == ()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(10)
    return made


def run(shop: Shop, of: Task[Any, Any, Any], days_later: int = 0, **options: Any) -> None:
    runner = shop.runner()
    runner.workflow = Workflow("acme", shop, (of,))
    runner.options = Options(**options)
    runner.now = lambda: NOW + timedelta(days=days_later)
    assert runner.run().exit_code == 0


def test_earlier_runs_say_what_a_run_takes(shop: Shop) -> None:
    for day in range(3):
        run(shop, by_day(), day, new=True)
    home = shop.runner().home
    advice = advised(by_day(), SlidingWindowLimiter(10, 3600.0), shop, home)
    past = advice.past
    assert past is not None
    assert (past.runs, past.slices, past.rows) == (3, 2, 20), "the median of 10, 2 and 2 windows of ten rows"
    assert past.requests == 4, "a second page of each window, since the first was full"
    assert advice.later.requests == 4
    assert (advice.first.requests, advice.first.at_least) == (20, False)
    assert advice.later.apart_s == 1800.0
    assert past.seconds is not None
    assert advice.later.takes_s == pytest.approx(past.seconds)


def test_a_backfill_a_resumed_run_and_a_failed_one_say_nothing_of_a_usual_run(shop: Shop) -> None:
    import httpx2

    run(shop, by_day(), 0, range=_range(date(2026, 3, 2), date(2026, 3, 4)))
    shop.answer = lambda request: httpx2.Response(400) if request.url.params["day"] == "2026-03-09" else None
    with pytest.raises(AssertionError):
        run(shop, by_day(), run_id="failed")
    home = shop.runner().home
    assert past_of(home, "acme", "days") is None
    shop.answer = lambda _: None
    run(shop, by_day(), run_id="failed")
    assert past_of(home, "acme", "days") is None, "of the requests of a resumed run only the last are known"


def test_where_nothing_ran_looking_makes_nothing(tmp_path: Path) -> None:
    home = Shop(tmp_path).runner().home
    assert past_of(home, "acme", "days") is None
    assert not home.root.exists()


def _range(first: date, last: date) -> Any:
    from tidegate.engine.plan import Range

    return Range(first, last)
