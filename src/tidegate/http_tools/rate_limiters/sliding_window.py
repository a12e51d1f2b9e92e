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
from tidegate.http_tools.rate_limiters.rates import Rate


class SlidingWindowLimiter(BaseRateLimiter):
    """Never more than `limit` grants in any window of `window_s` seconds.

    A slot counts from its grant; when the answer comes (or it is clear that none will) it counts from then,
    because the server saw the request somewhere between the two. So neither our nor the network's delays push
    a server over, as long as they are shorter than the window.
    With a `store`, grants are kept there under `quota` (for windows of minutes: see `SqliteGrantStore`). They
    count from the grant. The store is never asked on an event loop; slots given back reach it with the next
    question, and stay spent until then.
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
        self.limit, self.window_s, self.slot_s, self.quota = limit, window_s, window_s, quota
        self._store = store
        # kept grants are compared between processes: epoch seconds; others never leave this one
        self._clock = clock or (time.monotonic if store is None else time.time)
        self._lock = threading.Lock()
        self._unanswered: deque[float] = deque()
        self._answered: deque[float] = deque()
        self._returned: list[tuple[float, int]] = []  # to a store: when, and how many

    @property
    def rates(self) -> tuple[Rate, ...]:
        return (Rate(self.limit, self.window_s),)

    def try_now(self, cost: int = 1) -> float | None:
        return self.try_acquire(cost) if self._store is None else None

    def try_acquire(self, cost: int = 1) -> float:
        if not 1 <= cost <= self.limit:
            raise ValueError(f"a cost of {cost} never fits a limit of {self.limit}")
        if self._store is not None:
            return self._try_stored(self._store, cost)
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

    def _try_stored(self, store: GrantStore, cost: int) -> float:
        now = self._clock()
        with self._lock:
            returned, self._returned = self._returned, []
        for at, count in returned:
            if at > now - self.window_s / 2:  # its grant, a moment before, is in the window still
                store.release(self.quota, count)
        return store.try_acquire(self.quota, cost, self.limit, self.window_s, now)

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:  # noqa: ARG002 - that it came counts
        self.lost(cost)

    def lost(self, cost: int = 1) -> None:
        if self._store is not None:
            return
        with self._lock:
            for _ in range(min(cost, len(self._unanswered))):
                self._unanswered.popleft()
            # also where the stamp of the grant is gone: the server may have seen it only now
            self._answered.extend([self._clock()] * cost)

    def release(self, cost: int = 1) -> None:
        if self._store is not None:
            with self._lock:
                self._returned.append((self._clock(), cost))
            return
        with self._lock:
            # the oldest: whichever was given back, what stays counts longer, never shorter
            for _ in range(min(cost, len(self._unanswered))):
                self._unanswered.popleft()
