"""What each limiter grants: rates, bursts, slots at once, weights, routes. The clock stands still."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, Driver, World, at_once, waiting
from tests.http_tools.loopback import Answer, Loopback
from tests.http_tools.windows import most_in_any_window
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import NetworkError, WaitTooLongError
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    BurstRecoveryLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
    acquire_flow,
)

OK = httpx2.Response(200)


def get(path: str = "/x", method: str = "GET") -> httpx2.Request:
    return httpx2.Request(method, f"http://api.test{path}")


def granted(limiter: BaseRateLimiter, at_most: int = 10_000) -> int:
    return next((count for count in range(at_most) if limiter.try_acquire() > 0), at_most)


# -- token bucket


def test_a_bucket_grants_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(10, burst=3, clock=clock)
    assert granted(limiter) == 3
    assert limiter.try_acquire() == pytest.approx(0.1)
    assert limiter.try_acquire(2) == pytest.approx(0.2)
    clock.now += 0.2
    assert granted(limiter) == 2
    clock.now += 100
    assert granted(limiter) == 3


def test_a_bucket_spaces_evenly_unless_told_otherwise() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(10, clock=clock)
    assert granted(limiter) == 1
    clock.now += 0.1
    assert granted(limiter) == 1


@given(
    st.lists(st.tuples(st.integers(1, 4), st.floats(0, 0.5)), max_size=60),
    st.floats(0.5, 50),
    st.integers(4, 20),
)
def test_a_bucket_never_grants_more_than_burst_and_rate(
    asked: list[tuple[int, float]], rate: float, burst: int
) -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(rate, burst=burst, clock=clock)
    grants: list[tuple[float, int]] = []
    for cost, later in asked:
        clock.now += later
        wait = limiter.try_acquire(cost)
        assert wait >= 0
        if wait:
            clock.now += wait
            assert limiter.try_acquire(cost) == 0
        grants.append((clock.now, cost))
    for first, (began, _) in enumerate(grants):
        total = 0
        for at, cost in grants[first:]:
            total += cost
            assert total <= burst + rate * (at - began) + 1e-3


def test_a_released_token_is_there_again_and_no_more_than_the_burst() -> None:
    limiter = TokenBucketLimiter(1, burst=2, clock=Clock())
    assert limiter.try_acquire(2) == 0
    limiter.release(2)
    limiter.release(2)
    assert granted(limiter) == 2


def test_a_clock_that_goes_back_earns_nothing() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(1, clock=clock)
    limiter.try_acquire()
    clock.now -= 100
    assert limiter.try_acquire() == pytest.approx(1)


# -- burst and recovery


def titelive(clock: Clock) -> BurstRecoveryLimiter:
    return BurstRecoveryLimiter(70, 2000, 15, 30, clock=clock)


def use_up(limiter: BaseRateLimiter, clock: Clock, grants: int) -> list[float]:
    stamps: list[float] = []
    while len(stamps) < grants:
        if wait := limiter.try_acquire():
            clock.now += wait
        else:
            stamps.append(clock.now)
    return stamps


def test_a_burst_is_followed_by_a_pause_and_a_lower_rate() -> None:
    clock = Clock()
    limiter = titelive(clock)
    burst = use_up(limiter, clock, 2000)
    assert most_in_any_window(burst, 1.0) == 70
    assert burst[-1] - burst[0] == pytest.approx(28, abs=0.1)
    assert limiter.try_acquire() == pytest.approx(15)
    after = use_up(limiter, clock, 90)
    assert after[0] - burst[-1] == pytest.approx(15)
    assert most_in_any_window(after, 1.0) == 30
    assert after[-1] - after[0] == pytest.approx(2)


def test_the_pause_counts_from_the_last_answer() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 5, clock=clock)
    assert granted(limiter) == 5
    clock.now += 4
    limiter.observe(OK)
    assert limiter.try_acquire() == pytest.approx(15)


def test_the_pause_counts_from_a_loss_too() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 5, clock=clock)
    assert granted(limiter) == 5
    clock.now += 4
    limiter.lost()
    assert limiter.try_acquire() == pytest.approx(15)


def test_an_idle_time_begins_a_new_burst() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 8, 15, 2, idle_s=60, clock=clock)
    use_up(limiter, clock, 12)
    clock.now += 59
    assert granted(limiter) == 2
    clock.now += 60
    assert granted(limiter) == 5


def test_a_released_slot_is_no_part_of_the_burst() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 1, clock=clock)
    assert granted(limiter, 3) == 3
    limiter.release(3)
    assert granted(limiter, 5) == 5


# -- at once


def test_no_more_than_the_limit_are_under_way() -> None:
    limiter = ConcurrencyLimiter(2)
    assert [limiter.try_acquire() for _ in range(3)] == [0, 0, math.inf]
    limiter.observe(OK)
    assert limiter.try_acquire() == 0
    limiter.lost()
    assert limiter.in_flight == 1


def test_a_server_never_sees_more_at_once(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.02)
    limiter = ConcurrencyLimiter(1)
    client = driver.client(server.url, rate_limiter=limiter)
    for _ in range(3):
        driver.request(client, "GET", "/")
    assert limiter.in_flight == 0


def test_threads_and_tasks_share_the_slots() -> None:
    limiter = ConcurrencyLimiter(3)
    now, most, done = 0, 0, 0
    lock = threading.Lock()

    def change(by: int) -> None:
        nonlocal now, most, done
        with lock:
            now += by
            most = max(most, now)
            done += by < 0

    def thread() -> None:
        for _ in range(5):
            limiter.acquire()
            change(1)
            time.sleep(0.002)
            change(-1)
            limiter.release()

    async def task() -> None:
        for _ in range(5):
            await limiter.acquire_async()
            change(1)
            await asyncio.sleep(0.002)
            change(-1)
            limiter.release()

    async def tasks() -> None:
        await asyncio.gather(*(task() for _ in range(6)))

    running = [threading.Thread(target=thread) for _ in range(4)]
    running += [threading.Thread(target=lambda: asyncio.run(tasks())) for _ in range(2)]
    for each in running:
        each.start()
    for each in running:
        each.join(20)
    assert (most, done, limiter.in_flight, waiting(limiter)) == (3, 80, 0, 0)


def test_a_slot_that_is_given_back_wakes_who_waits() -> None:
    limiter = ConcurrencyLimiter(1)
    limiter.acquire()
    threading.Timer(0.05, limiter.release).start()
    began = time.monotonic()
    limiter.acquire()
    assert 0.04 < time.monotonic() - began < 2


def test_a_cancelled_request_gives_its_slot_back(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.3)
    limiter = ConcurrencyLimiter(1)

    async def main() -> None:
        async with AsyncHttpClient(server.url, rate_limiter=limiter) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.request("GET", "/"), 0.05)
            assert limiter.in_flight == 0

    asyncio.run(main())


def test_a_cancelled_wait_for_a_slot_holds_nothing() -> None:
    limiter = ConcurrencyLimiter(1)
    limiter.acquire()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire_async(), 0.02)

    asyncio.run(main())
    limiter.release()
    assert (limiter.in_flight, waiting(limiter), limiter.try_acquire()) == (0, 0, 0)


def test_a_lost_request_gives_its_slot_back() -> None:
    limiter = ConcurrencyLimiter(1)
    world = World([httpx2.ReadError("reset")] * 3)
    with pytest.raises(NetworkError):
        world.run(request_flow(Policy(limiter=limiter, retry=at_once(3)), get()))
    assert (len(world.sent), limiter.in_flight) == (3, 0)


def test_the_wait_for_a_slot_ends_with_patience() -> None:
    limiter = ConcurrencyLimiter(1)
    limiter.acquire()
    with pytest.raises(WaitTooLongError):
        limiter.acquire(max_wait_s=0.02)
    assert waiting(limiter) == 0


def test_a_slot_of_several_limits_wakes_who_waits_for_all_of_them() -> None:
    both = CompositeLimiter([TokenBucketLimiter(1000, burst=100), ConcurrencyLimiter(1)])
    both.acquire()
    threading.Timer(0.05, both.release).start()
    both.acquire(max_wait_s=5)


# -- deadlines


def test_who_stands_behind_a_wait_that_is_too_long_is_refused_at_once() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 3600, clock=clock)
    limiter.try_acquire()
    head = acquire_flow(limiter, clock=clock)
    next(head)  # sleeps for an hour
    world = World([], clock)
    with pytest.raises(WaitTooLongError, match="in 3600 s, longer than the 60 s"):
        world.run(acquire_flow(limiter, max_wait_s=60, clock=clock))
    assert (world.slept, clock.now) == ([], 1000)
    head.close()
    assert waiting(limiter) == 0


def test_the_time_in_line_ends_with_patience() -> None:
    limiter = ConcurrencyLimiter(1)
    limiter.acquire()

    async def main() -> None:
        head = asyncio.ensure_future(limiter.acquire_async())
        await asyncio.sleep(0)
        with pytest.raises(WaitTooLongError):
            await limiter.acquire_async(max_wait_s=0.02)
        head.cancel()
        await asyncio.gather(head, return_exceptions=True)

    asyncio.run(main())
    assert waiting(limiter) == 0


def test_several_event_loops_stand_in_one_line() -> None:
    limiter = SlidingWindowLimiter(20, 0.1)
    done: list[int] = []

    async def main() -> None:
        async def one() -> None:
            await limiter.acquire_async()
            done.append(1)

        await asyncio.gather(*(one() for _ in range(15)))

    running = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(4)]
    for each in running:
        each.start()
    for each in running:
        each.join(10)
    assert (len(done), waiting(limiter)) == (60, 0)


# -- all of them


KINDS: dict[str, Callable[[], BaseRateLimiter]] = {
    "token bucket": lambda: TokenBucketLimiter(1e-6, burst=2),
    "sliding window": lambda: SlidingWindowLimiter(2, 3600),
    "burst": lambda: BurstRecoveryLimiter(2, 2, 3600, 2, idle_s=3600),
    "concurrency": lambda: ConcurrencyLimiter(2),
    "composite": lambda: CompositeLimiter([SlidingWindowLimiter(2, 3600), HeaderRateLimiter()]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelled_request_leaves_line_and_quota_as_they_were(kind: str) -> None:
    limiter = KINDS[kind]()
    assert granted(limiter) == 2

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire_async(), 0.02)

    asyncio.run(main())
    assert waiting(limiter) == 0
    limiter.release()
    assert granted(limiter) == 1


class SlowToken(BaseAuthManager):
    """Its first token takes a third of a second."""

    def __init__(self) -> None:
        self.asked = 0

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        self.asked += 1
        if self.asked == 1:
            yield from Sleep(0.3)
        return None

    def secrets(self) -> tuple[str, ...]:
        return ()

    def identity(self) -> str:
        return ""


@pytest.mark.parametrize(
    "make",
    [
        lambda clock: SlidingWindowLimiter(1, 3600, clock=clock),
        lambda clock: TokenBucketLimiter(1 / 3600, clock=clock),
        lambda _: ConcurrencyLimiter(1),
        lambda clock: WeightedLimiter(SlidingWindowLimiter(4, 3600, clock=clock), lambda _: 4),
        lambda clock: CompositeLimiter(
            [
                ConcurrencyLimiter(1),
                HeaderRateLimiter(clock=clock),
                SlidingWindowLimiter(1, 3600, clock=clock),
            ]
        ),
    ],
    ids=["sliding window", "token bucket", "concurrency", "weighted", "composite"],
)
def test_a_slot_that_waited_for_a_token_is_taken_anew_and_not_lost(
    make: Callable[[Clock], BaseRateLimiter],
) -> None:
    world = World([OK])
    policy = Policy(
        home=httpx2.URL("http://api.test"), auth=SlowToken(), limiter=make(world.clock), clock=world.clock
    )
    world.run(request_flow(policy, get()))
    assert world.slept == [0.3]


@pytest.mark.parametrize("kind", KINDS)
def test_waiting_beyond_the_deadline_is_refused(kind: str) -> None:
    limiter = KINDS[kind]()
    assert granted(limiter) == 2
    with pytest.raises(WaitTooLongError):
        limiter.acquire(max_wait_s=0.02)
    assert waiting(limiter) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: TokenBucketLimiter(0),
        lambda: TokenBucketLimiter(1, burst=0),
        lambda: BurstRecoveryLimiter(burst_requests=0),
        lambda: BurstRecoveryLimiter(idle_s=1),
        lambda: ConcurrencyLimiter(0),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(make: Callable[[], BaseRateLimiter]) -> None:
    with pytest.raises(ValueError, match="needs"):
        make()


@pytest.mark.parametrize("kind", ["token bucket", "sliding window", "burst", "concurrency"])
def test_a_cost_that_can_never_be_granted_is_a_mistake(kind: str) -> None:
    for cost in (0, 3):
        with pytest.raises(ValueError, match="never fits"):
            KINDS[kind]().try_acquire(cost)
