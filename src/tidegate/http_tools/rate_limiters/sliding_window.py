"""A hard limit: never more than N in any window."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

import httpx2

from tidegate.http_tools.grants import GrantStore
from tidegate.http_tools.rate_limiters.base import MIN_WAIT_S, BaseRateLimiter


class SlidingWindowLimiter(BaseRateLimiter):
    """Never more than `limit` grants in any window of `window_s` seconds.

    A slot counts from its grant; when the answer comes it counts from then, because the server saw the
    request somewhere between the two. So neither our nor the network's delays push a server over.
    With a `store`, grants are kept there under `quota` (for windows of minutes: see `SqliteGrantStore`).
    """

    def __init__(
        self,
        limit: int,
        window_s: float,
        *,
        store: GrantStore | None = None,
        quota: str = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        if limit < 1 or window_s <= 0:
            raise ValueError("a sliding window needs limit >= 1 and window_s > 0")
        super().__init__()
        self.limit, self.window_s, self.quota = limit, window_s, quota
        self._store = store
        # kept grants are compared between processes: epoch seconds; others never leave this one
        self._clock = clock or (time.monotonic if store is None else time.time)
        self._lock = threading.Lock()
        self._unanswered: deque[float] = deque()
        self._answered: deque[float] = deque()

    def try_acquire(self, cost: int = 1) -> float:
        if not 1 <= cost <= self.limit:
            raise ValueError(f"a cost of {cost} never fits a limit of {self.limit}")
        if self._store is not None:
            return self._store.try_acquire(self.quota, cost, self.limit, self.window_s, self._clock())
        with self._lock:
            now = self._clock()
            for stamps in (self._unanswered, self._answered):
                while stamps and stamps[0] <= now - self.window_s:
                    stamps.popleft()
            excess = len(self._unanswered) + len(self._answered) + cost - self.limit
            if excess <= 0:
                self._unanswered.extend([now] * cost)
                return 0.0
            # the stamp that must expire before `cost` more fit
            freeing = next(islice(heapq.merge(self._unanswered, self._answered), excess - 1, None))
            return max(freeing + self.window_s - now, MIN_WAIT_S)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:  # noqa: ARG002 - that it came counts
        if self._store is not None:
            return
        with self._lock:
            now = self._clock()
            for _ in range(min(cost, len(self._unanswered))):
                self._unanswered.popleft()
                self._answered.append(now)

    def release(self, cost: int = 1) -> None:
        if self._store is not None:
            self._store.release(self.quota, cost)
            return
        with self._lock:
            # the oldest: whichever was given back, what stays counts longer, never shorter
            for _ in range(min(cost, len(self._unanswered))):
                self._unanswered.popleft()
