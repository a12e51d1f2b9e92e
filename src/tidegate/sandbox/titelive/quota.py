"""The vendor's quota as it was probed: 70 a second for 2000 requests, 15 seconds of rest, then 30 a second.

Beyond it the answer is 503. How the vendor counts is not known; this is the plainest way to what was seen: a
bucket that holds what 2000 requests at 70 a second take out of it, and fills again at 30 a second. When it is
empty nothing passes for 15 seconds, and it holds a second's worth from then on, until nobody has asked for a
minute. `pace` makes all of it so many times as quick.
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

    @property
    def held(self) -> float:
        """What a full bucket holds."""
        return self.burst_requests * (1 - self.recovery_rate / self.burst_rate)


LIMITS = Limits()


class Quota:
    """Of the one account that there is. Not thread-safe: the sandbox's lock is held by whoever takes."""

    def __init__(self, pace: float, monotonic: Callable[[], float], limits: Limits = LIMITS) -> None:
        if pace <= 0:
            raise ValueError("the quota factor must be above 0")
        self._pace, self._monotonic, self._limits = pace, monotonic, limits
        self._last = self._filled = self._second = self._now()
        self._held, self._in_second = limits.held, 0
        self.phase: Phase = "burst"

    def take(self) -> bool:
        """Count one request; False where it is one too many, which then counts for nothing."""
        now, limits = self._now(), self._limits
        self._pass(now)
        if now - self._second >= self._pace:
            self._second, self._in_second = now, 0
        rate = limits.burst_rate if self.phase == "burst" else limits.recovery_rate
        if self.phase == "rest" or self._in_second >= int(rate * self._pace):
            return False
        if self._held < 1:
            self.phase = "rest" if self.phase == "burst" else self.phase
            return False
        self._held -= 1
        self._in_second += 1
        self._last = now
        return True

    def _pass(self, now: float) -> None:
        """What time alone does."""
        limits = self._limits
        if now - self._last >= limits.idle_s:
            self.phase, self._held = "burst", limits.held
        elif self.phase == "rest" and now - self._last >= limits.rest_s:
            self.phase, self._held = "recovery", float(limits.recovery_rate)
        most = limits.held if self.phase == "burst" else float(limits.recovery_rate)
        self._held = min(most, self._held + (now - self._filled) * limits.recovery_rate)
        self._filled = now

    def _now(self) -> float:
        """Seconds of the vendor's own time."""
        return self._monotonic() * self._pace
