"""The course of a run, in buckets whose number does not grow with it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.shop import Shop
from tidegate.engine.course import FILE, MOST, Course, Turns, read_course
from tidegate.engine.events import PageBuilt, QuotaWait, RunEvent
from tidegate.engine.shards import Shard
from tidegate.engine.timeline import Timeline
from tidegate.http_tools.circuit_breakers import PerEndpointCircuitBreaker
from tidegate.http_tools.events import BreakerChanged, Waiting

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


BREAKER = "GET acme.example/orders"


def turned(after: str, breaker: str = BREAKER) -> BreakerChanged:
    return BreakerChanged(breaker, "", after, 5)


def test_what_became_of_a_breaker_is_kept_and_told_over_time(tmp_path: Path) -> None:
    clock, heard = Clock(), list[RunEvent]()
    with Timeline(tmp_path, heard.append, clock) as timeline:
        for after, seconds in (("open", 0.5), ("half-open", 0.05), ("open", 0.5), ("half-open", 0.25)):
            timeline.hear(turned(after))
            clock.now += seconds
        timeline.hear(turned("closed"))
        timeline.hear(Waiting("GET /orders", 1.0))  # is told by the task
        clock.now += 0.5
    assert [type(event) for event in heard] == [BreakerChanged] * 5
    course = read(tmp_path)
    assert course.states(BREAKER) == ["open"] * 5 + ["half-open", "closed", "closed"]
    turns = course.breakers[BREAKER].values()
    counted = [sum(getattr(each, name) for each in turns) for name in ("opened", "probed", "closed")]
    assert counted == [2, 2, 1]


def test_a_new_attempt_begins_with_closed_breakers(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(2):
        with Timeline(tmp_path, clock=clock) as timeline:
            clock.now += 1.0
            timeline.hear(turned("open"))
            clock.now += 1.0
    closed, opened = ["closed"] * 4, ["open"] * 4
    assert read(tmp_path).states(BREAKER)[:12] == [*closed, *opened, "open", *closed[1:]]


def test_of_many_endpoints_some_are_kept_and_the_file_stays_small(tmp_path: Path) -> None:
    clock = Clock()
    with Timeline(tmp_path, clock=clock) as timeline:
        for number in range(2_000):
            timeline.hear(turned("open", f"GET acme.example/orders/{number}"))
            clock.now += 0.07
    course = read(tmp_path)
    assert len(course.breakers) == 50
    assert (tmp_path / FILE).stat().st_size < 30_000


@given(
    st.lists(st.tuples(st.floats(0, 900), st.sampled_from(["open", "half-open", "closed"])), max_size=40),
    st.floats(0, 5_000),
)
def test_however_buckets_are_joined_every_change_counts_and_the_last_state_stands(
    changes: list[tuple[float, str]], rest_s: float
) -> None:
    course, at_s = Course(), 0.0
    for after_s, state in changes:
        at_s += after_s
        opened, probed, closed = (int(state == each) for each in ("open", "half-open", "closed"))
        course.turn(BREAKER, at_s, Turns(opened, probed, closed, state))
    course.worked_s = at_s + rest_s
    course.bucket(TASK, course.worked_s)
    again = Course.restored(json.loads(json.dumps(course.plain())))
    turns = again.breakers.get(BREAKER, {}).values()
    assert sum(each.opened + each.probed + each.closed for each in turns) == len(changes)
    if changes:
        assert again.states(BREAKER)[again.columns - 1 :] == course.states(BREAKER)[-1:]
        assert max(again.breakers[BREAKER].items())[1].state == changes[-1][1]


@given(st.lists(st.lists(st.floats(0, 3_000), max_size=20), max_size=4), st.lists(st.floats(0, 500)))
def test_shards_lie_over_each_other_and_the_commit_follows(
    shards: list[list[float]], commit: list[float]
) -> None:
    def made(gaps: list[float]) -> Course:
        one = Course()
        for gap in gaps:
            one.worked_s += gap
            one.bucket(TASK, one.worked_s).pages += 1
        return one

    whole = Course()
    for gaps in shards:
        whole.lay(made(gaps), 0.0)
    longest = max(map(sum, shards), default=0.0)
    assert whole.worked_s == pytest.approx(longest)
    whole.lay(made(commit), whole.worked_s)
    assert totals(whole)["pages"] == sum(map(len, shards)) + len(commit)
    assert longest + sum(commit) <= whole.worked_s + 1e-6 <= longest + sum(commit) + whole.width_s + 1e-3
    assert all(number < MOST for number in whole.tasks.get(TASK, {}))


def test_each_shard_has_a_file_of_its_own(tmp_path: Path) -> None:
    clock = Clock()
    for shard in (Shard(1, 2), Shard(2, 2), Shard()):
        with Timeline(tmp_path, clock=clock, shard=shard) as timeline:
            timeline(page())
            timeline.hear(turned("open"))
            clock.now += 4.0
    course = read(tmp_path)
    assert totals(course)["pages"] == 3
    pages = {number * course.width_s: each.pages for number, each in course.tasks[TASK].items()}
    assert pages == {0: 2, 4: 1}
    assert [offset for _, offset in course.attempts] == [0.0, 4.0]
    assert set(course.breakers) == {BREAKER, f"{BREAKER} (shard 1/2)", f"{BREAKER} (shard 2/2)"}


def test_a_run_keeps_the_states_of_its_breakers(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fill(30)
    shop.answer = lambda request: httpx2.Response(503) if request.url.params["offset"] == "24" else None
    runner = shop.runner(run_id="one")
    breaker = PerEndpointCircuitBreaker(failure_threshold=1, recovery_s=0.0)
    acme = shop.create_connector()
    acme.client.policy = replace(acme.client.policy, breaker=breaker)
    runner.connector = acme
    assert runner.run().exit_code == 20
    course = read(tmp_path / "home" / "runs" / "one")
    (name,) = course.breakers
    assert name == "GET api.acme.example/v1/orders"
    assert sum(each.opened for each in course.breakers[name].values()) >= 1
    assert "open" in course.states(name)
    assert breaker._audiences is not None
    assert not list(breaker._audiences), "when the run is over nobody listens"
