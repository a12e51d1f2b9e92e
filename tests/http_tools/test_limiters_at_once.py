"""No more requests under way at once than the limit, whatever becomes of each."""

from __future__ import annotations

import asyncio
import math
import threading
import time

import httpx2
import pytest

from tests.http_tools.driving import Driver, World, at_once, waiting
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.exceptions import NetworkError, WaitTooLongError
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import CompositeLimiter, ConcurrencyLimiter, TokenBucketLimiter

OK = httpx2.Response(200)


def get(path: str = "/x", method: str = "GET") -> httpx2.Request:
    return httpx2.Request(method, f"http://api.test{path}")


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
