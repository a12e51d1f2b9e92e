"""A limit that the vendor counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from tidegate.http_tools.headers import Count, asked_delay, counts
from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter

# Vendors tell a reset in whole seconds.
_ROUNDING_S = 1.0
# Names of quotas are the vendor's to choose; only so many are kept.
_MOST_QUOTAS = 16


@dataclass(slots=True)
class _Left:
    remaining: float
    reset_at: float
    limit: float | None
    window_s: float  # the longest time until a reset that was told
    is_told: bool = True  # else it is what must be left after a reset, until an answer tells


class HeaderRateLimiter(BaseRateLimiter):
    """Follows the vendor's own count: `{prefix}-remaining`, `-reset` and `-limit`, and `Retry-After` on 429.

    The IETF's `RateLimit` fields are read beside them, in all their forms; of several quotas every one must
    have room. Grants freely until the first answer, and, where no limit was told, from a reset to the next
    answer. Slots granted and not yet answered are taken off what an answer says remains, since the server may
    not have counted them yet.
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
                if now >= left.reset_at and not self._renew(name, left, now):
                    continue
                if left.remaining < cost:
                    wait = max(wait, left.reset_at - now, MIN_WAIT_S)
            if wait:
                return wait
            for left in self._left.values():
                left.remaining -= cost
            self._in_flight += cost
            return 0.0

    def _renew(self, name: str, left: _Left, now: float) -> bool:
        """After its reset a quota holds its limit. False where that is not known, or nobody tells of it."""
        if left.limit is None or not left.is_told or left.limit < 1:
            del self._left[name]
            return False
        left.remaining, left.reset_at = max(0.0, left.limit - self._in_flight), now + left.window_s
        left.is_told = False
        return True

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
        status = response.status_code
        asked_s = asked_delay(status, headers, self.prefix, epoch) if status == 429 else None
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)
            now = self._clock()
            for count in told:
                self._learn(count, now)
            if asked_s is not None:
                self._paused_until = max(self._paused_until, now + asked_s)

    def _learn(self, count: Count, now: float) -> None:
        remaining, reset_at = max(0.0, count.remaining - self._in_flight), now + count.reset_s
        window_s, known = count.reset_s, self._left.get(count.name)
        if known is not None:
            window_s = max(window_s, known.window_s)
            if now < known.reset_at and abs(reset_at - known.reset_at) <= _ROUNDING_S:
                remaining = min(remaining, known.remaining)  # answers may come in another order than counted
                if window_s <= _ROUNDING_S:  # told as 1 all along, it would never end
                    reset_at = min(reset_at, known.reset_at)
        if known is not None or len(self._left) < _MOST_QUOTAS:
            self._left[count.name] = _Left(remaining, reset_at, count.limit, window_s)
