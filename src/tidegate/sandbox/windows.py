"""Fixed windows of a quota, as vendors count them: each begins with its first request."""

from __future__ import annotations

import math
from dataclasses import dataclass


def scaled(limit: int, window_s: float, factor: float) -> tuple[int, float]:
    """The quota in `factor` times the pace: a shorter window, and below one second a higher limit.

    A reset is told in whole seconds, so a window of less than one would not be worth waiting for.
    """
    if factor <= 0:
        raise ValueError("the quota factor must be above 0")
    scaled_s = max(1.0, window_s / factor)
    # The tiny addend keeps 99.99999 from becoming 99.
    return max(1, int(limit * factor * scaled_s / window_s + 1e-9)), scaled_s


@dataclass(slots=True)
class Window:
    """One fixed window; `used` requests were granted since it began."""

    limit: int
    window_s: float
    ends_at: float = -math.inf
    used: int = 0

    def roll(self, now: float) -> None:
        """Forget a window that is over. The next one begins with the next request."""
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.window_s, 0

    def reset_s(self, now: float) -> int:
        """Whole seconds until it is over, rounded up.

        The microsecond is for floats: (now + 3600) - now may be a little more than 3600.
        """
        return max(1, math.ceil(self.ends_at - now - 1e-6))

    @property
    def remaining(self) -> int:
        """How many more requests it grants."""
        return self.limit - self.used
