"""A limit that the vendor counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from tidegate.http_tools.headers import asked_delay, counts
from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter

# Vendors tell a reset in whole seconds.
_ROUNDING_S = 1.0
# Names of quotas are the vendor's to choose; only so many are kept.
_MOST_QUOTAS = 16


@dataclass(slots=True)
class _Left:
    remaining: float
    reset_at: float


class HeaderRateLimiter(BaseRateLimiter):
    """Follows the vendor's own count: `{prefix}-remaining` and `{prefix}-reset`, and `Retry-After` on 429.

    The IETF's `RateLimit` fields are read beside them, in all their forms; of several quotas every one must
    have room. Grants freely until the first answer. Slots granted and not yet answered are taken off what an
    answer says remains, since the server may not have counted them yet.
    """

    def __init__(
        self,
        prefix: str = "x-ratelimit",
        *,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.prefix = prefix.lower()
        self._clock, self._epoch = clock, epoch
        self._lock = threading.Lock()
        self._in_flight = 0
        self._left: dict[str, _Left] = {}
        self._paused_until = 0.0

    def try_acquire(self, cost: int = 1) -> float:
        with self._lock:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            wait = 0.0
            for name, left in tuple(self._left.items()):
                if now >= left.reset_at:
                    del self._left[name]
                elif left.remaining < cost:
                    wait = max(wait, left.reset_at - now, MIN_WAIT_S)
            if wait:
                return wait
            for left in self._left.values():
                left.remaining -= cost
            self._in_flight += cost
            return 0.0

    def release(self, cost: int = 1) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)
            for left in self._left.values():
                left.remaining += cost

    def lost(self, cost: int = 1) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        headers, epoch = response.headers, self._epoch()
        told = counts(headers, self.prefix, epoch)
        asked_s = asked_delay(headers, self.prefix, epoch) if response.status_code == 429 else None
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)
            now = self._clock()
            for count in told:
                self._learn(count.name, count.remaining - self._in_flight, now, now + count.reset_s)
            if asked_s is not None:
                self._paused_until = max(self._paused_until, now + asked_s)

    def _learn(self, name: str, remaining: float, now: float, reset_at: float) -> None:
        remaining = max(0.0, remaining)
        known = self._left.get(name)
        if known is not None and now < known.reset_at and abs(reset_at - known.reset_at) <= _ROUNDING_S:
            remaining = min(remaining, known.remaining)  # answers may come in another order than counted
        if name in self._left or len(self._left) < _MOST_QUOTAS:
            self._left[name] = _Left(remaining, reset_at)
