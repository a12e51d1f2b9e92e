"""The vendor's quota holds: in every window, over threads, tasks, processes and runs."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, World, at_once, in_flight, waiting
from tests.http_tools.windows import crowd, least_share, most_in_any_window
from tidegate.http_tools.exceptions import NetworkError, WaitTooLongError
from tidegate.http_tools.grants import SqliteGrantStore
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    CompositeLimiter,
    HeaderRateLimiter,
    Line,
    SlidingWindowLimiter,
    acquire_flow,
)
from tidegate.utils.errors import ExitCode

REQUEST = httpx2.Request("GET", "http://api.test/x")


# -- sliding window


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
    assert sum(stamp < began + 6.0 for stamp in limiter.stamps) == pytest.approx(300, rel=0.02)
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


# -- the line


def test_first_come_is_first_served() -> None:
    limiter = SlidingWindowLimiter(1, 0.02)
    served: list[int] = []

    async def main() -> None:
        async def one(number: int) -> None:
            await limiter.acquire_async()
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))

    asyncio.run(main())
    assert served == list(range(20))


def test_threads_and_tasks_stand_in_one_line() -> None:
    limiter = SlidingWindowLimiter(1, 0.1)
    limiter.acquire()
    served: list[str] = []

    def thread() -> None:
        limiter.acquire()
        served.append("thread")

    async def task(name: str) -> None:
        await limiter.acquire_async()
        served.append(name)

    async def main() -> None:
        first = asyncio.ensure_future(task("first"))
        await asyncio.sleep(0)
        other = threading.Thread(target=thread)
        other.start()
        while waiting(limiter) < 2:
            await asyncio.sleep(0.001)
        await asyncio.gather(first, task("last"))
        await asyncio.to_thread(other.join)

    asyncio.run(main())
    assert served == ["first", "thread", "last"]


@given(st.lists(st.integers(0, 9), max_size=40))
def test_the_head_of_the_line_always_has_its_turn(moves: list[int]) -> None:
    line, places = Line(), list[Future[None]]()
    for move in moves:
        if move < 5 or not places:
            places.append(line.join())
        else:
            line.leave(places.pop(move % len(places)))
        assert all(place.done() == (position == 0) for position, place in enumerate(places))


def test_a_place_may_be_left_from_many_threads_at_once() -> None:
    line = Line()
    done: list[int] = []

    def stand() -> None:
        for _ in range(200):
            place = line.join()
            place.result(timeout=5)
            line.leave(place)
        done.append(1)

    threads = [threading.Thread(target=stand) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 8


def test_a_wait_that_is_too_long_is_refused_before_it_begins() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 3600, clock=clock)
    limiter.try_acquire()
    world = World([], clock)
    with pytest.raises(WaitTooLongError, match="in 3600 s, longer than the 60 s allowed") as caught:
        world.run(acquire_flow(limiter, max_wait_s=60, clock=clock))
    assert (caught.value.wait_s, caught.value.exit_code) == (3600, ExitCode.TRY_AGAIN)
    assert (world.slept, waiting(limiter)) == ([], 0)


def test_the_time_in_line_counts_as_waiting() -> None:
    clock = Clock()

    class Stingy(SlidingWindowLimiter):
        def try_acquire(self, cost: int = 1) -> float:  # noqa: ARG002
            return 25.0

    world = World([], clock)
    with pytest.raises(WaitTooLongError):
        world.run(acquire_flow(Stingy(1, 1), max_wait_s=60, clock=clock))
    assert world.slept == [25, 25]


def test_acquire_blocks_a_thread_and_awaits_in_a_task() -> None:
    limiter = SlidingWindowLimiter(2, 0.1)
    began = time.monotonic()
    limiter.acquire(cost=2)
    assert time.monotonic() - began < 0.05
    limiter.acquire()
    assert 0.09 < time.monotonic() - began < 0.3
    asyncio.run(limiter.acquire_async(2))
    assert 0.19 < time.monotonic() - began < 0.5


def test_a_cancelled_acquire_leaves_the_line() -> None:
    limiter = SlidingWindowLimiter(1, 60)
    limiter.acquire()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire_async(), 0.02)

    asyncio.run(main())
    assert waiting(limiter) == 0


# -- headers


def counts(remaining: object, reset: object, status: int = 200, **more: str) -> httpx2.Response:
    headers = {"x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": str(reset), **more}
    return httpx2.Response(status, headers=headers)


def header_limiter() -> tuple[HeaderRateLimiter, Clock]:
    clock = Clock()
    return HeaderRateLimiter(clock=clock, epoch=lambda: 1.75e9 + clock.now), clock


def test_an_empty_quota_is_waited_for_until_its_reset() -> None:
    limiter, clock = header_limiter()
    assert limiter.try_acquire() == 0
    limiter.observe(counts(0, 30))
    assert limiter.try_acquire() == pytest.approx(30)
    clock.now += 29
    assert limiter.try_acquire() == pytest.approx(1)
    clock.now += 1
    assert limiter.try_acquire() == 0


def test_requests_under_way_are_taken_off_what_remains() -> None:
    limiter, _ = header_limiter()
    for _ in range(4):
        assert limiter.try_acquire() == 0
    limiter.observe(counts(5, 30))  # three are still under way
    assert [limiter.try_acquire() for _ in range(3)] == [0, 0, 30]


def test_answers_out_of_order_never_raise_the_count() -> None:
    limiter, clock = header_limiter()
    for _ in range(8):
        limiter.try_acquire()
    for remaining in (2, 3, 4, 5, 6, 7, 8, 9):  # the server counted them the other way round
        limiter.observe(counts(remaining, 30))
    granted = 0
    while limiter.try_acquire() == 0:
        granted += 1
    assert granted <= 2
    clock.now += 31
    limiter.try_acquire()
    limiter.observe(counts(9, 30))
    assert [limiter.try_acquire() for _ in range(9)] == [0] * 9


def test_a_later_window_has_its_own_count() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(counts(0, 5))
    clock.now += 4  # the server's clock is ahead: it has begun a new window already
    limiter.observe(counts(99, 60))
    assert limiter.try_acquire() == 0


def test_retry_after_stops_everybody() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(httpx2.Response(429, headers={"retry-after": "17"}))
    assert limiter.try_acquire() == pytest.approx(17)
    limiter.observe(httpx2.Response(429, headers={"retry-after": "2"}))  # never shortens it
    assert limiter.try_acquire() == pytest.approx(17)
    clock.now += 17
    assert limiter.try_acquire() == 0


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([200, 429, 503]))
def test_no_header_breaks_the_limiter(remaining: str, reset: str, status: int) -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    headers = [(b"x-ratelimit-remaining", remaining.encode()), (b"x-ratelimit-reset", reset.encode())]
    limiter.observe(httpx2.Response(status, headers=headers))
    assert limiter.try_acquire() >= 0


def told(status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    "fields",
    [
        {"ratelimit_limit": "9, 9;w=60", "ratelimit_remaining": "2", "ratelimit_reset": "30"},
        {"ratelimit": "limit=9, remaining=2, reset=30"},
        {"ratelimit": "limit=9,remaining=2,reset=30", "ratelimit_policy": "9;w=60"},
        {"ratelimit": '"default";r=2;t=30'},
        {"ratelimit": "default ; r=2 ; t=30"},
        {"ratelimit": '"a,b;c";r=2;t=30;pk=:cHsdsRa894==:', "ratelimit_policy": '"a,b;c";q=9;w=60'},
        {"ratelimit": '"default";r=2', "ratelimit_policy": '"default";q=9;w=30'},
        {"ratelimit": '"hour";r=900;t=1800, "minute";r=2;t=30'},
    ],
    ids=str,
)
def test_the_fields_of_the_ietf_are_read_in_every_form(fields: dict[str, str]) -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(200, **fields))
    assert [limiter.try_acquire() for _ in range(3)] == [0, 0, pytest.approx(30)]
    clock.now += 30
    assert limiter.try_acquire() == 0


def test_of_several_quotas_the_longest_wait_counts() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(ratelimit='"hour";r=0;t=1800, "minute";r=0;t=30'))
    assert limiter.try_acquire() == pytest.approx(1800)
    clock.now += 1800
    assert limiter.try_acquire() == 0


def test_an_empty_ietf_quota_is_the_wait_that_a_429_asks_for() -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(429, ratelimit='"minute";r=0;t=12, "hour";r=5;t=3000'))
    assert limiter.try_acquire() == pytest.approx(12)


odd_fields = st.one_of(
    st.binary(max_size=80),
    st.from_regex(rb'\A("?[a-z]{0,8}"?(;[rtqw]=[-+.0-9e"]{0,12}){0,4}[, ;"\\]{0,3}){0,4}\Z'),
)


@given(odd_fields, odd_fields, odd_fields, st.sampled_from([200, 429]))
@settings(max_examples=150)
def test_no_bytes_in_any_field_break_the_limiter(one: bytes, two: bytes, three: bytes, status: int) -> None:
    limiter, _ = header_limiter()
    names = [b"ratelimit", b"ratelimit-policy", b"ratelimit-reset", b"x-ratelimit-reset", b"retry-after"]
    for _ in range(2):
        limiter.try_acquire()
        headers = list(zip(names, [one, two, three, one, two], strict=True))
        limiter.observe(httpx2.Response(status, headers=headers))
    wait = limiter.try_acquire()
    assert 0 <= wait < float("inf")


def test_a_hostile_field_is_read_in_no_time() -> None:
    for text in ('"' * 50_000, '"\\' * 30_000, ";,=" * 30_000, '"a";r=' * 20_000):
        limiter, _ = header_limiter()
        began = time.perf_counter()
        limiter.observe(told(ratelimit=text, ratelimit_policy=text))
        assert time.perf_counter() - began < 1


def test_names_that_change_with_every_answer_do_not_pile_up() -> None:
    limiter, _ = header_limiter()
    for number in range(100):
        limiter.observe(told(ratelimit=f'"{number}";r=5;t=30'))
    assert len(limiter._left) <= 16


def test_a_transport_error_leaves_nothing_in_flight() -> None:
    limiter, _ = header_limiter()
    world = World([httpx2.ReadError("reset")] * 3)
    with pytest.raises(NetworkError):
        world.run(request_flow(Policy(limiter=limiter, retry=at_once(3)), REQUEST))
    assert in_flight(limiter) == 0


def test_a_released_slot_is_free_again() -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    limiter.observe(counts(1, 30))
    assert limiter.try_acquire() == 0
    limiter.release()
    assert (limiter.try_acquire(), in_flight(limiter)) == (0, 1)


# -- several limits at once


def test_all_limits_grant_or_none_is_charged() -> None:
    wide, narrow = SlidingWindowLimiter(3, 60), SlidingWindowLimiter(1, 60)
    both = CompositeLimiter([wide, narrow])
    assert both.try_acquire() == 0
    assert both.try_acquire() > 0
    assert wide.try_acquire(2) == 0
    both.release()
    assert both.try_acquire() == 0


def test_a_limit_that_raises_charges_none_of_the_others() -> None:
    wide, narrow = SlidingWindowLimiter(3, 60), SlidingWindowLimiter(1, 60)
    with pytest.raises(ValueError, match="never fits"):
        CompositeLimiter([wide, narrow]).try_acquire(2)
    assert wide.try_acquire(3) == 0


def test_every_limit_learns_of_answers_and_losses() -> None:
    one, other = HeaderRateLimiter(), HeaderRateLimiter()
    both = CompositeLimiter([one, other])
    for _ in range(3):
        both.try_acquire()
    both.observe(httpx2.Response(200))
    both.lost()
    both.release()
    assert (in_flight(one), in_flight(other)) == (0, 0)


def test_a_routing_limit_is_asked_which_one_it_is() -> None:
    class Routed(SlidingWindowLimiter):
        def __init__(self) -> None:
            super().__init__(100, 60)
            self.contacts = SlidingWindowLimiter(1, 60)

        def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
            return self.contacts if request.url.path == "/contacts" else self

    both = CompositeLimiter([SlidingWindowLimiter(100, 60), Routed()])
    contacts = httpx2.Request("GET", "http://api.test/contacts")
    assert both.for_request(REQUEST) is both
    assert both.for_request(contacts) is both.for_request(contacts)
    assert both.for_request(contacts).try_acquire() == 0
    assert both.for_request(contacts).try_acquire() > 0
    assert both.for_request(REQUEST).try_acquire() == 0


# -- grants that outlive the process


def stored(
    path: Path, limit: int = 3, window_s: float = 60, clock: Clock | None = None
) -> SlidingWindowLimiter:
    store = SqliteGrantStore(path)
    return SlidingWindowLimiter(limit, window_s, store=store, quota="brevo events", clock=clock or Clock())


def test_grants_outlive_the_object(tmp_path: Path) -> None:
    clock = Clock()
    first = stored(tmp_path / "grants.db", clock=clock)
    assert first.try_acquire(2) == 0
    close(first)
    again = stored(tmp_path / "grants.db", clock=clock)
    assert again.try_acquire(2) == pytest.approx(60)
    assert again.try_acquire() == 0
    clock.now += 60
    assert again.try_acquire(3) == 0
    close(again)


def close(limiter: SlidingWindowLimiter) -> None:
    store = limiter._store
    assert isinstance(store, SqliteGrantStore)
    store.close()


def test_the_wait_for_a_stored_grant_is_exact(tmp_path: Path) -> None:
    clock = Clock()
    limiter = stored(tmp_path / "grants.db", clock=clock)
    for _ in range(3):
        assert limiter.try_acquire() == 0
        clock.now += 2
    assert limiter.try_acquire() == pytest.approx(54)
    assert limiter.try_acquire(2) == pytest.approx(56)
    assert limiter.try_acquire(3) == pytest.approx(58)
    close(limiter)


def test_each_quota_counts_for_itself(tmp_path: Path) -> None:
    store = SqliteGrantStore(tmp_path / "grants.db")
    assert store.try_acquire("a", 1, 1, 60, 1000.0) == 0
    assert store.try_acquire("b", 1, 1, 60, 1000.0) == 0
    assert store.try_acquire("a", 1, 1, 60, 1000.0) > 0
    store.release("a", 1)
    assert store.try_acquire("b", 1, 1, 60, 1000.0) > 0
    assert store.try_acquire("a", 1, 1, 60, 1000.0) == 0
    store.close()


def test_a_clock_set_back_never_shortens_a_window(tmp_path: Path) -> None:
    clock = Clock()
    limiter = stored(tmp_path / "grants.db", limit=1, clock=clock)
    limiter.try_acquire()
    clock.now -= 500
    assert limiter.try_acquire() == pytest.approx(60)  # counted anew, not until a day that may never come
    clock.now += 59
    assert limiter.try_acquire() > 0
    clock.now += 1
    assert limiter.try_acquire() == 0
    close(limiter)


def test_what_a_release_leaves_in_the_store_counts_no_shorter(tmp_path: Path) -> None:
    clock = Clock()
    limiter = stored(tmp_path / "grants.db", limit=2, clock=clock)
    limiter.try_acquire()
    clock.now += 50
    limiter.try_acquire()
    limiter.release()  # the first one
    clock.now += 11
    assert limiter.try_acquire() == 0
    assert limiter.try_acquire() > 0
    close(limiter)


def test_grants_are_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "grants.db"
    limiter = stored(path)
    limiter.try_acquire()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    close(limiter)


def test_threads_share_one_store(tmp_path: Path) -> None:
    store = SqliteGrantStore(tmp_path / "grants.db")
    waits: list[float] = []

    def take() -> None:
        waits.extend(store.try_acquire("q", 1, 50, 60, time.time()) for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert waits.count(0) == 50
    store.close()


_PROCESS = """
import sys, time
from pathlib import Path
from tidegate.http_tools.grants import SqliteGrantStore
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
limiter = SlidingWindowLimiter(20, 0.5, store=SqliteGrantStore(Path(sys.argv[1])), quota="q")
until = time.time() + 1.6
while time.time() < until:
    now = time.time()
    if (wait := limiter.try_acquire()) == 0:
        print(repr(now))
    else:
        time.sleep(min(wait, 0.01))
"""


def test_processes_at_once_never_pass_the_window(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROCESS, str(tmp_path / "grants.db")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=30)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    stamps = [float(line) for output in outputs for line in output.split()]
    # each stamp was read just before the grant's own, under a lock that others held for a moment
    assert most_in_any_window(stamps, 0.47) <= 20
    assert len(stamps) >= 60


@pytest.mark.parametrize("_", range(3))
def test_a_store_may_be_made_by_processes_at_once(tmp_path: Path, _: int) -> None:
    code = (
        "import sys; from pathlib import Path; from tidegate.http_tools.grants import SqliteGrantStore as S; "
    )
    code += "[S(Path(sys.argv[1]) / str(i)).try_acquire('q', 1, 9, 60, 1.0) for i in range(20)]"
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=30)[1] for process in processes] == ["", "", ""]


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["ask", "release"]), st.floats(0, 0.6)), max_size=30))
def test_the_store_grants_as_the_memory_does(steps: list[tuple[str, float]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        kept = stored(Path(folder) / "grants.db", 3, 1.0, clock)
        plain = SlidingWindowLimiter(3, 1.0, clock=clock)
        for action, later in steps:
            clock.now += later
            if action == "ask":
                assert kept.try_acquire() == pytest.approx(plain.try_acquire())
            else:
                kept.release()
                plain.release()
        close(kept)


def test_a_store_keeps_a_file_of_others_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "grants.db"
    path.touch(mode=0o600)
    os.chmod(path, 0o640)  # noqa: PTH101 - as an administrator would
    limiter = stored(path)
    close(limiter)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_store_needs_few_rows_for_many_grants_and_never_counts_too_few(tmp_path: Path) -> None:
    clock = Clock()
    limiter = stored(tmp_path / "grants.db", limit=2000, window_s=100, clock=clock)
    stamps: list[float] = []
    for _ in range(5000):
        if limiter.try_acquire() == 0:
            stamps.append(clock.now)
        clock.now += 0.03
    assert most_in_any_window(stamps, 100) == 2000
    # 2000 a 60 s, then what has left the window: no more than a 256th of it later
    assert len(stamps) >= 2000 + 1600 - 20
    store = limiter._store
    assert isinstance(store, SqliteGrantStore)
    assert store._db.execute("SELECT count(*) FROM grants").fetchone()[0] <= 258
    close(limiter)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["ask", "ask 40", "release"]), st.floats(-3, 20)), max_size=40))
def test_rows_of_many_grants_never_let_more_through(steps: list[tuple[str, float]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        limiter = stored(Path(folder) / "grants.db", 300, 100.0, clock)
        plain = SlidingWindowLimiter(300, 100.0, clock=clock)
        for action, later in steps:
            clock.now += max(0.0, later)
            if action == "release":
                limiter.release()
                plain.release()
            elif limiter.try_acquire(cost := 40 if action == "ask 40" else 1) == 0:
                assert plain.try_acquire(cost) == 0
        close(limiter)


def test_grants_of_an_older_version_still_count(tmp_path: Path) -> None:
    import sqlite3

    db = sqlite3.connect(tmp_path / "grants.db")
    db.execute("CREATE TABLE grants (quota TEXT NOT NULL, granted_at REAL NOT NULL) STRICT")
    db.executemany("INSERT INTO grants VALUES ('brevo events', ?)", [(990.0,), (995.0,)])
    db.commit()
    db.close()
    limiter = stored(tmp_path / "grants.db", limit=3)
    assert limiter.try_acquire(2) == pytest.approx(50)
    assert limiter.try_acquire() == 0
    close(limiter)
