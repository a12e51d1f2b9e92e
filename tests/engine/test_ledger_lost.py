"""The ledger is a cache: where it was deleted it is made anew from the folders of the runs."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.shop import Shop
from tests.engine.test_replay import replay
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.record import Record
from tidegate.engine.report import RunReport
from tidegate.utils.home import Home

ENDED = '{"finished_at": "2026-03-10T12:00:00+00:00", "exit_code": 0, "summary": %s}'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(30)
    return made


def home(shop: Shop) -> Home:
    return shop.runner().home


def lose(shop: Shop) -> None:
    for file in home(shop).root.glob("ledger.db*"):
        file.unlink()


def known(shop: Shop) -> list[RunRow]:
    with Ledger(home(shop)) as ledger:
        return ledger.runs(100)


def broken(shop: Shop, **options: Any) -> None:
    shop.answer = lambda request: httpx2.Response(503) if request.url.params["offset"] == "24" else None
    assert shop.runner(**options).run().exit_code == 20
    shop.answer = lambda _: None


def test_every_run_is_known_again_as_it_was_and_in_its_order(shop: Shop) -> None:
    for run in ("c", "a", "b"):
        assert shop.runner(run_id=run).run().exit_code == 0
    broken(shop, run_id="broken")
    before = known(shop)
    record = Record.of(home(shop), "a").plain()
    lose(shop)
    assert known(shop) == before
    assert [row.run_id for row in before] == ["broken", "b", "a", "c"]
    assert Record.of(home(shop), "a").plain() == record


def test_an_unfinished_run_is_resumed_by_the_same_command(shop: Shop) -> None:
    broken(shop)
    (before,) = known(shop)
    lose(shop)
    asked = len(shop.asked)
    report = shop.runner().run()
    assert (report.run_id, int(report.exit_code)) == (before.run_id, 0)
    assert report.tasks[0].pages_resumed > 0
    assert len(shop.asked) == asked + 1, "one page was missing"
    assert shop.rows() == [(number, number * 3) for number in range(30)]


def test_a_run_that_was_resumed_began_when_it_began(shop: Shop) -> None:
    broken(shop, run_id="one")
    began = known(shop)[0].started_at
    shop.runner(run_id="one").run()
    lose(shop)
    assert [(row.started_at, row.exit_code) for row in known(shop)] == [(began, 0)]


def test_a_run_that_has_loaded_is_not_resumed_but_followed_by_a_new_one(shop: Shop) -> None:
    first = shop.runner().run()
    lose(shop)
    again = shop.runner().run()
    assert again.run_id != first.run_id
    assert again.tasks[0].pages_resumed == 0


def test_a_finished_id_does_nothing_again_and_wants_the_arguments_that_it_began_with(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    lose(shop)
    asked = len(shop.asked)
    assert shop.runner(run_id="one").run().exit_code == 0
    assert len(shop.asked) == asked


def test_a_replay_is_known_again(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    replay(shop.runner(), "one")
    before = known(shop)
    lose(shop)
    assert known(shop) == before
    assert known(shop)[0].arguments == {"replay": "one"}


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"run_id": 7}'])
def test_of_a_damaged_record_a_run_is_not_listed_and_keeps_nobody_from_a_new_one(
    shop: Shop, content: str
) -> None:
    shop.runner(run_id="one").run()
    shop.runner(run_id="two").run()
    lose(shop)
    (home(shop).root / "runs" / "two" / "run.json").write_text(content)
    assert [row.run_id for row in known(shop)] == ["one"]
    assert shop.runner().run().exit_code == 0


@pytest.mark.parametrize(
    "content",
    ["{", "{}", "[]", *(ENDED % summary for summary in ("{}", "[]", '{"tasks": [{"task": "shop.orders"}]}'))],
)
def test_of_a_damaged_summary_a_run_is_taken_up_and_found_to_have_landed(shop: Shop, content: str) -> None:
    shop.runner(run_id="one").run()
    lose(shop)
    (home(shop).root / "runs" / "one" / "summary.json").write_text(content)
    asked = len(shop.asked)
    report = shop.runner().run()
    assert (report.run_id, int(report.exit_code), report.tasks[0].rows_loaded) == ("one", 0, 30)
    assert len(shop.asked) == asked


def test_a_summary_of_another_version_is_read_as_far_as_it_is_known(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    (before,) = known(shop)
    lose(shop)
    path = home(shop).root / "runs" / "one" / "summary.json"
    stored = json.loads(path.read_text())
    (task,) = stored["summary"]["tasks"]
    del task["rows_deleted"], task["waited_s"]
    finding = {"kind": "unknown", "path": "a", "text": "new", "later": 1}
    task |= {"later": 1, "drift": [finding]}
    path.write_text(json.dumps(stored))
    (row,) = known(shop)
    assert before.summary is not None
    assert row.summary is not None
    assert row.summary["tasks"][0].keys() == before.summary["tasks"][0].keys()
    assert RunReport.from_summary(row.summary).tasks[0].rows_loaded == 30


def test_the_record_of_a_folder_that_was_copied_under_another_name_is_not_believed(shop: Shop) -> None:
    shop.runner(run_id="one").run()
    lose(shop)
    (home(shop).root / "runs" / "one").rename(home(shop).root / "runs" / "two")
    assert known(shop) == []


def _count(root: str, start: object, found: object) -> None:
    start.wait()  # type: ignore[attr-defined]  # an Event, which has no type of its own
    with Ledger(Home(Path(root))) as ledger:
        found.put(len(ledger.runs(100)))  # type: ignore[attr-defined]  # a Queue, as above


def test_several_processes_that_find_it_gone_make_one(shop: Shop) -> None:
    for run in ("a", "b", "c"):
        shop.runner(run_id=run).run()
    lose(shop)
    context = multiprocessing.get_context("spawn")
    start, found = context.Event(), context.Queue()
    processes = [context.Process(target=_count, args=(str(home(shop).root), start, found)) for _ in range(3)]
    for process in processes:
        process.start()
    start.set()
    assert [found.get(timeout=60) for _ in processes] == [3, 3, 3]
    for process in processes:
        process.join()
