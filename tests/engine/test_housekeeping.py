"""What `gc` takes of the state folder, and what it never takes."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest

from tests.engine.shop import AcmeConnector, ApiOrder, CleanOrder, Shop
from tidegate.contracts.personal import Personal
from tidegate.destinations.base import Destination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.registry import open_destination
from tidegate.engine.exceptions import LockHeldError
from tidegate.engine.holdings import size_of
from tidegate.engine.housekeeping import Housekeeping, Keeping, Swept, Told, over_cap
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import run_lock
from tidegate.engine.release import Release
from tidegate.engine.replay import Replay
from tidegate.utils.errors import TidegateError

DAY = 86400.0
ROOM = 10**9
ASIDE = Invalid("quarantine", Budget(share=0.5))


class ApiBuyer(ApiOrder):
    email: Annotated[str, Personal()]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(30)
    return made


def sweep(shop: Shop, days: float, *, dry_run: bool = False, **keeping: Any) -> Swept:
    """So many days from now, with a week to keep."""
    kept = Keeping(**{"keep_s": 7 * DAY, "max_bytes": ROOM, **keeping})
    home = shop.runner().home
    return Housekeeping(home, kept, open_destination, dry_run, lambda: time.time() + days * DAY).sweep()


def pages(shop: Shop, run: str) -> list[Path]:
    return list((shop.folder / "home" / "runs" / run).rglob("*.pages"))


def only(swept: Swept) -> Told:
    (told,) = swept.runs
    return told


def unfinished(shop: Shop, run: str = "broken") -> None:
    """A run that fails on its last page."""
    shop.answer = lambda request: httpx2.Response(400) if request.url.params["offset"] == "24" else None
    assert shop.runner(run_id=run).run().exit_code != 0
    shop.answer = lambda _: None


def test_a_finished_run_goes_when_its_time_is_past_and_leaves_its_plan(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    assert only(sweep(shop, 6.9)) == Told("done", only(sweep(shop, 1)).bytes, False, "finished 6 d ago")
    before = size_of(shop.folder / "home")
    swept = sweep(shop, 7.1)
    told = only(swept)
    assert (told.removed, told.why) == (True, "finished 7 d ago")
    assert told.bytes == swept.bytes_removed > 0
    assert swept.bytes_left == before - swept.bytes_removed
    left = (shop.folder / "home" / "runs" / "done").rglob("*")
    assert "plan.json" in {each.name for each in left}
    assert pages(shop, "done") == []
    assert shop.rows("SELECT count(*) FROM orders") == [(30,)]
    assert sweep(shop, 100).runs == []


def test_the_time_of_a_run_begins_when_it_ended_not_when_it_was_fetched(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    long_ago = time.time() - 100 * DAY
    for file in (shop.folder / "home" / "runs" / "done").rglob("*"):
        os.utime(file, (long_ago, long_ago))
    assert not only(sweep(shop, 1)).removed


def test_a_finished_run_that_is_gone_is_still_finished(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    sweep(shop, 8)
    asked = len(shop.asked)
    assert shop.runner(run_id="done").run().tasks[0].rows_loaded == 30
    assert len(shop.asked) == asked


def test_a_dry_run_says_the_same_and_removes_nothing(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    dry = sweep(shop, 8, dry_run=True)
    assert len(pages(shop, "done")) == 1
    assert dry.runs == sweep(shop, 8).runs


def test_an_unfinished_run_stays_whatever_its_age_unless_one_is_asked_for(shop: Shop) -> None:
    unfinished(shop)
    assert only(sweep(shop, 1000, max_bytes=0)).why == "unfinished, untouched for 1,000 d"
    assert not only(sweep(shop, 29, unfinished_s=30 * DAY)).removed
    assert len(pages(shop, "broken")) == 1
    assert only(sweep(shop, 31, unfinished_s=30 * DAY)).removed
    report = shop.runner(run_id="broken").run()
    assert (report.exit_code, report.tasks[0].rows_loaded, report.tasks[0].pages_resumed) == (0, 30, 0)


def test_the_time_of_an_unfinished_run_begins_when_it_was_last_touched(shop: Shop) -> None:
    unfinished(shop)
    later = time.time() + 40 * DAY  # another attempt, which was killed
    for file in (shop.folder / "home" / "runs" / "broken").rglob("*"):
        os.utime(file, (later, later))
    assert not only(sweep(shop, 60, unfinished_s=30 * DAY)).removed
    assert only(sweep(shop, 71, unfinished_s=30 * DAY)).removed


def test_a_run_that_the_ledger_does_not_know_may_be_unfinished(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    lose_the_ledger(shop)
    (shop.folder / "home" / "runs" / "done" / "run.json").unlink()
    told = only(sweep(shop, 1000, max_bytes=0))
    assert (told.removed, told.why) == (False, "not in the ledger, untouched for 1,000 d")


def test_without_the_ledger_runs_are_known_by_their_folders(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    unfinished(shop)
    lose_the_ledger(shop)
    told = {each.run: each.why for each in sweep(shop, 8).runs}
    assert told == {"done": "finished 8 d ago", "broken": "unfinished, untouched for 8 d"}
    assert (pages(shop, "done"), len(pages(shop, "broken"))) == ([], 1)


def lose_the_ledger(shop: Shop) -> None:
    for file in (shop.folder / "home").glob("ledger.db*"):
        file.unlink()


def test_a_run_at_work_keeps_all_it_has(shop: Shop) -> None:
    shop.runner(run_id="done").run()
    (log,) = pages(shop, "done")
    half = log.with_suffix(".arrow.tmp")
    half.touch()
    home = shop.runner().home
    with Ledger(home) as ledger:
        lock = run_lock(home, ledger, "done")
        swept = sweep(shop, 1000, max_bytes=0, unfinished_s=0.0)
        lock.release()
    assert (only(swept).removed, only(swept).why) == (False, f"run done is at work in process {os.getpid()}")
    assert log.exists()
    assert half.exists()


@pytest.mark.parametrize("days", [1, 1000])
def test_pages_stay_while_masked_rows_in_quarantine_need_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, days: float
) -> None:
    monkeypatch.setattr(AcmeConnector, "reads", ApiBuyer)
    for order in shop.orders:
        order["email"] = "ada@example.org"
    shop.orders[3]["total"] = "much"
    assert shop.runner(run_id="aside", invalid=ASIDE).run().exit_code == 10
    told = only(sweep(shop, days, max_bytes=0))
    assert (told.removed, told.why) == (False, "1 row in quarantine can only be replayed from its pages")
    shop.warehouse.rename(shop.folder / "moved.duckdb")
    assert "does not know it" in only(sweep(shop, days, max_bytes=0)).why


def test_pages_stay_for_rows_that_a_replay_has_put_into_quarantine(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcmeConnector, "reads", ApiBuyer)
    for order in shop.orders:
        order["email"] = "ada@example.org"
    shop.runner(run_id="first").run()
    today = shop.runner(lambda order: CleanOrder(order_id=order.id, total=order.total - 1))
    replayed = Replay(today.workflow, today.destination, today.home, "first", ASIDE, now=today.now).run()
    assert replayed.tasks[0].rows_quarantined == 1
    assert "1 row in quarantine" in only(sweep(shop, 1000)).why
    assert len(pages(shop, "first")) == 1


def test_rows_that_are_kept_whole_in_quarantine_need_no_pages(shop: Shop) -> None:
    shop.orders[3]["total"] = "much"
    assert shop.runner(run_id="aside", invalid=ASIDE).run().exit_code == 10
    assert only(sweep(shop, 8)).removed
    shop.orders[3]["total"] = 9
    runner = shop.runner()
    released = Release(runner.workflow, runner.destination, runner.home, shop.create_connector())
    assert [each.masked for each in released.run(runner.destination.quarantine())] == [0]


def test_rows_are_not_replayed_while_their_run_is_swept(shop: Shop) -> None:
    shop.orders[3]["total"] = "much"
    shop.runner(run_id="aside", invalid=ASIDE).run()
    runner = shop.runner()
    with Ledger(runner.home) as ledger:
        lock = run_lock(runner.home, ledger, "aside")
        release = Release(runner.workflow, runner.destination, runner.home, shop.create_connector())
        with pytest.raises(LockHeldError, match="run aside"):
            release.run(runner.destination.quarantine())
        lock.release()


def test_nothing_behind_a_link_is_touched(shop: Shop) -> None:
    outside = shop.folder / "outside" / "task" / "all.pages"
    outside.parent.mkdir(parents=True)
    outside.write_bytes(b"12345")
    shop.runner(run_id="done").run()
    (shop.folder / "home" / "runs" / "link").symlink_to(shop.folder / "outside")
    (shop.folder / "home" / "runs" / "done" / "linked").symlink_to(outside.parent)
    assert only(sweep(shop, 1000, unfinished_s=0.0)).removed
    assert outside.read_bytes() == b"12345"


def test_a_quarantine_that_cannot_be_asked_keeps_its_run(shop: Shop) -> None:
    shop.orders[3]["total"] = "much"
    shop.runner(run_id="aside", invalid=ASIDE).run()

    def gone(name: str) -> Destination:
        raise TidegateError(f"{name} is not there")

    kept = Keeping(0.0, ROOM)
    swept = Housekeeping(shop.runner().home, kept, gone, now=lambda: time.time() + DAY).sweep()
    assert (only(swept).removed, "cannot be looked at" in only(swept).why) == (False, True)


def test_over_the_cap_the_oldest_finished_runs_go_until_it_is_kept(shop: Shop) -> None:
    for number, run in enumerate(("first", "second", "third")):
        shop.runner(run_id=run, new=True).run()
        for file in (shop.folder / "home" / "runs" / run).rglob("*"):
            os.utime(file, (time.time() + number, time.time() + number))
    unfinished(shop)
    held = size_of(shop.folder / "home")
    swept = sweep(shop, 1, max_bytes=held - 1)
    assert [each.run for each in swept.runs if each.removed] == ["first"]
    assert "over the cap" in next(each.why for each in swept.runs if each.removed)
    assert swept.bytes_left < held
    assert [each.run for each in sweep(shop, 1, max_bytes=0).runs if each.removed] == ["second", "third"]
    assert len(pages(shop, "broken")) == 1


def test_over_the_cap_a_run_that_has_come_to_work_meanwhile_keeps_all_it_has(shop: Shop) -> None:
    for run in ("first", "second"):
        shop.runner(run_id=run, new=True).run()
    home, judged = shop.runner().home, list[str]()
    with Ledger(home) as ledger, ExitStack() as at_work:

        def now() -> float:
            """Called as each run is judged, one after the other."""
            judged.append("one more")
            if len(judged) == 2:
                at_work.callback(run_lock(home, ledger, "first").release)
            return time.time()

        swept = Housekeeping(home, Keeping(7 * DAY, max_bytes=0), open_destination, now=now).sweep()
    assert {each.run: each.removed for each in swept.runs} == {"first": False, "second": True}
    assert len(pages(shop, "first")) == 1


def test_what_dead_processes_have_left_goes_when_it_is_an_hour_old(shop: Shop) -> None:
    unfinished(shop)
    half = pages(shop, "broken")[0].with_suffix(".arrow.tmp")
    fresh = shop.warehouse.with_name(f".{shop.warehouse.name}.123.456.new")
    other = shop.warehouse.with_name(".other.duckdb.123.456.new")
    plan = half.parent.parent / "plan.json.tmp"
    for file in (half, fresh, other, plan):
        file.write_bytes(b"12345")
    assert DuckDBDestination(shop.warehouse).identity == open_destination(str(shop.warehouse)).identity
    assert sweep(shop, 0).files == [half]
    swept = sweep(shop, 0.1)
    assert set(swept.files) == {fresh, plan}
    assert swept.bytes_left == size_of(
        shop.folder / "home"
    )  # what lay beside the warehouse was no part of it
    assert other.exists()
    assert not any(file.exists() for file in (half, fresh, plan))


def test_a_state_folder_over_its_cap_is_told_in_one_line(shop: Shop) -> None:
    shop.runner().run()
    home = shop.runner().home
    assert over_cap(home, ROOM) is None
    line = over_cap(home, 1000)
    assert line is not None
    assert "more than max_state = 1.0 KB: `tidegate gc`" in line


def test_where_nothing_ever_ran_nothing_is_made(shop: Shop) -> None:
    assert sweep(shop, 1) == Swept()
    assert not (shop.folder / "home").exists()
