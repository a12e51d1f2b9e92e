"""Ways to run the same test on both clients, or a flow with no client and no clock at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel

from tidegate.http_tools.clients import (
    AsyncHttpClient,
    Call,
    Download,
    HttpClient,
    Page,
    Ready,
    SyncHttpClient,
)
from tidegate.http_tools.effects import Blocking, Effect, Flow, Send, Shielded, Sleep, WaitAtMost
from tidegate.http_tools.rate_limiters import BaseRateLimiter, HeaderRateLimiter
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy, HeaderBasedRetryStrategy

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)


def at_once(max_attempts: int = 6, prefix: str = "x-ratelimit") -> HeaderBasedRetryStrategy:
    """Retries without a wait of its own."""
    return HeaderBasedRetryStrategy(prefix, ExponentialBackoffRetryStrategy(max_attempts, random=lambda: 0.0))


class Driver:
    """One of the two clients, asked from an ordinary test function; the async one keeps one event loop."""

    def __init__(self, kind: type[HttpClient]) -> None:
        self.kind = kind
        self._runner = asyncio.Runner()
        self._clients: list[HttpClient] = []

    def client(self, base_url: str = "", **settings: Any) -> HttpClient:
        client = self.kind(base_url, **{"retry_strategy": at_once(), **settings})
        self._clients.append(client)
        return client

    def request(self, client: HttpClient, method: str, url: str, **settings: Any) -> httpx2.Response:
        if isinstance(client, SyncHttpClient):
            return client.request(method, url, **settings)
        assert isinstance(client, AsyncHttpClient)
        return self._runner.run(client.request(method, url, **settings))

    def download(self, client: HttpClient, url: str, to: Path, **settings: Any) -> Download:
        if isinstance(client, SyncHttpClient):
            return client.download(url, to, **settings)
        assert isinstance(client, AsyncHttpClient)
        return self._runner.run(client.download(url, to, **settings))

    def poll(self, client: HttpClient, url: str, **settings: Any) -> Ready:
        if isinstance(client, SyncHttpClient):
            return client.poll(url, **settings)
        assert isinstance(client, AsyncHttpClient)
        return self._runner.run(client.poll(url, **settings))

    def pages(self, call: Call[R]) -> list[Page[R]]:
        if self.kind is SyncHttpClient:
            return list(call)

        async def gather() -> list[Page[R]]:
            return [page async for page in call]

        return self._runner.run(gather())

    def close(self) -> None:
        for client in self._clients:
            self._runner.run(client.aclose())
        self._runner.close()


@dataclass
class Clock:
    """Stands still unless told to go on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """Carries out a flow's effects from a script: an answer a `Send`, no real wait for a `Sleep`."""

    script: list[httpx2.Response | BaseException]
    clock: Clock = field(default_factory=Clock)
    sent: list[httpx2.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def run(self, flow: Flow[T]) -> T:
        try:
            effect = next(flow)
            while True:
                try:
                    result = self._perform(effect)
                except Exception as error:  # noqa: BLE001 - as the real drivers do
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as done:
            value: T = done.value
            return value

    def _perform(self, effect: Effect[Any]) -> Any:
        match effect:
            case Send(request=request):
                self.sent.append(request)
                outcome = self.script.pop(0)
                if isinstance(outcome, BaseException):
                    raise outcome
                return httpx2.Response(
                    outcome.status_code, headers=outcome.headers, content=outcome.content, request=request
                )
            case Sleep(seconds=seconds):
                self.slept.append(seconds)
                self.clock.now += seconds
                return None
            case Blocking(function=function):
                return function()
            case Shielded(flow=flow):
                return self.run(flow)
            case WaitAtMost(future=future, seconds=seconds) if seconds < float("inf"):
                self.clock.now += 0 if future.done() else seconds
                return future.done()
            case _:
                raise AssertionError(f"a lone flow would wait for ever: {effect}")


def rows(first: int, last: int) -> Iterator[dict[str, Any]]:
    """Rows with the ids `first` up to and without `last`."""
    return ({"id": number, "name": f"row {number}"} for number in range(first, last))


def waiting(limiter: BaseRateLimiter) -> int:
    """How many stand in the limiter's line."""
    return len(limiter.line._places)


def in_flight(limiter: HeaderRateLimiter) -> int:
    return limiter._in_flight


def granted(limiter: BaseRateLimiter, at_most: int = 10_000) -> int:
    """How many slots it gives before it asks for a wait."""
    return next((count for count in range(at_most) if limiter.try_acquire() > 0), at_most)


def eventually(true: Callable[[], bool], within_s: float = 3.0) -> bool:
    """Whether it comes true in time: far longer than a loaded machine needs."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
