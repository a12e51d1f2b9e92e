"""Both clients give the same outcome for the same script, and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import gzip
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
from tidegate.http_tools.auth import APIKeyAuthManager, BaseAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State, Verdict
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import (
    ClientClosedError,
    HttpClientError,
    NetworkError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ServerError,
)
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.rate_limiters import HeaderRateLimiter, SlidingWindowLimiter
from tidegate.utils.errors import SettingsError


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


# -- one answer


def test_an_answer_comes_back_whole(driver: Driver, server: Loopback) -> None:
    server.script(as_json({"a": 1}, status=201, headers={"X-More": "yes"}))
    response = driver.request(driver.client(server.url + "/v3"), "POST", "/things", json={"b": True})
    assert (response.status_code, response.json(), response.headers["x-more"]) == (201, {"a": 1}, "yes")
    assert (server.seen[0].method, server.seen[0].target) == ("POST", "/v3/things")
    assert server.seen[0].body == b'{"b":true}'


def test_a_compressed_answer_is_decoded(driver: Driver, server: Loopback) -> None:
    server.script(Answer(body=gzip.compress(b'{"a":1}'), headers={"Content-Encoding": "gzip"}))
    response = driver.request(driver.client(server.url), "GET", "/")
    assert response.content == b'{"a":1}'
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == "7"


@pytest.mark.parametrize("failure", [Answer(hang_up=True), Answer(body=b"x" * 900, cut_after=400)])
def test_a_connection_that_breaks_is_tried_again(driver: Driver, server: Loopback, failure: Answer) -> None:
    server.script(failure, failure, as_json({"whole": True}))
    response = driver.request(driver.client(server.url), "GET", "/")
    assert response.json() == {"whole": True}
    assert len(server.seen) == 3


def test_a_body_that_cannot_be_decompressed_is_tried_again(driver: Driver, server: Loopback) -> None:
    broken = Answer(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})
    server.script(broken, as_json({"whole": True}))
    assert driver.request(driver.client(server.url), "GET", "/").json() == {"whole": True}
    server.by = lambda _: broken
    with pytest.raises(NetworkError, match="no complete answer"):
        driver.request(driver.client(server.url), "GET", "/")


def test_an_answer_that_breaks_every_time_is_a_network_error(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 900, cut_after=400)
    client = driver.client(server.url, retry_strategy=at_once(3))
    with pytest.raises(NetworkError, match=r"GET / on http://127.*after 3 attempts") as caught:
        driver.request(client, "GET", "/")
    assert len(server.seen) == len(caught.value.history) == 3


def test_a_port_where_nobody_listens_is_a_network_error(driver: Driver, server: Loopback) -> None:
    server.close()
    client = driver.client(server.url, retry_strategy=at_once(2))
    with pytest.raises(NetworkError) as caught:
        driver.request(client, "GET", "/")
    assert "reachable" in (caught.value.hint or "")


def test_a_server_that_says_nothing_is_a_timeout(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=1.0)
    client = driver.client(server.url, timeout_s=0.05, retry_strategy=at_once(2))
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/")
    assert len(server.seen) == 2


def test_the_total_timeout_cuts_a_body_that_drips(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 500, drip_s=0.02)
    client = driver.client(server.url, total_timeout_s=0.15, retry_strategy=at_once(1))
    began = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="took too long"):
        driver.request(client, "GET", "/")
    assert time.monotonic() - began < 1


def test_a_body_over_the_cap_is_refused_and_not_tried_again(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 2000)
    client = driver.client(server.url, max_bytes=1000)
    with pytest.raises(ResponseTooLargeError, match=r"GET /big: the answer is over 1000 bytes"):
        driver.request(client, "GET", "/big")
    assert len(server.seen) == 1


def test_the_cap_counts_decoded_bytes(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=gzip.compress(b"x" * 5000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(ResponseTooLargeError):
        driver.request(driver.client(server.url, max_bytes=4999), "GET", "/")
    assert len(driver.request(driver.client(server.url, max_bytes=5000), "GET", "/").content) == 5000


def test_a_cookie_is_never_sent_back(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(headers={"Set-Cookie": "session=1; Path=/"})
    client = driver.client(server.url)
    driver.request(client, "GET", "/")
    driver.request(client, "GET", "/")
    assert "cookie" not in server.seen[1].headers


# -- what a request is made of


def test_an_escaped_character_of_a_path_stays_escaped(driver: Driver, server: Loopback) -> None:
    driver.request(driver.client(server.url + "/v3/"), "GET", "/contacts/a%2Fb%40c.de%25?x=1%2B1")
    assert server.seen[0].target == "/v3/contacts/a%2Fb%40c.de%25?x=1%2B1"


def test_a_header_of_the_caller_takes_the_place_of_the_default(driver: Driver, server: Loopback) -> None:
    client = driver.client(server.url, headers={"User-Agent": "me"})
    response = driver.request(client, "GET", "/", headers={"Accept": "text/csv"})
    assert response.request.headers.get_list("accept") == ["text/csv"]
    assert response.request.headers.get_list("user-agent") == ["me"]
    assert server.seen[0].headers["accept"] == "text/csv"


def test_parameters_are_written_as_text() -> None:
    from datetime import UTC, date, datetime, timedelta, timezone
    from enum import IntEnum, StrEnum

    class Kind(StrEnum):
        A = "a"

    class Level(IntEnum):
        TWO = 2

    berlin = timezone(timedelta(hours=2))
    params = {
        "yes": True,
        "none": None,
        "day": date(2026, 1, 2),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=berlin),
        "utc": datetime(2026, 1, 2, tzinfo=UTC),
        "many": [1, Kind.A, None, False],
        "level": Level.TWO,
    }
    assert HttpClient.encode_params(params) == {
        "yes": "true",
        "day": "2026-01-02",
        "at": "2026-01-02T01:04:05.678Z",
        "utc": "2026-01-02T00:00:00.000Z",
        "many": ["1", "a", "false"],
        "level": "2",
    }


@pytest.mark.parametrize("value", [{"a": 1}, {1}, b"x", object()])
def test_a_parameter_that_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="parameter odd"):
        HttpClient.encode_params({"odd": value})


def test_a_naive_datetime_is_refused() -> None:
    from datetime import datetime

    with pytest.raises(ValueError, match="no time zone"):
        HttpClient.encode_params({"at": datetime(2026, 1, 1)})


@pytest.mark.parametrize("url", ["api.example.com/v3", "ftp://example.com", "/v3", "https://"])
def test_a_base_url_that_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        SyncHttpClient(url)
    with pytest.raises(SettingsError, match="allowed_origins"):
        SyncHttpClient("https://example.com", allowed_origins=[url])


def test_a_base_url_with_a_password_is_refused_untold() -> None:
    with pytest.raises(SettingsError, match="base_url") as caught:
        SyncHttpClient("https://user:hunter2hunter2@example.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://\u2603.example/", "/a\0b", "http://" + "a" * 70_000])
def test_a_malformed_address_is_an_error_of_ours(driver: Driver, url: str) -> None:
    for client in (driver.client("http://127.0.0.1:1"), driver.client()):
        with pytest.raises(HttpClientError, match="malformed"):
            driver.request(client, "GET", url)


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


def test_threads_share_a_sync_client(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.01)
    client = SyncHttpClient(server.url, auth_manager=APIKeyAuthManager("a-key-of-no-one"))
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(client.request("GET", "/").status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert done == [200] * 20
