"""Pages and requests that end in the middle leave no task, thread, slot, place or connection."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from contextlib import aclosing

import pytest

from tests.http_tools.driving import Driver, eventually, in_flight, rows, waiting
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import HttpClientError, ResponseTooLargeError
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.rate_limiters import HeaderRateLimiter, SlidingWindowLimiter


class ApiRow(ReadContract):
    id: int
    name: str = ""


def listing_of(total: int, delay_s: float = 0.0) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        first = int(seen.query["offset"])
        last = min(total, first + int(seen.query["limit"]))
        return as_json({"rows": list(rows(first, last)), "count": total}, delay_s=delay_s)

    return answer


def listing(client: HttpClient, total: str | None = "count") -> Call[ApiRow]:
    paginator = OffsetPaginator(limit=5, total=total)
    return client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)


def fetch_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("tidegate-fetch")]


def test_break_leaves_no_thread_slot_or_place(server: Loopback) -> None:
    server.by = listing_of(200, delay_s=0.01)
    limiter, breaker = HeaderRateLimiter(), CircuitBreaker()
    with SyncHttpClient(server.url, rate_limiter=limiter, circuit_breaker=breaker) as client:
        for page in listing(client):
            if page.request.index == 3:
                break
        assert not fetch_threads()
        assert (in_flight(limiter), waiting(limiter), breaker.state) == (0, 0, State.CLOSED)
    assert eventually(lambda: server.connections == 0)


def test_break_leaves_no_task_slot_or_place(server: Loopback) -> None:
    server.by = listing_of(200, delay_s=0.01)
    limiter, breaker = HeaderRateLimiter(), CircuitBreaker()

    async def main() -> None:
        async with AsyncHttpClient(server.url, rate_limiter=limiter, circuit_breaker=breaker) as client:
            async with aclosing(aiter(listing(client))) as pages:
                async for page in pages:
                    if page.request.index == 3:
                        break
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert (in_flight(limiter), waiting(limiter), breaker.state) == (0, 0, State.CLOSED)

    asyncio.run(main())
    assert eventually(lambda: server.connections == 0)


def test_an_error_in_the_middle_leaves_nothing(driver: Driver, server: Loopback) -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(400) if int(seen.query["offset"]) >= 30 else listing_of(200)(seen)

    server.by = answer
    limiter = HeaderRateLimiter()
    with pytest.raises(HttpClientError) as caught:
        driver.pages(listing(driver.client(server.url, rate_limiter=limiter)))
    assert caught.value.page == 10
    assert not fetch_threads()
    assert (in_flight(limiter), waiting(limiter)) == (0, 0)


def test_a_page_behind_the_end_that_fails_is_no_ones_business(
    driver: Driver, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(400) if int(seen.query["offset"]) > 20 else listing_of(20)(seen)

    server.by = answer
    with caplog.at_level(logging.WARNING):
        pages = driver.pages(listing(driver.client(server.url), total=None))
        gc.collect()
    assert [row["id"] for page in pages for row in page.items] == list(range(20))
    assert not caplog.records


def test_one_client_serves_one_event_loop_after_the_other(server: Loopback) -> None:
    client = AsyncHttpClient(server.url)

    async def ask() -> int:
        await client.request("GET", "/")
        return (await client.request("GET", "/")).status_code

    for _ in range(2):
        assert asyncio.run(ask()) == 200
        gc.collect()  # a connection that was left open would warn here
        assert eventually(lambda: server.connections == 0)
    client.close()


def test_two_event_loops_at_once_share_limiter_and_line(server: Loopback) -> None:
    limiter = SlidingWindowLimiter(5, 0.2)
    client = AsyncHttpClient(server.url, rate_limiter=limiter)
    statuses: list[int] = []

    async def ask() -> None:
        answers = await asyncio.gather(*(client.request("GET", "/") for _ in range(6)))
        statuses.extend(each.status_code for each in answers)

    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert statuses == [200] * 12
    assert waiting(limiter) == 0


def test_a_body_that_is_given_up_in_the_middle_leaves_no_connection(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 5000, drip_s=0.001)
    client = driver.client(server.url, max_bytes=100)
    with pytest.raises(ResponseTooLargeError) as caught:
        driver.request(client, "GET", "/")
    assert eventually(lambda: server.connections == 0)
    assert caught.traceback  # it holds what was under way, and is alive until here
