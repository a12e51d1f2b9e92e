"""What is told of a run afterwards: of one that loaded, that failed, that was killed, that was swept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
import pytest

from tests.engine.shop import Shop, to_clean
from tests.engine.test_replay import by_day
from tidegate.destinations.registry import open_destination
from tidegate.engine.housekeeping import Housekeeping, Keeping
from tidegate.engine.record import Record
from tidegate.utils.errors import UsageError


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(10)
    return made


def states(shop: Shop, run: str = "one") -> tuple[str, ...]:
    (slices,) = Record.of(shop.runner().home, run).slices
    return slices.states


def failing_on(shop: Shop, day: str) -> None:
    shop.answer = lambda request: httpx2.Response(400) if request.url.params.get("day") == day else None


def test_slices_ran_or_wait_and_stand_when_the_run_is_resumed(shop: Shop) -> None:
    failing_on(shop, "2026-03-09")
    assert by_day(shop, to_clean, run_id="one").run().exit_code != 0
    assert states(shop)[0] == "ran"
    assert states(shop)[1] in ("waits", "begun")
    shop.answer = lambda _: None
    time.sleep(0.02)  # the clock of the file system is coarser than ours
    assert by_day(shop, to_clean, run_id="one").run().exit_code == 0
    record = Record.of(shop.runner().home, "one")
    assert record.slices[0].counts["waits"] == 0
    assert record.slices[0].states[:2] == ("stood", "ran")
    assert record.report is not None
    assert json.loads(json.dumps(record.plain()))["slices"] == {"acme.orders": record.slices[0].counts}


def test_of_a_run_that_was_swept_it_is_still_known_that_it_loaded(shop: Shop) -> None:
    by_day(shop, to_clean, run_id="one").run()
    home = shop.runner().home
    Housekeeping(home, Keeping(0.0, 10**9), open_destination, now=lambda: time.time() + 9).sweep()
    assert set(states(shop)) == {"ran"}
    assert Record.of(home, "one").course is not None


def test_a_damaged_plan_leaves_the_rest_to_tell(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    (shop.folder / "home" / "runs" / "one" / "plan.json").write_text("{")
    record = Record.of(shop.runner().home, "one")
    assert (record.slices, record.report is not None) == ((), True)


def test_a_run_that_is_not_known_is_wrong_usage(shop: Shop) -> None:
    with pytest.raises(UsageError, match="no run 'other'"):
        Record.of(shop.runner().home, "other")
