"""The course of a run, in buckets whose number does not grow with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.shop import Shop
from tidegate.engine.events import PageBuilt, QuotaWait, RunEvent
from tidegate.engine.timeline import FILE, MOST, Course, Timeline, read_course

TASK = "acme.orders"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def page(resumed: bool = False) -> PageBuilt:
    return PageBuilt(TASK, 0, 10, resumed)


def totals(course: Course) -> dict[str, float]:
    buckets = [asdict(each) for each in course.tasks.get(TASK, {}).values()]
    names = ("pages", "resumed", "rows", "retries", "waited_s")
    return {name: sum(each[name] for each in buckets) for name in names}


def read(folder: Path) -> Course:
    course = read_course(folder)
    assert course is not None
    return course


def test_pages_rows_waits_and_retries_stand_where_they_were(tmp_path: Path) -> None:
    clock, heard = Clock(), list[RunEvent]()
    with Timeline(tmp_path, heard.append, clock) as timeline:
        timeline(page())
        clock.now += 2.5
        timeline(page(resumed=True))
        timeline(QuotaWait(TASK, 1.0, "quota"))
        timeline(QuotaWait(TASK, 9.0, "503"))
        clock.now += 2.0
    assert len(heard) == 4
    course = read(tmp_path)
    assert course.worked_s == 4.5
    assert {number: [*asdict(each).values()] for number, each in course.tasks[TASK].items()} == {
        0: [1, 0, 10, 0, 0.0],
        10: [1, 1, 10, 1, 0.25],
        11: [0, 0, 0, 0, 0.25],
        12: [0, 0, 0, 0, 0.25],
        13: [0, 0, 0, 0, 0.25],
    }


def test_a_resumed_run_goes_on_where_it_ended_at_work(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        with Timeline(tmp_path, clock=clock) as timeline:
            timeline(page())
            clock.now += 10
        clock.now += 1_000_000  # nobody at work
    course = read(tmp_path)
    assert [offset for _, offset in course.attempts] == [0, 10, 20]
    assert [number * course.width_s for number in sorted(course.tasks[TASK])] == [0, 10, 20]
    assert course.worked_s == 30


def test_a_wait_that_was_cut_counts_up_to_the_cut(tmp_path: Path) -> None:
    clock = Clock()
    with Timeline(tmp_path, clock=clock) as timeline:
        timeline(QuotaWait(TASK, 100.0, "quota"))
        clock.now += 9.5
    assert totals(read(tmp_path))["waited_s"] == 10.0


@given(st.lists(st.tuples(st.floats(0, 50_000), st.floats(0, 8_000)), max_size=60))
def test_however_long_it_takes_nothing_is_lost_and_the_buckets_are_few(
    events: list[tuple[float, float]],
) -> None:
    course, at_s = Course(), 0.0
    for after_s, wait_s in events:
        at_s += after_s
        course.bucket(TASK, at_s).pages += 1
        course.wait(TASK, at_s, wait_s)
    course.worked_s = at_s + 8_000
    assert totals(course)["pages"] == len(events)
    assert totals(course)["waited_s"] == pytest.approx(sum(wait for _, wait in events), abs=1e-3)
    assert all(number < MOST for number in course.tasks.get(TASK, {}))
    again = Course.restored(json.loads(json.dumps(course.plain())))
    assert totals(again) == pytest.approx(totals(course))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"width_s": "x"}'])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with Timeline(tmp_path) as timeline:
        timeline(page())
    assert totals(read(tmp_path))["pages"] == 1


def test_a_file_that_cannot_be_written_fails_no_run(tmp_path: Path) -> None:
    with Timeline(tmp_path / "missing") as timeline:
        timeline(page())
    assert read_course(tmp_path / "missing") is None


def test_a_run_keeps_its_course_over_a_failure_and_a_resume(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fill(30)
    shop.answer = lambda request: httpx2.Response(503) if request.url.params["offset"] == "24" else None
    assert shop.runner(run_id="one").run().exit_code == 20
    failed = read(tmp_path / "home" / "runs" / "one")
    assert totals(failed)["retries"] >= 1
    pages = totals(failed)["pages"]
    shop.answer = lambda _: None
    assert shop.runner(run_id="one").run().exit_code == 0
    course = read(tmp_path / "home" / "runs" / "one")
    assert len(course.attempts) == 2
    assert (totals(course)["resumed"], totals(course)["pages"]) == (pages, 2 * pages + 1)
