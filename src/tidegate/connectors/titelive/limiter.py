"""Titelive's quota: a burst, a pause, then less.

Figures as probed by a working client; the vendor publishes none. A client cannot keep a server's window to
the last request (the network bunches what was spaced), so 90 % of each is used. Beyond them the API answers
503, which is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tidegate.http_tools.rate_limiters import BurstRecoveryLimiter

BURST_RATE, BURST_REQUESTS, PAUSE_S, RECOVERY_RATE = 70, 2000, 15.0, 30
SHARE = 0.9
# After so long without a request the next ones are a burst again: a guess on the careful side.
IDLE_S = 60.0


class TiteliveRateLimiter(BurstRecoveryLimiter):
    """`factor` is the account's rate over the one that was probed: more a second, shorter pauses."""

    def __init__(self, *, factor: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            burst_rate=max(1, int(BURST_RATE * SHARE * factor)),
            burst_requests=int(BURST_REQUESTS * SHARE),
            # the share is left on both sides of the pause: requests arrive later than they were granted
            pause_s=PAUSE_S / SHARE / factor,
            recovery_rate=max(1, int(RECOVERY_RATE * SHARE * factor)),
            idle_s=IDLE_S / factor,
            clock=clock,
        )
