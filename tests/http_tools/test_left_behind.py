"""What ends in the middle, closed, cancelled or stopped, leaves no task, thread, slot, place or probe."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from tests.http_tools.driving import Driver, at_once, in_flight, rows, waiting
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State, Verdict
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import (
    ClientClosedError,
    HttpClientError,
    ResponseTooLargeError,
    ServerError,
)
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


def eventually(true: Callable[[], bool], within_s: float = 3.0) -> bool:
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


# -- closing


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
        driver.pages(listing(client))


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


# -- nothing is left behind


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


def test_a_wait_leaves_nothing_on_the_signal_that_could_cut_it() -> None:
    async def main() -> int:
        stop = Stop()
        for _ in range(50):
            await stop.sleep_async(0)
        gc.collect()
        futures = [each for each in gc.get_objects() if isinstance(each, asyncio.Future) and not each.done()]
        return len(futures)

    assert asyncio.run(main()) <= 2  # the main task, and the runner's own


def test_a_signal_may_come_after_its_event_loop_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop()
    asyncio.run(stop.sleep_async(0.001))
    with caplog.at_level(logging.WARNING):
        stop.set()
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


# -- cancelled


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


# -- signals


def wait_in_small_steps(stop: Stop) -> None:
    while True:
        Stop(stop).sleep(0)
        stop.sleep(0)


def test_a_signal_handler_may_stop_whatever_its_thread_is_doing() -> None:
    for delay_us in range(1, 400, 7):
        stop = Stop()
        before = signal.signal(signal.SIGALRM, lambda *_, stop=stop: stop.set())
        try:
            signal.setitimer(signal.ITIMER_REAL, delay_us / 1e6)
            with pytest.raises(ClientClosedError):
                wait_in_small_steps(stop)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def test_a_signal_may_be_set_by_the_thread_that_holds_its_lock() -> None:
    stop = Stop()
    with stop._lock:
        stop.set()
    assert stop.is_set()


def test_a_child_signal_is_set_with_its_parent_and_not_the_reverse() -> None:
    parent = Stop()
    one, other = Stop(parent), Stop(parent)
    one.set()
    assert (one.is_set(), other.is_set(), parent.is_set()) == (True, False, False)
    parent.set()
    assert other.is_set()
    assert Stop(parent).is_set()
