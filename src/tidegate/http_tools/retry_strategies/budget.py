"""How many retries a client can afford, so that an outage is not amplified."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class RetryBudget:
    """Retries of a client are at most `share` (0 to 1) of its requests, and `floor` more.

    Each request earns `share` of a retry, each retry costs one. The account holds `floor` at first and twice
    that at most; below `floor` one more comes back every `restored_s` seconds, so that a client that asks
    little recovers.
    Without a budget a server that is down is asked as many times more as there are attempts. Retries after
    the wait that the vendor asked for (`Retry-After` on 429 and 503, a reset on 429) and waits for a breaker
    are free. One object may be shared by clients, threads and event loops.
    """

    def __init__(
        self,
        share: float = 0.2,
        floor: int = 10,
        restored_s: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= share <= 1 or floor < 1 or restored_s <= 0:
            raise ValueError("a retry budget needs 0 <= share <= 1, floor >= 1 and restored_s > 0")
        self.share, self.floor, self.restored_s = share, floor, restored_s
        self._clock = clock
        self._lock = threading.Lock()
        self._balance = float(floor)
        self._restored_at = clock()

    @property
    def balance(self) -> float:
        """How many retries it could pay for now."""
        with self._lock:
            self._restore()
            return self._balance

    def earn(self) -> None:
        """A new request is made."""
        with self._lock:
            self._balance = min(2.0 * self.floor, self._balance + self.share)

    def spend(self) -> bool:
        """Whether one more retry can be paid; if so, it is."""
        with self._lock:
            self._restore()
            if self._balance < 1 - 1e-9:  # five times a fifth is a little less than one
                return False
            self._balance = max(0.0, self._balance - 1)
            return True

    def _restore(self) -> None:
        now = self._clock()
        back = max(0.0, now - self._restored_at) / self.restored_s
        self._balance = max(self._balance, min(self.floor, self._balance + back))
        self._restored_at = now
