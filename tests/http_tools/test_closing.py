"""A client that is closed cuts what is under way, whatever that waits for."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.http_tools.driving import Driver, at_once, eventually, waiting
from tests.http_tools.loopback import Answer, Loopback
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import AsyncHttpClient, HttpClient
from tidegate.http_tools.exceptions import ClientClosedError, HttpClientError
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter


class ApiRow(ReadContract):
    id: int


def closes_promptly(driver: Driver, client: HttpClient, ready: Callable[[], bool]) -> float:
    """Start a request, close the client from another thread once `ready`; give how long the cut took."""
    closed_at: list[float] = []

    def close() -> None:
        assert eventually(ready)
        closed_at.append(time.monotonic())
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(ClientClosedError):
        driver.request(client, "GET", "/")
    took = time.monotonic() - closed_at[0]
    closer.join()
    return took


def test_closing_cuts_the_wait_before_a_retry(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(429, headers={"Retry-After": "60"})
    client = driver.client(server.url)
    assert closes_promptly(driver, client, lambda: len(server.seen) == 1) < 0.5


def test_closing_cuts_a_wait_for_quota(driver: Driver, server: Loopback) -> None:
    limiter = SlidingWindowLimiter(1, 60)
    limiter.acquire()
    client = driver.client(server.url, rate_limiter=limiter)
    assert closes_promptly(driver, client, lambda: waiting(limiter) == 1) < 0.5
    assert waiting(limiter) == 0
    assert not server.seen


def test_closing_cuts_a_place_in_the_line(driver: Driver, server: Loopback) -> None:
    limiter = SlidingWindowLimiter(1, 60)
    place = limiter.line.join()
    client = driver.client(server.url, rate_limiter=limiter)
    assert closes_promptly(driver, client, lambda: waiting(limiter) == 2) < 0.5
    limiter.line.leave(place)
    assert waiting(limiter) == 0


def test_closing_cuts_a_body_that_drips(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 500, drip_s=0.02)
    client = driver.client(server.url)
    assert closes_promptly(driver, client, lambda: len(server.seen) == 1) < 0.5


def test_a_client_that_closes_while_an_answer_is_awaited_raises_nothing_but_its_own(
    driver: Driver, server: Loopback
) -> None:
    server.by = lambda _: Answer(delay_s=0.2)
    client = driver.client(server.url)
    assert closes_promptly(driver, client, lambda: len(server.seen) == 1) < 1


def test_a_closed_client_refuses(driver: Driver, server: Loopback) -> None:
    client = driver.client(server.url)
    client.close()
    with pytest.raises(ClientClosedError):
        driver.request(client, "GET", "/")
    with pytest.raises(ClientClosedError):
        driver.pages(client.pages("GET", "/", reads=ApiRow, items="rows", paginator=OffsetPaginator(limit=5)))


def test_closing_in_the_loop_ends_requests_under_way(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.3)

    async def main() -> list[Any]:
        client = AsyncHttpClient(server.url, retry_strategy=at_once())
        asked = [asyncio.ensure_future(client.request("GET", "/")) for _ in range(3)]
        while len(server.seen) < 3:
            await asyncio.sleep(0.01)
        await client.aclose()
        return await asyncio.gather(*asked, return_exceptions=True)

    for outcome in asyncio.run(main()):
        assert isinstance(outcome, HttpClientError)
