"""The vendor's quota as it was probed: a burst, a rest, then less. Beyond it the answer is 503.

Seconds are fixed windows that begin with their first request. `pace` makes all of it so many times as quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["burst", "rest", "recovery"]


@dataclass(frozen=True, slots=True)
class Limits:
    """A burst: requests a second, and how many at all; seconds of rest; requests a second after it."""

    burst_rate: int = 70
    burst_requests: int = 2000
    rest_s: float = 15.0
    recovery_rate: int = 30
    idle_s: float = 60.0


LIMITS = Limits()


class Quota:
    """Of the one account that there is. Not thread-safe: the sandbox's lock is held by whoever takes."""

    def __init__(self, pace: float, monotonic: Callable[[], float], limits: Limits = LIMITS) -> None:
        if pace <= 0:
            raise ValueError("the quota factor must be above 0")
        self._pace, self._monotonic, self._limits = pace, monotonic, limits
        self._last = self._second = monotonic()
        self._burst = self._in_second = 0
        self.phase: Phase = "burst"

    def take(self) -> bool:
        """Count one request; False where it is one too many, which then counts for nothing."""
        now, limits = self._monotonic(), self._limits
        if now - self._last >= limits.idle_s / self._pace:
            self.phase, self._burst = "burst", 0
        if self.phase == "rest" and now - self._last >= limits.rest_s / self._pace:
            self.phase = "recovery"
        if self.phase == "rest":
            return False
        if now - self._second >= 1.0:
            self._second, self._in_second = now, 0
        rate = limits.burst_rate if self.phase == "burst" else limits.recovery_rate
        if self._in_second >= int(rate * self._pace):
            return False
        self._in_second += 1
        self._last = now
        if self.phase == "burst":
            self._burst += 1
            if self._burst >= limits.burst_requests:
                self.phase = "rest"
        return True
