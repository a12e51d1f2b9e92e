"""What every limiter is, the line before it, and the flow that stands in that line."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

import httpx2

from tidegate.http_tools.drivers import Stop, drive, drive_async
from tidegate.http_tools.effects import Blocking, Flow, Sleep, WaitAtMost
from tidegate.http_tools.exceptions import WaitTooLongError
from tidegate.http_tools.rate_limiters.rates import Rate

# A wait is never shorter: a clock that stands still must not become a busy loop.
MIN_WAIT_S = 0.001
# Who acquires by hand is stopped by nobody.
_NEVER = Stop()


# The place of whoever finds nobody waiting: a future for each would cost as much as the grant.
_AT_ONCE: Future[None] = Future()
_AT_ONCE.set_result(None)


class Line:
    """First come, first served: a place whose turn has come is a future that is done.

    `until` is when its head expects to be served, by the clock of who waits: nobody behind is sooner.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: deque[Future[None]] = deque()
        self.until = 0.0

    def join(self) -> Future[None]:
        with self._lock:
            place = Future[None]() if self._places else _AT_ONCE
            self._places.append(place)
        return place

    def leave(self, place: Future[None]) -> None:
        with self._lock:
            was_first = self._places[0] is place
            self._places.remove(place)
            next_one = self._places[0] if was_first and self._places else None
            if was_first:
                self.until = 0.0
        if next_one is not None:
            next_one.set_result(None)


class BaseRateLimiter(ABC):
    """`try_acquire(cost)`: 0 = granted and stamped; more = seconds to wait, and nothing is held.

    A cost that can never be granted is a `ValueError`. Waiting is first come, first served for each limiter.
    """

    # How long a slot may be given back, in seconds. One whose window is gone is no longer held: to release it
    # would free another's.
    slot_s: float = math.inf

    def __init__(self) -> None:
        self.line = Line()

    @property
    def rates(self) -> tuple[Rate, ...]:
        """What it grants in the long run, all of these at once; none where it declares nothing."""
        return ()

    @abstractmethod
    def try_acquire(self, cost: int = 1) -> float:
        """Grant, or say how long to wait; infinity: until a slot is given back (see `when_freed`)."""

    @abstractmethod
    def release(self, cost: int = 1) -> None:
        """Give back what was granted less than `slot_s` ago and not used."""

    def give_back(self, held_s: float, cost: int = 1) -> None:
        """Give back what was granted `held_s` seconds ago and not used, where it still is held."""
        if held_s < self.slot_s:
            self.release(cost)

    def try_now(self, cost: int = 1) -> float | None:
        """As `try_acquire` where that needs no network; None where it does."""
        return self.try_acquire(cost)

    def when_freed(self, bell: Future[None]) -> None:  # noqa: B027 - only where slots are given back
        """Ring `bell` when a slot is given back next."""

    def observe(self, response: httpx2.Response, cost: int = 1) -> None:  # noqa: B027 - not every one learns
        """Learn from an answer to a request that was granted `cost` here."""

    def lost(self, cost: int = 1) -> None:  # noqa: B027
        """No answer came to a request that was sent with `cost` slots of this: they stay spent."""

    def for_request(self, request: httpx2.Request) -> BaseRateLimiter:  # noqa: ARG002 - routing limiters look
        """The limiter that this request falls under."""
        return self

    def acquire(self, cost: int = 1, *, max_wait_s: float = math.inf) -> None:
        """Block this thread until granted. Raises `WaitTooLongError` as soon as `max_wait_s` would not do."""
        drive(acquire_flow(self, cost, max_wait_s=max_wait_s), None, _NEVER)

    async def acquire_async(self, cost: int = 1, *, max_wait_s: float = math.inf) -> None:
        """Wait on this event loop until granted. Raises as `acquire` does."""
        await drive_async(acquire_flow(self, cost, max_wait_s=max_wait_s), None, _NEVER)


def acquire_flow(
    limiter: BaseRateLimiter,
    cost: int = 1,
    *,
    max_wait_s: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
    waiting: Callable[[float], None] = lambda _: None,
) -> Flow[float]:
    """Wait in line and then for the grant; give the seconds that it took.

    `waiting` is told of each wait that is foreseen. Raises `WaitTooLongError` as soon as the whole wait would
    pass `max_wait_s`; cut at any point, it leaves the line and holds nothing.
    """
    began = clock()
    deadline = began + max_wait_s
    line = limiter.line
    place = line.join()
    try:
        if not place.done():
            if line.until > deadline:
                raise _too_long(line.until - began, max_wait_s)
            if not (yield from WaitAtMost(place, max_wait_s)):
                raise _too_long(max_wait_s, max_wait_s)
        bell: Future[None] | None = None
        while (wait := (yield from _try(limiter, cost))) > 0:
            now = clock()
            if math.isinf(wait):
                if (
                    bell is None or bell.done()
                ):  # hang one, and ask again: a slot may have been given back just before
                    bell = Future()
                    limiter.when_freed(bell)
                elif not (yield from WaitAtMost(bell, deadline - now)):
                    raise _too_long(max_wait_s, max_wait_s)
                continue
            if now + wait > deadline:
                raise _too_long(wait, max_wait_s)
            line.until = now + wait
            waiting(wait)
            yield from Sleep(max(wait, MIN_WAIT_S))
    finally:
        line.leave(place)
    return clock() - began


def _try(limiter: BaseRateLimiter, cost: int) -> Flow[float]:
    wait = limiter.try_now(cost)
    if wait is not None:
        return wait
    attempt = _Attempt(limiter, cost)
    try:
        return (yield from Blocking(attempt))
    except BaseException:
        attempt.abandon()
        raise


class _Attempt:
    """A `try_acquire` on another thread. If its caller went away meanwhile, what it got is given back."""

    def __init__(self, limiter: BaseRateLimiter, cost: int) -> None:
        self._limiter, self._cost = limiter, cost
        self._lock = threading.Lock()
        self._granted = self._abandoned = False

    def __call__(self) -> float:
        wait = self._limiter.try_acquire(self._cost)
        with self._lock:
            self._granted = wait == 0
            unwanted = self._granted and self._abandoned
        if unwanted:
            self._limiter.release(self._cost)
        return wait

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            unwanted = self._granted
        if unwanted:
            self._limiter.release(self._cost)


def ring(bell: Future[None]) -> None:
    """Ring a bell that others may have rung."""
    with suppress(InvalidStateError):
        bell.set_result(None)


def _too_long(wait_s: float, max_wait_s: float) -> WaitTooLongError:
    return WaitTooLongError(
        f"the quota is free again in {wait_s:.0f} s, longer than the {max_wait_s:.0f} s allowed",
        hint="Run again later, or allow a longer wait with --max-wait.",
        wait_s=wait_s,
    )
