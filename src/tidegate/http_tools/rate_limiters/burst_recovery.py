"""A vendor that lets a burst through, then wants a pause, then less."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx2

from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter
from tidegate.http_tools.rate_limiters.rates import Rate
from tidegate.http_tools.rate_limiters.sliding_window import SlidingWindowLimiter


class BurstRecoveryLimiter(BaseRateLimiter):
    """`burst_rate` a second for `burst_requests`, a pause of `pause_s`, then `recovery_rate` a second.

    The defaults are Titelive's, as probed (it publishes none). Both rates are hard limits of any second. The
    pause counts from the last grant, answer or loss of the burst. After `idle_s` seconds without any of them
    a new burst begins; the vendor says nothing of that either, so the default of 60 s is a guess on the
    careful side: four pauses.
    """

    slot_s = 1.0

    def __init__(
        self,
        burst_rate: int = 70,
        burst_requests: int = 2000,
        pause_s: float = 15.0,
        recovery_rate: int = 30,
        *,
        idle_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if burst_requests < 1 or pause_s < 0 or idle_s < pause_s:
            raise ValueError("a burst needs burst_requests >= 1, pause_s >= 0 and idle_s >= pause_s")
        super().__init__()
        self.burst_requests, self.pause_s, self.idle_s = burst_requests, pause_s, idle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._burst = SlidingWindowLimiter(burst_rate, 1.0, clock=clock)
        self._recovery = SlidingWindowLimiter(recovery_rate, 1.0, clock=clock)
        self._used = 0  # of the burst
        self._burst_over = False
        self._recovered = False
        self._last = clock()  # grant, answer or loss

    @property
    def rates(self) -> tuple[Rate, ...]:
        """That of recovery: a burst is over soon."""
        return self._recovery.rates

    def try_acquire(self, cost: int = 1) -> float:
        most = min(self._burst.limit, self._recovery.limit, self.burst_requests)
        if not 1 <= cost <= most:
            raise ValueError(f"a cost of {cost} never fits a limit of {most}")
        with self._lock:
            now = self._clock()
            if now - self._last >= self.idle_s:
                self._used, self._burst_over, self._recovered = 0, False, False
            if self._used + cost > self.burst_requests:
                self._burst_over = True
            if self._burst_over and not self._recovered:
                if (left := self._last + self.pause_s - now) > 0:
                    return max(left, MIN_WAIT_S)
                self._recovered = True
            wait = (self._recovery if self._recovered else self._burst).try_acquire(cost)
            if wait == 0:
                self._used += cost
                self._last = now
            return wait

    def release(self, cost: int = 1) -> None:
        with self._lock:
            (self._recovery if self._recovered else self._burst).release(cost)
            if not self._recovered:
                self._used, self._burst_over = max(0, self._used - cost), False

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:
        with self._lock:
            (self._recovery if self._recovered else self._burst).observe(response, cost)
            self._last = self._clock()

    def lost(self, cost: int = 1) -> None:
        with self._lock:
            (self._recovery if self._recovered else self._burst).lost(cost)
            self._last = self._clock()
