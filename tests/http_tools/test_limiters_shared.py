"""One quota over processes and machines, on a real Valkey: by its clock, several slots a call, in turn."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
import redis

from tests.http_tools.driving import Clock, Driver, waiting
from tests.http_tools.loopback import Loopback
from tidegate.http_tools.rate_limiters import CompositeLimiter, SharedLimiter, TokenBucketLimiter


def shared(url: str, limit: int = 3, window_s: float = 60.0, **settings: object) -> SharedLimiter:
    # on a busy machine an answer may take longer than a slot is good for by default
    given = {"slack_s": 2.0, **settings} if window_s >= 60 else settings
    return SharedLimiter(limit, window_s, key="test", store=url, **given)  # type: ignore[arg-type]  # as given


def test_two_objects_share_one_quota(valkey: str, store: redis.Redis) -> None:
    one, other = shared(valkey), shared(valkey)
    assert one.try_acquire(2) == 0
    assert other.try_acquire() == 0
    assert other.try_acquire() == pytest.approx(62, abs=0.5)
    one.close()
    other.close()


def test_each_key_is_a_quota_of_its_own(valkey: str, store: redis.Redis) -> None:
    client = redis.Redis.from_url(valkey)
    for key in ("a", "b"):
        assert SharedLimiter(1, 60, key=key, store=client).try_acquire() == 0
    client.close()


@pytest.mark.parametrize("cost", [0, 4])
def test_a_cost_that_can_never_be_granted_is_refused(valkey: str, store: redis.Redis, cost: int) -> None:
    limiter = shared(valkey)
    with pytest.raises(ValueError, match="never fits"):
        limiter.try_acquire(cost)
    limiter.close()


def test_at_high_rates_several_slots_come_with_one_call(valkey: str, store: redis.Redis) -> None:
    limiter = SharedLimiter(5000, 60.0, key="fast", store=valkey, slack_s=0.6)
    before = store.info("commandstats")["cmdstat_evalsha"]["calls"] if _asked(store) else 0
    granted = 0
    while limiter.try_acquire() == 0:
        granted += 1
    calls = store.info("commandstats")["cmdstat_evalsha"]["calls"] - before
    assert granted == 5000
    assert calls <= 5000 / 50 * 2  # batches of 50; some lapse on a slow machine
    limiter.close()


def _asked(store: redis.Redis) -> bool:
    return "cmdstat_evalsha" in store.info("commandstats")


def test_slots_at_hand_lapse_and_go_back(valkey: str, store: redis.Redis) -> None:
    clock = Clock()
    limiter = SharedLimiter(100, 10.0, key="lapse", store=valkey, slack_s=0.5, clock=clock)
    assert limiter.try_acquire() == 0  # five came with it
    assert store.zcard("tidegate:{lapse}:log") == 5
    clock.now += 0.6
    assert limiter.try_now() is None
    assert limiter.try_acquire() == 0
    assert store.zcard("tidegate:{lapse}:log") == 6
    limiter.close()


def test_a_store_far_away_is_allowed_for(valkey: str, store: redis.Redis) -> None:
    """An answer that takes longer than a slot is good for would else never bring one."""

    class Far:
        def __init__(self) -> None:
            self.now = 0.0

        def __call__(self) -> float:
            self.now += 0.02  # each look at the clock is 20 ms later: a call takes that long
            return self.now

    limiter = SharedLimiter(5, 1.0, key="far", store=valkey, slack_s=0.005, clock=Far())
    waits = [limiter.try_acquire() for _ in range(8)]
    assert 0 < waits.count(0.0) <= 5
    limiter.close()


def test_a_released_slot_is_free_for_others_after_the_next_call(valkey: str, store: redis.Redis) -> None:
    one, other = shared(valkey, 2), shared(valkey, 2)
    assert one.try_acquire(2) == 0
    one.release(2)
    assert one.try_acquire() == 0
    assert other.try_acquire() == 0
    assert other.try_acquire() > 0
    one.close()
    other.close()


def test_who_waits_first_is_served_first_over_processes(valkey: str, store: redis.Redis) -> None:
    first, second, third = (shared(valkey, 1, 0.3, slack_s=0.5) for _ in range(3))
    assert first.try_acquire() == 0
    wait = second.try_acquire()
    assert third.try_acquire() == pytest.approx(wait, abs=0.2)
    time.sleep(wait)
    assert third.try_acquire() > 0  # it is free, but not for the third
    assert second.try_acquire() == 0
    for each in (first, second, third):
        each.close()


def test_who_does_not_come_back_loses_the_place(valkey: str, store: redis.Redis) -> None:
    first, gone, third = (shared(valkey, 1, 0.1) for _ in range(3))
    first.acquire()
    assert gone.try_acquire() > 0
    time.sleep(0.35)
    # on a busy machine a slot may come too late to be used, and is then asked for again
    assert any(third.try_acquire() == 0 for _ in range(5))
    for each in (first, gone, third):
        each.close()


def test_what_a_cancelled_task_was_granted_meanwhile_goes_back(valkey: str, store: redis.Redis) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Slow(SharedLimiter):
        def try_acquire(self, cost: int = 1) -> float:
            asked.set()
            answer.wait(5)
            return super().try_acquire(cost)

    limiter = Slow(1, 60, key="test", store=valkey)

    async def main() -> None:
        task = asyncio.ensure_future(limiter.acquire_async())
        while not asked.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        answer.set()

    asyncio.run(main())  # ends with the thread that asked
    assert waiting(limiter) == 0
    assert limiter.try_acquire() == 0
    limiter.close()


def test_a_slow_store_does_not_block_the_event_loop(valkey: str, store: redis.Redis) -> None:
    class Slow(SharedLimiter):
        def try_acquire(self, cost: int = 1) -> float:
            time.sleep(0.2)
            return super().try_acquire(cost)

    limiter = Slow(5, 60, key="test", store=valkey)
    turns = 0

    async def main() -> None:
        nonlocal turns
        task = asyncio.ensure_future(limiter.acquire_async())
        while not task.done():
            turns += 1
            await asyncio.sleep(0.005)

    asyncio.run(main())
    assert turns >= 5
    limiter.close()


def test_both_clients_ask_under_it(driver: Driver, server: Loopback, valkey: str, store: redis.Redis) -> None:
    limiter = CompositeLimiter([TokenBucketLimiter(1000, burst=10), shared(valkey, 2, 0.3)])
    client = driver.client(server.url, rate_limiter=limiter)
    began = time.monotonic()
    for _ in range(3):
        assert driver.request(client, "GET", "/").status_code == 200
    assert time.monotonic() - began > 0.29
    part = limiter.limiters[1]
    assert isinstance(part, SharedLimiter)
    part.close()
