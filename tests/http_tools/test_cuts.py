"""What is under way ends at once when it is told to, even before a header has come, and leaves nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, contextmanager, suppress
from pathlib import Path

import pytest
from pytest_httpbin import certs

from tests.http_tools.driving import Driver, at_once, eventually, in_flight, rows, waiting
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State, Verdict
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.exceptions import ClientClosedError, RequestTimeoutError
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.rate_limiters import HeaderRateLimiter

SLOW_S = 20.0
SOON_S = 3.0  # far from SLOW_S, and far above what a loaded machine needs


class ApiRow(ReadContract):
    id: int
    name: str = ""


def then_silent(quick: int) -> Callable[[Seen], Answer]:
    """Answers the first `quick` pages; of the others not a header comes for a long time."""

    def answer(seen: Seen) -> Answer:
        first = int(seen.query["offset"])
        delay_s = 0.0 if first < quick * 3 else SLOW_S
        return as_json({"rows": list(rows(first, first + 5)), "count": 600}, delay_s=delay_s)

    return answer


def listing(client: HttpClient) -> Call[ApiRow]:
    paginator = OffsetPaginator(limit=5, total="count")
    return client.pages("GET", "/rows", reads=ApiRow, items="rows", paginator=paginator)


def fetch_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("tidegate-fetch")]


@contextmanager
def after(ready: Callable[[], bool], act: Callable[[], None]) -> Iterator[Callable[[], float]]:
    """Runs `act` on another thread once `ready`; the yielded function tells how long ago that was."""
    began: list[float] = []

    def run() -> None:
        assert eventually(ready)
        began.append(time.monotonic())
        act()

    thread = threading.Thread(target=run)
    thread.start()
    yield lambda: time.monotonic() - began[0]
    thread.join()


def test_closing_cuts_a_wait_for_headers(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=SLOW_S)
    client = driver.client(server.url)
    with after(lambda: len(server.seen) == 1, client.close) as ago:
        with pytest.raises(ClientClosedError):
            driver.request(client, "GET", "/")
        assert ago() < SOON_S


def test_closing_cuts_a_wait_for_headers_on_a_connection_that_was_used_before(
    driver: Driver, server: Loopback
) -> None:
    server.script(Answer(), Answer(), Answer(delay_s=SLOW_S))
    client = driver.client(server.url)
    driver.request(client, "GET", "/")
    driver.request(client, "GET", "/")
    assert server.connections == 1
    with after(lambda: len(server.seen) == 3, client.close) as ago:
        with pytest.raises(ClientClosedError):
            driver.request(client, "GET", "/")
        assert ago() < SOON_S


def test_a_stop_cuts_a_wait_for_headers_over_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = Path(certs.where()).parent
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    listener = socket.create_server(("127.0.0.1", 0))
    port, accepted = listener.getsockname()[1], threading.Event()

    def serve() -> None:
        with listener, listener.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as secured:
            secured.recv(1000)
            accepted.set()
            with suppress(OSError):
                secured.recv(1000)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", certs.where())
        client = SyncHttpClient(f"https://127.0.0.1:{port}", retry_strategy=at_once(1))
        with after(accepted.is_set, client.close) as ago:
            with pytest.raises(ClientClosedError):
                client.request("GET", "/")
            assert ago() < SOON_S
    thread.join(SOON_S)


def test_a_signal_that_stops_cuts_the_request_of_its_own_thread(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=SLOW_S)
    client = SyncHttpClient(server.url)
    before = signal.signal(signal.SIGALRM, lambda *_: client.stop.set())
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(ClientClosedError):
            client.request("GET", "/")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    client.close()
    assert time.monotonic() - began < SOON_S


def test_break_cuts_pages_whose_headers_have_not_come(server: Loopback) -> None:
    server.by = then_silent(3)
    limiter, breaker = HeaderRateLimiter(), CircuitBreaker()
    with SyncHttpClient(server.url, rate_limiter=limiter, circuit_breaker=breaker) as client:
        with closing(iter(listing(client))) as pages:
            for page in pages:
                if page.request.index == 2:
                    break
            assert eventually(lambda: len(server.seen) > 3)
            began = time.monotonic()
        assert time.monotonic() - began < SOON_S
        assert not fetch_threads()
        assert (in_flight(limiter), waiting(limiter), breaker.state) == (0, 0, State.CLOSED)
        assert client.request("GET", "/rows?offset=0").status_code == 200  # the client itself goes on


def test_break_in_the_middle_of_async_for_leaves_no_task_slot_probe_or_connection(server: Loopback) -> None:
    server.by = then_silent(3)
    limiter, breaker = HeaderRateLimiter(), CircuitBreaker(1, recovery_s=0.0)
    breaker.enter()(Verdict.FAILED)  # half-open: the first request is the probe

    async def main() -> float:
        async with AsyncHttpClient(server.url, rate_limiter=limiter, circuit_breaker=breaker) as client:
            async with aclosing(aiter(listing(client))) as pages:
                async for page in pages:
                    if page.request.index == 2:
                        break
                while len(server.seen) < 5:
                    await asyncio.sleep(0.005)
                began = time.monotonic()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert (in_flight(limiter), waiting(limiter), breaker.state) == (0, 0, State.CLOSED)
            return time.monotonic() - began

    assert asyncio.run(main()) < SOON_S


def test_break_without_closing_leaves_nothing_a_moment_later(server: Loopback) -> None:
    server.by = then_silent(3)
    limiter = HeaderRateLimiter()

    async def main() -> None:
        async with AsyncHttpClient(server.url, rate_limiter=limiter) as client:
            async for page in listing(client):
                if page.request.index == 2:
                    break
            while len(asyncio.all_tasks()) > 1 or in_flight(limiter):  # ends, or the test's time does
                await asyncio.sleep(0.005)
            assert waiting(limiter) == 0
            assert (await client.request("GET", "/rows?offset=0")).status_code == 200

    asyncio.run(main())


def test_the_stop_of_a_walk_cuts_its_pages_and_no_others(server: Loopback) -> None:
    from tidegate.http_tools.calls import walk

    server.by = then_silent(2)
    stop = Stop()
    with SyncHttpClient(server.url) as client:
        call = listing(client)
        with after(lambda: len(server.seen) > 3, stop.set) as ago:
            with pytest.raises(ClientClosedError):
                list(walk(call, call.fetch, stop=stop))
            assert ago() < SOON_S
        assert client.request("GET", "/rows?offset=0").status_code == 200


def dripping_headers() -> tuple[socket.socket, str]:
    """A server that sends a header every so often, and never the last."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(1000)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for number in range(400):
                    time.sleep(0.02)
                    connection.sendall(b"X-%d: drip\r\n" % number)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_total_timeout_cuts_headers_that_drip(driver: Driver) -> None:
    _, url = dripping_headers()
    client = driver.client(url, total_timeout_s=0.3, retry_strategy=at_once(1))
    began = time.monotonic()
    with pytest.raises(RequestTimeoutError, match="the whole answer took too long"):
        driver.request(client, "GET", "/")
    assert time.monotonic() - began < SOON_S


def test_the_total_timeout_cuts_a_wait_for_headers_and_may_be_tried_again(
    driver: Driver, server: Loopback
) -> None:
    server.script(Answer(delay_s=SLOW_S), Answer(body=b"[]"))
    client = driver.client(server.url, total_timeout_s=0.5)
    assert driver.request(client, "GET", "/").content == b"[]"
    assert len(server.seen) == 2


def test_one_exchange_does_not_use_up_the_time_of_the_next(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.3)
    client = driver.client(server.url, total_timeout_s=0.9, retry_strategy=at_once(1))
    for _ in range(4):
        assert driver.request(client, "GET", "/").status_code == 200


def test_an_environment_with_a_proxy_is_left_to_httpx2(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    from tidegate.http_tools import wire

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert wire.transport(httpx2.Limits()) is not None
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert wire.transport(httpx2.Limits()) is None
