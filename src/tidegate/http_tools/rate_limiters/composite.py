"""Several limits at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import httpx2

from tidegate.http_tools.rate_limiters.base import BaseRateLimiter, Line
from tidegate.http_tools.rate_limiters.rates import Rate


class CompositeLimiter(BaseRateLimiter):
    """All of several limits at once: granted by every one of them, or by none.

    Requests that fall under the same limits are served in the order in which they came; between requests
    that share only some of them there is no order.
    """

    def __init__(self, limiters: Sequence[BaseRateLimiter]) -> None:
        super().__init__()
        self.limiters = tuple(limiters)
        self._lock = threading.Lock()
        self._routed: dict[tuple[BaseRateLimiter, ...], CompositeLimiter] = {self.limiters: self}
        # requests of other costs stand in one line all the same
        self._lines: dict[tuple[Line, ...], Line] = {self._parts_lines(): self.line}

    def _parts_lines(self) -> tuple[Line, ...]:
        return tuple(limiter.line for limiter in self.limiters)

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
        """The same limits, each routed for itself."""
        routed = tuple(limiter.for_request(request) for limiter in self.limiters)
        with self._lock:
            if routed not in self._routed:
                made = CompositeLimiter(routed)
                made.line = self._lines.setdefault(made._parts_lines(), made.line)
                self._routed[routed] = made
            return self._routed[routed]

    @property
    def rates(self) -> tuple[Rate, ...]:
        return tuple(rate for limiter in self.limiters for rate in limiter.rates)

    def try_acquire(self, cost: int = 1) -> float:
        wait = self._ask(lambda limiter: limiter.try_acquire(cost), cost)
        return 0.0 if wait is None else wait

    def try_now(self, cost: int = 1) -> float | None:
        return self._ask(lambda limiter: limiter.try_now(cost), cost)

    def _ask(self, question: Callable[[BaseRateLimiter], float | None], cost: int) -> float | None:
        """The first answer that is not a grant, after giving back what the others had granted; or 0."""
        granted: list[BaseRateLimiter] = []
        try:
            for limiter in self.limiters:
                if (wait := question(limiter)) != 0:
                    return wait
                granted.append(limiter)
            granted.clear()
            return 0.0
        finally:
            for limiter in granted:
                limiter.release(cost)

    def release(self, cost: int = 1) -> None:
        for limiter in self.limiters:
            limiter.release(cost)

    def give_back(self, held_s: float, cost: int = 1) -> None:
        for limiter in self.limiters:
            limiter.give_back(held_s, cost)

    def when_freed(self, bell: Future[None]) -> None:
        for limiter in self.limiters:
            limiter.when_freed(bell)

    def lost(self, cost: int = 1) -> None:
        for limiter in self.limiters:
            limiter.lost(cost)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        for limiter in self.limiters:
            limiter.observe(response, cost)
