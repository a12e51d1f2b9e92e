"""So many at once."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future

import httpx2

from tidegate.http_tools.rate_limiters.base import BaseRateLimiter, ring


class ConcurrencyLimiter(BaseRateLimiter):
    """At most `limit` requests under way at once.

    A slot comes back when the answer came, or when the request was lost or cancelled. Who uses `acquire` by
    hand gives it back by `release`.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("a concurrency limit needs limit >= 1")
        super().__init__()
        self.limit = limit
        self._lock = threading.Lock()
        self._in_flight = 0
        self._bells: list[Future[None]] = []

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._in_flight

    def try_acquire(self, cost: int = 1) -> float:
        if not 1 <= cost <= self.limit:
            raise ValueError(f"a cost of {cost} never fits a limit of {self.limit}")
        with self._lock:
            if self._in_flight + cost > self.limit:
                return math.inf
            self._in_flight += cost
            return 0.0

    def when_freed(self, bell: Future[None]) -> None:
        with self._lock:
            self._bells = [each for each in self._bells if not each.done()]
            self._bells.append(bell)

    def release(self, cost: int = 1) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)
            bells, self._bells = self._bells, []
        for bell in bells:
            ring(bell)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:  # noqa: ARG002 - that it came counts
        self.release(cost)

    def lost(self, cost: int = 1) -> None:
        self.release(cost)
