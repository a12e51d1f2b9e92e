"""A steady rate with room for bursts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter
from tidegate.http_tools.rate_limiters.rates import Rate

# Of a token: sums of fractions that should be whole are a little less.
_ROUNDING = 1e-6


class TokenBucketLimiter(BaseRateLimiter):
    """`rate` grants a second on average, and up to `burst` at once after a pause; 1 spaces them evenly.

    A window of T seconds may see `burst + rate * T` grants. Where a vendor allows N in any window, use a
    `SlidingWindowLimiter`, or a burst b with the rate (N - b) / T.
    """

    def __init__(self, rate: float, *, burst: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a token bucket needs rate > 0 and burst >= 1")
        super().__init__()
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled_at = clock()

    @property
    def rates(self) -> tuple[Rate, ...]:
        return (Rate(self.burst, self.burst / self.rate),)

    def try_acquire(self, cost: int = 1) -> float:
        if not 1 <= cost <= self.burst:
            raise ValueError(f"a cost of {cost} never fits a burst of {self.burst}")
        with self._lock:
            now = self._clock()
            earned = max(0.0, now - self._filled_at) * self.rate
            self._tokens = min(self.burst, self._tokens + earned)
            self._filled_at = now
            if self._tokens >= cost - _ROUNDING:
                self._tokens -= cost
                return 0.0
            return max((cost - self._tokens) / self.rate, MIN_WAIT_S)

    def release(self, cost: int = 1) -> None:
        with self._lock:
            self._tokens = min(self.burst, self._tokens + cost)
