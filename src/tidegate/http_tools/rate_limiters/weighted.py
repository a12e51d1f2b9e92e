"""Requests that cost more than one slot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import httpx2

from tidegate.http_tools.rate_limiters.base import BaseRateLimiter
from tidegate.http_tools.rate_limiters.rates import Rate


class WeightedLimiter(BaseRateLimiter):
    """`limiter`, of which each request takes as many slots as `cost` says: a whole number, 1 or more.

    Any limiter may be weighted, also a part of a `CompositeLimiter` (5 points of one limit, one request of
    another). All requests stand in one line, so that a heavy one is not overtaken for ever. A cost that the
    limiter can never grant raises `ValueError` when the request is made.
    """

    def __init__(self, limiter: BaseRateLimiter, cost: Callable[[httpx2.Request], int]) -> None:
        super().__init__()
        self.limiter, self.cost = limiter, cost
        self.line = limiter.line
        self._lock = threading.Lock()
        self._priced: dict[tuple[BaseRateLimiter, int], _Priced] = {}

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
        limiter, weight = self.limiter.for_request(request), self.cost(request)
        if weight == 1:
            return limiter
        if weight < 1:
            raise ValueError(f"a request cannot cost {weight} slots")
        key = (limiter, weight)
        with self._lock:
            if key not in self._priced:
                self._priced[key] = _Priced(limiter, weight)
            return self._priced[key]

    @property
    def rates(self) -> tuple[Rate, ...]:
        return self.limiter.rates

    def try_acquire(self, cost: int = 1) -> float:
        return self.limiter.try_acquire(cost)

    def release(self, cost: int = 1) -> None:
        self.limiter.release(cost)


class _Priced(BaseRateLimiter):
    """A limiter as a request of some weight sees it: everything counts `weight` times."""

    def __init__(self, limiter: BaseRateLimiter, weight: int) -> None:
        super().__init__()
        self.limiter, self.weight = limiter, weight
        self.line = limiter.line

    @property
    def rates(self) -> tuple[Rate, ...]:
        return tuple(Rate(max(rate.limit // self.weight, 1), rate.window_s) for rate in self.limiter.rates)

    def try_acquire(self, cost: int = 1) -> float:
        return self.limiter.try_acquire(cost * self.weight)

    def try_now(self, cost: int = 1) -> float | None:
        return self.limiter.try_now(cost * self.weight)

    def release(self, cost: int = 1) -> None:
        self.limiter.release(cost * self.weight)

    def give_back(self, held_s: float, cost: int = 1) -> None:
        self.limiter.give_back(held_s, cost * self.weight)

    def when_freed(self, bell: Future[None]) -> None:
        self.limiter.when_freed(bell)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        self.limiter.observe(response, cost * self.weight)

    def lost(self, cost: int = 1) -> None:
        self.limiter.lost(cost * self.weight)
