"""The sliding window: never more than its quota in any window, however late an answer comes."""

from __future__ import annotations

import time

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, waiting
from tests.http_tools.windows import crowd, least_share, most_in_any_window, steady_rate
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter


class Recording(SlidingWindowLimiter):
    """Keeps the stamp of every grant. Only the head of the line asks, so the last reading is the grant's."""

    def __init__(self, limit: int, window_s: float) -> None:
        super().__init__(limit, window_s, clock=self._read)
        self.stamps: list[float] = []
        self._last = 0.0

    def _read(self) -> float:
        self._last = time.monotonic()
        return self._last

    def try_acquire(self, cost: int = 1) -> float:
        wait = super().try_acquire(cost)
        if wait == 0:
            self.stamps.append(self._last)
        return wait


@pytest.mark.extended
def test_threads_and_tasks_on_one_object_never_pass_the_window_and_share_it() -> None:
    limiter = Recording(50, 1.0)
    began = time.monotonic()
    granted = crowd(limiter, threads=8, tasks=8, until=began + 6.0)
    assert most_in_any_window(limiter.stamps, 1.0) <= 50
    assert steady_rate(limiter.stamps, 50, 1.0) == pytest.approx(50, rel=0.02)
    # the first window is free for who comes first; from then on everybody stands in line
    assert least_share([name for name, at in granted if at >= began + 1.0], 16) >= 0.5
    assert waiting(limiter) == 0


actions = st.lists(st.tuples(st.sampled_from(["ask", "answer", "release"]), st.floats(0, 1.5)), max_size=60)


@given(actions, st.integers(1, 4))
def test_no_order_of_grants_answers_and_releases_passes_the_window(
    steps: list[tuple[str, float]], limit: int
) -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(limit, 1.0, clock=clock)
    used: list[float] = []  # the stamps of what was granted and not given back
    for action, later in steps:
        clock.now += later
        if action == "ask":
            if limiter.try_acquire() == 0:
                used.append(clock.now)
        elif action == "answer":
            limiter.observe(httpx2.Response(200))
        elif used:
            used.remove(min(used, key=lambda stamp: abs(stamp - clock.now + later)))
            limiter.release()
        assert most_in_any_window(used, 1.0) <= limit


@given(st.lists(st.tuples(st.floats(0, 0.7), st.floats(0, 0.9)), min_size=1, max_size=40), st.integers(1, 4))
def test_the_server_never_sees_more_than_the_limit_in_any_window(
    asked: list[tuple[float, float]], limit: int
) -> None:
    """Each request reaches the server anywhere between its grant and its answer."""
    clock = Clock()
    limiter = SlidingWindowLimiter(limit, 1.0, clock=clock)
    arrivals: list[float] = []
    for before, latency in asked:
        clock.now += before
        while (wait := limiter.try_acquire()) > 0:
            clock.now += wait
        clock.now += latency
        arrivals.append(clock.now)
        limiter.observe(httpx2.Response(200))
    assert most_in_any_window([round(each, 6) for each in arrivals], 0.999) <= limit


@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 0.99), st.floats(0, 1)), min_size=1, max_size=40))
def test_requests_under_way_at_once_never_push_a_server_over_the_limit(
    asked: list[tuple[float, float, float]],
) -> None:
    """Each is answered, or lost, within a window of its grant; the server saw it somewhere in between."""
    clock, limit = Clock(), 3
    limiter = SlidingWindowLimiter(limit, 1.0, clock=clock)
    under_way: list[tuple[float, bool]] = []  # when it ends, and whether it is answered
    arrivals: list[float] = []

    def go_on_to(moment: float) -> None:
        for end, is_answered in sorted(under_way):
            if end <= moment:
                under_way.remove((end, is_answered))
                clock.now = end
                limiter.observe(httpx2.Response(200)) if is_answered else limiter.lost()
        clock.now = moment

    for before, latency, part in asked:
        go_on_to(clock.now + before)
        while (wait := limiter.try_acquire()) > 0:
            go_on_to(clock.now + wait)
        arrivals.append(clock.now + latency * part)
        under_way.append((clock.now + latency, latency < 0.7))
    assert most_in_any_window([round(each, 6) for each in arrivals], 0.999) <= limit


def test_the_wait_is_as_long_as_it_must_be_and_no_longer() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(3, 10, clock=clock)
    for _ in range(3):
        assert limiter.try_acquire() == 0
        clock.now += 2
    assert limiter.try_acquire() == pytest.approx(4)
    assert limiter.try_acquire(cost=2) == pytest.approx(6)
    assert limiter.try_acquire(cost=3) == pytest.approx(8)
    clock.now += 4
    assert limiter.try_acquire() == 0


def test_a_slot_counts_from_its_answer() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 10, clock=clock)
    limiter.try_acquire()
    clock.now += 3
    limiter.observe(httpx2.Response(200))
    assert limiter.try_acquire() == pytest.approx(10)


def test_an_answer_that_comes_after_its_window_counts_all_the_same() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 1.0, clock=clock)
    assert limiter.try_acquire() == 0
    clock.now += 2
    assert limiter.try_acquire() == 0
    clock.now += 0.1
    limiter.observe(httpx2.Response(200))  # to the first
    clock.now += 0.7
    limiter.observe(httpx2.Response(200))  # to the second
    assert limiter.try_acquire() == pytest.approx(1)


def test_a_lost_request_counts_from_its_loss() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 10, clock=clock)
    limiter.try_acquire()
    clock.now += 8
    limiter.lost()
    assert limiter.try_acquire() == pytest.approx(10)


def test_a_slot_whose_window_is_gone_is_not_given_back() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 10, clock=clock)
    assert limiter.try_acquire() == 0
    limiter.give_back(held_s=9.9)
    assert limiter.try_acquire() == 0
    limiter.give_back(held_s=10)
    assert limiter.try_acquire() > 0


def test_a_release_makes_room_and_never_more_than_was_held() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(2, 10, clock=clock)
    limiter.release()
    assert limiter.try_acquire(2) == 0
    limiter.release(2)
    limiter.release(5)
    assert limiter.try_acquire(2) == 0
    assert limiter.try_acquire() > 0


def test_what_a_release_leaves_counts_no_shorter() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(2, 1.0, clock=clock)
    limiter.try_acquire()
    clock.now += 0.9
    limiter.try_acquire()
    limiter.release()  # the first one; only the second was sent, 0.9 s later
    clock.now += 0.2
    assert limiter.try_acquire() == 0
    assert limiter.try_acquire() > 0


@pytest.mark.parametrize("cost", [0, -1, 3])
def test_a_cost_that_can_never_be_granted_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="never fits"):
        SlidingWindowLimiter(2, 1).try_acquire(cost)


@pytest.mark.parametrize(("limit", "window_s"), [(0, 1), (1, 0), (1, -1)])
def test_a_window_that_grants_nothing_is_refused(limit: int, window_s: float) -> None:
    with pytest.raises(ValueError, match="needs limit"):
        SlidingWindowLimiter(limit, window_s)
