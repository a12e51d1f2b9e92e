"""A request that is cancelled, wherever it is, gives back its slot, place, probe and connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import Driver, at_once, in_flight, waiting
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State, Verdict
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import ServerError
from tidegate.http_tools.rate_limiters import HeaderRateLimiter, SlidingWindowLimiter


async def cancelled(request: Awaitable[Any], when: Callable[[], bool]) -> None:
    task = asyncio.ensure_future(request)
    while not when():
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_cancelled_request_gives_back_slot_and_probe(server: Loopback) -> None:
    server.by = lambda seen: Answer(500 if seen.path == "/bad" else 200, delay_s=0.1)
    limiter, breaker = HeaderRateLimiter(), CircuitBreaker(1, recovery_s=0.0)

    async def main() -> None:
        client = AsyncHttpClient(
            server.url, rate_limiter=limiter, circuit_breaker=breaker, retry_strategy=at_once(1)
        )
        async with client:
            with pytest.raises(ServerError):
                await client.request("GET", "/bad")
            await cancelled(client.request("GET", "/"), lambda: len(server.seen) == 2)
            assert in_flight(limiter) == 0
            assert breaker.state is State.HALF_OPEN
            assert (await client.request("GET", "/")).status_code == 200  # as the next probe

    asyncio.run(main())
    assert breaker.state is State.CLOSED


def test_a_request_cancelled_in_the_middle_of_its_body_leaves_no_connection(server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 500, drip_s=0.02)

    async def main() -> None:
        async with AsyncHttpClient(server.url) as client:
            task = asyncio.ensure_future(client.request("GET", "/"))
            while not server.seen:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            task.cancel()
            outcome = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome[0], asyncio.CancelledError)
            deadline = time.monotonic() + 3
            while server.connections and time.monotonic() < deadline:
                await asyncio.sleep(0.005)
            assert server.connections == 0

    asyncio.run(main())


def test_a_cancelled_waiter_leaves_its_place_to_the_next(server: Loopback) -> None:
    limiter = SlidingWindowLimiter(1, 0.3)

    async def main() -> None:
        async with AsyncHttpClient(server.url, rate_limiter=limiter) as client:
            await client.request("GET", "/")
            first, second, third = (asyncio.ensure_future(client.request("GET", "/")) for _ in range(3))
            await asyncio.sleep(0.02)
            assert waiting(limiter) == 3
            second.cancel()  # from the middle, then from the head
            first.cancel()
            assert (await third).status_code == 200
            assert waiting(limiter) == 0
            assert len(server.seen) == 2

    asyncio.run(main())


class SlowToken(BaseAuthManager):
    """Needs a while for its token, or fails at it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self._error = error

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        self.asked += 1
        if self._error is not None:
            raise self._error
        yield from Sleep(30)
        return "token"

    def secrets(self) -> tuple[str, ...]:
        return ()

    def identity(self) -> str:
        return ""


def test_a_request_cancelled_before_it_was_sent_gives_its_slot_back(server: Loopback) -> None:
    limiter, auth = SlidingWindowLimiter(1, 60), SlowToken()

    async def main() -> None:
        async with AsyncHttpClient(server.url, auth_manager=auth, rate_limiter=limiter) as client:
            await cancelled(client.request("GET", "/"), lambda: auth.asked == 1)
            assert limiter.try_acquire() == 0

    asyncio.run(main())
    assert not server.seen


def test_a_token_that_cannot_be_had_gives_slot_and_probe_back(driver: Driver, server: Loopback) -> None:
    limiter, breaker = SlidingWindowLimiter(1, 60), CircuitBreaker(1, recovery_s=0.0)
    breaker.enter()(Verdict.FAILED)
    client = driver.client(
        server.url,
        auth_manager=SlowToken(RuntimeError("no token")),
        rate_limiter=limiter,
        circuit_breaker=breaker,
    )
    with pytest.raises(RuntimeError, match="no token"):
        driver.request(client, "GET", "/")
    assert limiter.try_acquire() == 0
    breaker.enter()
    assert not server.seen
