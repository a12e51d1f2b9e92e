"""Rate limiters: who may send, and when.

A limiter never sleeps. `try_acquire` grants and stamps, or says how long to wait; the policy sleeps, so that
every wait can be cut, and holds a place in the limiter's line, so that waiting is first come, first served.
One object serves threads and event loops alike.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import httpx2

from tidegate.http_tools.drivers import Stop, drive, drive_async
from tidegate.http_tools.effects import Flow, Sleep, Wait
from tidegate.http_tools.exceptions import WaitTooLongError
from tidegate.http_tools.grants import GrantStore
from tidegate.http_tools.headers import asked_delay, delay, number

# A wait is never shorter: a clock that stands still must not become a busy loop.
_MIN_WAIT_S = 0.001
# Vendors tell a reset in whole seconds.
_ROUNDING_S = 1.0


class Line:
    """First come, first served: a place whose turn has come is a future that is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: deque[Future[None]] = deque()

    def join(self) -> Future[None]:
        place: Future[None] = Future()
        with self._lock:
            self._places.append(place)
            first = len(self._places) == 1
        if first:
            place.set_result(None)
        return place

    def leave(self, place: Future[None]) -> None:
        with self._lock:
            was_first = self._places[0] is place
            self._places.remove(place)
            next_one = self._places[0] if was_first and self._places else None
        if next_one is not None:
            next_one.set_result(None)


class BaseRateLimiter(ABC):
    """`try_acquire(cost)`: 0 = granted and stamped; more = seconds to wait, and nothing is held."""

    def __init__(self) -> None:
        self.line = Line()

    @abstractmethod
    def try_acquire(self, cost: int = 1) -> float: ...

    @abstractmethod
    def release(self, cost: int = 1) -> None:
        """Give back what was granted and not used."""

    def observe(self, response: httpx2.Response) -> None:  # noqa: B027 - not every limiter learns
        """Learn from an answer to a request that was granted here."""

    def lost(self) -> None:  # noqa: B027
        """No answer came to a request that was granted here: its slot stays spent."""

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:  # noqa: ARG002 - routing limiters look
        """The limiter that this request falls under."""
        return self

    def acquire(self, cost: int = 1) -> None:
        """Block this thread until granted."""
        drive(acquire_flow(self, cost), None, Stop())

    async def acquire_async(self, cost: int = 1) -> None:
        """Wait on this event loop until granted."""
        await drive_async(acquire_flow(self, cost), None, Stop())


def acquire_flow(
    limiter: BaseRateLimiter,
    cost: int = 1,
    *,
    max_wait_s: float = float("inf"),
    clock: Callable[[], float] = time.monotonic,
    waiting: Callable[[float], None] = lambda _: None,
) -> Flow[float]:
    """Wait in line and then for the grant; give the seconds that it took.

    `waiting` is told of each wait. Raises `WaitTooLongError` as soon as the whole wait would pass
    `max_wait_s`; cut at any point, it leaves the line and holds nothing.
    """
    began = clock()
    place = limiter.line.join()
    try:
        if not place.done():
            yield from Wait(place)
        while (wait := limiter.try_acquire(cost)) > 0:
            if clock() - began + wait > max_wait_s:
                raise WaitTooLongError(
                    f"the quota is free again in {wait:.0f} s, longer than the {max_wait_s:.0f} s allowed",
                    hint="Run again later, or allow a longer wait with --max-wait.",
                    wait_s=wait,
                )
            waiting(wait)
            yield from Sleep(max(wait, _MIN_WAIT_S))
    finally:
        limiter.line.leave(place)
    return clock() - began


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
            if len(self._unanswered) + len(self._answered) + cost <= self.limit:
                self._unanswered.extend([now] * cost)
                return 0.0
            return max(self._freeing(cost) + self.window_s - now, _MIN_WAIT_S)

    def _freeing(self, cost: int) -> float:
        """The stamp that must expire before `cost` more fit."""
        excess = len(self._unanswered) + len(self._answered) + cost - self.limit
        return sorted((*self._unanswered, *self._answered))[excess - 1] if excess > 1 else self._oldest()

    def _oldest(self) -> float:
        return min(stamps[0] for stamps in (self._unanswered, self._answered) if stamps)

    def observe(self, response: httpx2.Response) -> None:  # noqa: ARG002 - that it came is what counts
        if self._store is not None:
            return
        with self._lock:
            if self._unanswered:
                self._unanswered.popleft()
                self._answered.append(self._clock())

    def release(self, cost: int = 1) -> None:
        if self._store is not None:
            self._store.release(self.quota, cost)
            return
        with self._lock:
            # the oldest: whichever was given back, what stays counts longer, never shorter
            for _ in range(min(cost, len(self._unanswered))):
                self._unanswered.popleft()


class HeaderRateLimiter(BaseRateLimiter):
    """Follows the vendor's own count: `{prefix}-remaining` and `{prefix}-reset`, and `Retry-After` on 429.

    Grants freely until the first answer. Slots granted and not yet answered are taken off what an answer
    says remains, since the server may not have counted them yet.
    """

    def __init__(
        self,
        prefix: str = "x-ratelimit",
        *,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.prefix = prefix
        self._clock, self._epoch = clock, epoch
        self._lock = threading.Lock()
        self._in_flight = 0
        self._remaining: float | None = None
        self._reset_at = 0.0
        self._paused_until = 0.0

    def try_acquire(self, cost: int = 1) -> float:
        with self._lock:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            if self._remaining is not None and now >= self._reset_at:
                self._remaining = None
            if self._remaining is not None:
                if self._remaining < cost:
                    return max(self._reset_at - now, _MIN_WAIT_S)
                self._remaining -= cost
            self._in_flight += cost
            return 0.0

    def release(self, cost: int = 1) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - cost)
            if self._remaining is not None:
                self._remaining += cost

    def lost(self) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)

    def observe(self, response: httpx2.Response) -> None:
        headers = response.headers
        remaining = number(headers.get(f"{self.prefix}-remaining"))
        reset_s = delay(headers.get(f"{self.prefix}-reset"), self._epoch())
        asked_s = asked_delay(headers, self.prefix, self._epoch()) if response.status_code == 429 else None
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            now = self._clock()
            if remaining is not None and reset_s is not None:
                self._learn(max(0.0, remaining - self._in_flight), now, now + reset_s)
            if asked_s is not None:
                self._paused_until = max(self._paused_until, now + asked_s)

    def _learn(self, remaining: float, now: float, reset_at: float) -> None:
        same_window = now < self._reset_at and abs(reset_at - self._reset_at) <= _ROUNDING_S
        if same_window and self._remaining is not None:
            remaining = min(remaining, self._remaining)  # answers may come in another order than counted
        self._remaining, self._reset_at = remaining, reset_at


class CompositeLimiter(BaseRateLimiter):
    """All of several limits at once: granted by every one of them, or by none."""

    def __init__(self, limiters: Sequence[BaseRateLimiter]) -> None:
        super().__init__()
        self.limiters = tuple(limiters)
        self._lock = threading.Lock()
        self._routed: dict[tuple[BaseRateLimiter, ...], CompositeLimiter] = {self.limiters: self}

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
        """The same limits, each routed for itself."""
        routed = tuple(limiter.for_request(request) for limiter in self.limiters)
        with self._lock:
            if routed not in self._routed:
                self._routed[routed] = CompositeLimiter(routed)
            return self._routed[routed]

    def try_acquire(self, cost: int = 1) -> float:
        granted: list[BaseRateLimiter] = []
        try:
            for limiter in self.limiters:
                if (wait := limiter.try_acquire(cost)) > 0:
                    return wait
                granted.append(limiter)
            granted.clear()
            return 0.0
        finally:
            for limiter in granted:
                limiter.release(cost)

    def release(self, cost: int = 1) -> None:
        for limiter in self.limiters:
            limiter.release(cost)

    def lost(self) -> None:
        for limiter in self.limiters:
            limiter.lost()

    def observe(self, response: httpx2.Response) -> None:
        for limiter in self.limiters:
            limiter.observe(response)
