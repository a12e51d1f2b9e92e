"""One token call for all who need it at the same time: threads, tasks and event loops together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.http_tools.auth_support import TokenServer
from tests.http_tools.driving import at_once
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.http_tools.auth import BaseAuthManager, OAuth2AuthManager, RefreshToken
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.clock import SystemClock
from tidegate.http_tools.exceptions import ClientClosedError, TokenError

THREADS = TASKS = 16
ROUNDS = 12


class AheadClock(SystemClock):
    """The system's clock, put forward."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class Crowd:
    """Threads on one client and tasks on another, in two event loops, that share one manager."""

    def __init__(self, url: str, auth: BaseAuthManager) -> None:
        self.clock = AheadClock()
        settings: dict[str, Any] = {"auth_manager": auth, "clock": self.clock, "retry_strategy": at_once(3)}
        self.sync = SyncHttpClient(url, **settings)
        self.loose = AsyncHttpClient(url, **settings)

    def ask(self) -> list[int | Exception]:
        """What became of each request, all of them sent at once."""
        gate = threading.Barrier(THREADS + 2)
        outcomes: list[int | Exception] = []

        def in_thread() -> None:
            gate.wait(10)
            try:
                outcomes.append(self.sync.request("GET", "/api").status_code)
            except Exception as error:  # noqa: BLE001 - it is what is asked for
                outcomes.append(error)

        async def in_loop() -> None:
            gate.wait(10)
            asked = [self.loose.request("GET", "/api") for _ in range(TASKS // 2)]
            found = await asyncio.gather(*asked, return_exceptions=True)
            for each in found:
                assert not isinstance(each, BaseException) or isinstance(each, Exception)
                outcomes.append(each if isinstance(each, Exception) else each.status_code)

        with ThreadPoolExecutor(THREADS + 2) as pool:
            running = [pool.submit(in_thread) for _ in range(THREADS)]
            running += [pool.submit(asyncio.run, in_loop()) for _ in range(2)]
            for each in running:
                each.result(30)
        return outcomes

    def close(self) -> None:
        self.sync.close()
        self.loose.close()


@pytest.fixture
def api(server: Loopback) -> TokenServer:
    return TokenServer(server, delay_s=0.03)


@pytest.fixture
def crowd(api: TokenServer) -> Iterator[Crowd]:
    with closing(Crowd(api.url, api.manager())) as made:
        yield made


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_threads_and_tasks_on_an_expired_token_make_one_token_call(api: TokenServer, crowd: Crowd) -> None:
    for round_number in range(1, ROUNDS + 1):
        assert crowd.ask() == [200] * (THREADS + TASKS)
        assert len(api.calls) == round_number
        crowd.clock.ahead_s += 3600


def test_simultaneous_401_make_one_refresh(api: TokenServer, crowd: Crowd) -> None:
    crowd.ask()
    for round_number in range(1, ROUNDS + 1):
        api.revoke()
        crowd.clock.ahead_s += 61
        assert crowd.ask() == [200] * (THREADS + TASKS)
        assert len(api.calls) == 1 + round_number


def test_a_refusal_is_asked_for_once_and_told_to_each(api: TokenServer, crowd: Crowd) -> None:
    api.answers = [Answer(400, body=b'{"error": "invalid_client"}', delay_s=0.2)] * 2
    outcomes = crowd.ask()
    assert all(isinstance(each, TokenError) for each in outcomes)
    assert len({id(each) for each in outcomes}) == THREADS + TASKS
    assert len(api.calls) == 1


def test_an_endpoint_that_is_down_is_tried_as_often_for_all_as_for_one(
    api: TokenServer, crowd: Crowd
) -> None:
    api.answers = [Answer(503, delay_s=0.1)] * 9
    assert all(isinstance(each, TokenError) for each in crowd.ask())
    assert len(api.calls) == 3


def test_a_refresh_ahead_of_the_end_keeps_nobody_waiting(api: TokenServer, crowd: Crowd) -> None:
    crowd.ask()
    crowd.clock.ahead_s += 3550
    api.delay_s = 0.4
    done: list[float] = []

    def asked() -> None:
        crowd.sync.request("GET", "/api")
        done.append(len(done))

    threads = [threading.Thread(target=asked) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(api.calls) == 2 and len(done) >= 7)
    for thread in threads:
        thread.join()
    assert len(api.calls) == 2


# -- the one who fetches is cut


async def cancelled_while_it_fetches(client: AsyncHttpClient, api: TokenServer, crowd: Crowd) -> list[Any]:
    """Cancel the task that fetches, with others waiting behind it; give what became of those."""
    owner = asyncio.ensure_future(client.request("GET", "/api"))
    while not api.calls:
        await asyncio.sleep(0.002)
    waiting = [asyncio.ensure_future(client.request("GET", "/api")) for _ in range(4)]
    in_threads = [asyncio.to_thread(crowd.sync.request, "GET", "/api") for _ in range(4)]
    waiting += [asyncio.ensure_future(each) for each in in_threads]
    await asyncio.sleep(0.02)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting), 10)
    await client.aclose()
    return [each.status_code for each in outcomes]


def test_where_the_one_who_fetches_is_cancelled_another_takes_over(api: TokenServer, crowd: Crowd) -> None:
    api.delay_s = 0.4
    assert asyncio.run(cancelled_while_it_fetches(crowd.loose, api, crowd)) == [200] * 8
    assert len(api.calls) == 2


def test_where_the_client_that_fetches_is_closed_another_takes_over(api: TokenServer, crowd: Crowd) -> None:
    api.delay_s = 0.4

    async def closed() -> None:
        owner = asyncio.ensure_future(crowd.loose.request("GET", "/api"))
        while not api.calls:
            await asyncio.sleep(0.002)
        behind = asyncio.ensure_future(asyncio.to_thread(crowd.sync.request, "GET", "/api"))
        await asyncio.sleep(0.05)
        owner.cancel()
        await crowd.loose.aclose()
        assert (await behind).status_code == 200

    asyncio.run(closed())


class Rotating:
    """Refresh tokens that work once: one that is shown again ends the session, as RFC 9700 advises."""

    def __init__(self, loopback: Loopback, delay_s: float) -> None:
        self.server = TokenServer(loopback)
        self.next, self.delay_s, self.broken = 1, delay_s, False
        self._plain = loopback.by
        self._lock = threading.Lock()
        loopback.by = self.answer

    def answer(self, seen: Seen) -> Answer:
        if seen.path != "/token":
            return self._plain(seen)
        with self._lock:
            self.server.calls.append(seen)
            if f"refresh_token=refresh-{self.next}&".encode() not in seen.body + b"&" or self.broken:
                self.broken = True
                return Answer(400, body=b'{"error": "invalid_grant"}')
            self.next += 1
            token = f"access-token-{self.next}"
            self.server.valid.add(token)
        doc = {"access_token": token, "refresh_token": f"refresh-{self.next}", "expires_in": 3600}
        return as_json(doc, delay_s=self.delay_s)


class SlowStore:
    """Takes its time, as a store on the network does."""

    def __init__(self) -> None:
        self.token: str | None = None

    def load(self) -> str | None:
        time.sleep(0.01)
        return self.token

    def save(self, token: str) -> None:
        time.sleep(0.05)
        self.token = token


def rotating_manager(url: str, store: SlowStore) -> OAuth2AuthManager:
    return OAuth2AuthManager(url + "/token", "client", grant=RefreshToken("refresh-1", store=store))


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 0.4])
def test_a_rotating_token_is_not_lost_with_the_task_that_fetches(server: Loopback, delay_s: float) -> None:
    rotating, store = Rotating(server, delay_s), SlowStore()
    with closing(Crowd(server.url, rotating_manager(server.url, store))) as crowd:
        outcomes = asyncio.run(cancelled_while_it_fetches(crowd.loose, rotating.server, crowd))
    assert outcomes == [200] * 8
    assert len(rotating.server.calls) == 1
    assert store.token == "refresh-2"


def test_a_rotating_token_outlives_many_cancelled_requests(server: Loopback) -> None:
    rotating, store = Rotating(server, 0.01), SlowStore()
    crowd = Crowd(server.url, rotating_manager(server.url, store))

    async def storm() -> None:
        for number in range(20):
            crowd.clock.ahead_s += 3600
            tasks = [asyncio.ensure_future(crowd.loose.request("GET", "/api")) for _ in range(5)]
            await asyncio.sleep(0.004 * number)
            for task in tasks[:4]:
                task.cancel()
            assert (await tasks[4]).status_code == 200
            await asyncio.gather(*tasks, return_exceptions=True)
        await crowd.loose.aclose()

    with closing(crowd):
        asyncio.run(storm())
    assert not rotating.broken


@pytest.mark.parametrize("kind", [SyncHttpClient, AsyncHttpClient])
def test_a_client_that_is_closed_waits_for_a_rotating_refresh(
    server: Loopback, kind: type[SyncHttpClient | AsyncHttpClient]
) -> None:
    rotating, store = Rotating(server, 0.3), SlowStore()
    client = kind(server.url, auth_manager=rotating_manager(server.url, store), retry_strategy=at_once(1))

    async def closed() -> None:
        assert isinstance(client, AsyncHttpClient)
        asked = asyncio.ensure_future(client.request("GET", "/api"))
        while not rotating.server.calls:
            await asyncio.sleep(0.002)
        asked.cancel()
        await client.aclose()

    if isinstance(client, AsyncHttpClient):
        asyncio.run(closed())
    else:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.request, "GET", "/api")
            until(lambda: bool(rotating.server.calls))
            client.close()
            assert store.token == "refresh-2"
            assert isinstance(asked.exception(), ClientClosedError)
    assert store.token == "refresh-2"
    assert len(rotating.server.calls) == 1


def test_a_loop_that_ends_while_it_fetches_leaves_nobody_hanging(api: TokenServer, crowd: Crowd) -> None:
    api.delay_s = 0.5
    auth = api.manager(grant=RefreshToken("refresh"))
    both = Crowd(api.url, auth)

    async def ends() -> None:
        asyncio.ensure_future(both.loose.request("GET", "/api"))  # noqa: RUF006 - it is what is left behind
        while not api.calls:
            await asyncio.sleep(0.002)
        threading.Thread(target=lambda: outcomes.append(both.sync.request("GET", "/api"))).start()
        await asyncio.sleep(0.1)

    outcomes: list[Any] = []
    with closing(both):
        asyncio.run(ends())
        until(lambda: len(outcomes) == 1)
    assert outcomes[0].status_code == 200
