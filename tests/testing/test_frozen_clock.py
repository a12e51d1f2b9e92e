"""Hours without waiting: quotas, pauses and breakers by a clock that the waits move on."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import httpx2
import pytest

from tests.http_tools.driving import Driver
from tidegate.http_tools.circuit_breakers import CircuitBreaker
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.effects import Flow, Shielded, Sleep, WaitAtMost
from tidegate.http_tools.exceptions import ClientClosedError
from tidegate.http_tools.rate_limiters import HeaderRateLimiter, SlidingWindowLimiter
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.testing import FaultTransport, FrozenClock, Status

T = TypeVar("T")

BASE = "https://api.example.com"


def fine(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={})


def test_a_day_of_a_hundred_calls_an_hour_takes_no_time(driver: Driver) -> None:
    clock = FrozenClock()
    limiter = SlidingWindowLimiter(100, 3600, clock=clock.monotonic)
    client = driver.client(BASE, transport=FaultTransport(fine), rate_limiter=limiter, clock=clock)
    began = time.monotonic()
    for _ in range(1000):
        driver.request(client, "GET", "/rows")
    assert clock.monotonic() == pytest.approx(9 * 3600)
    assert time.monotonic() - began < 60


def test_the_events_of_a_request_go_by_the_same_clock(driver: Driver) -> None:
    clock = FrozenClock()
    heard: list[object] = []
    client = driver.client(BASE, transport=FaultTransport(fine), clock=clock, listeners=[heard.append])
    driver.request(client, "GET", "/rows")
    assert [getattr(event, "duration_s", 0.0) for event in heard] == [0.0, 0.0]


def test_a_reset_told_as_a_date_is_met_to_the_second(driver: Driver) -> None:
    clock = FrozenClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    over = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T13:00:00Z"}
    answers = iter([httpx2.Response(200, headers=over), httpx2.Response(200)])
    client = driver.client(
        BASE,
        transport=FaultTransport(lambda _: next(answers)),
        rate_limiter=HeaderRateLimiter(clock=clock.monotonic, epoch=clock.time),
        clock=clock,
    )
    driver.request(client, "GET", "/rows")
    driver.request(client, "GET", "/rows")
    assert clock.now() == datetime(2026, 3, 1, 13, tzinfo=UTC)


def test_a_breaker_recovers_by_the_clock(driver: Driver) -> None:
    clock = FrozenClock()
    transport = FaultTransport(fine, script=[Status(500)] * 3)
    client = driver.client(
        BASE,
        transport=transport,
        circuit_breaker=CircuitBreaker(3, recovery_s=900, clock=clock.monotonic),
        retry_strategy=ExponentialBackoffRetryStrategy(random=lambda: 0.0),
        clock=clock,
    )
    assert driver.request(client, "GET", "/rows").status_code == 200
    assert clock.monotonic() >= 900


def test_threads_share_one_clock_and_one_quota() -> None:
    clock = FrozenClock()
    limiter = SlidingWindowLimiter(10, 60, clock=clock.monotonic)
    with (
        SyncHttpClient(BASE, transport=FaultTransport(fine), rate_limiter=limiter, clock=clock) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda _: client.request("GET", "/rows"), range(100)))
    # Nine windows at the least; an answer that comes while another thread moves the clock counts in the next.
    assert 540 <= clock.monotonic() < 2 * 540


def run(driver: Driver, clock: FrozenClock, flow: Flow[T]) -> T:
    client = driver.client(BASE, clock=clock)
    return asyncio.run(client.drive_async(flow)) if driver.kind is AsyncHttpClient else client.drive(flow)


def test_what_is_there_already_is_not_waited_for(driver: Driver) -> None:
    clock, done, never = FrozenClock(), Future[None](), Future[None]()
    done.set_result(None)

    def flow() -> Flow[list[bool]]:
        return [(yield from WaitAtMost(done, 60)), (yield from WaitAtMost(never, 60))]

    assert run(driver, clock, flow()) == [True, False]
    assert clock.slept == [60]


def test_a_wait_within_what_must_not_be_cut_goes_by_the_clock(driver: Driver) -> None:
    clock = FrozenClock()

    def inner() -> Flow[str]:
        yield from Sleep(3600)
        return "done"

    def flow() -> Flow[str]:
        return (yield from Shielded(inner()))

    assert run(driver, clock, flow()) == "done"
    assert clock.slept == [3600]


def test_a_closed_client_waits_for_nothing() -> None:
    clock = FrozenClock()
    limiter = SlidingWindowLimiter(1, 60, clock=clock.monotonic)
    client = SyncHttpClient(BASE, transport=FaultTransport(fine), rate_limiter=limiter, clock=clock)
    client.request("GET", "/rows")
    client.close()
    with pytest.raises(ClientClosedError):
        client.request("GET", "/rows")
    assert clock.slept == []


def test_time_does_not_go_back() -> None:
    clock = FrozenClock(datetime(2026, 1, 1))  # a naive one is UTC
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    clock.advance(60)
    assert repr(clock) == "FrozenClock(2026-01-01T00:01:00+00:00)"
