"""Slices side by side: a few at a time, begun in the plan's order; one that is lost is run again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tidegate.engine.exceptions import LostSliceError, StoppedError
from tidegate.http_tools.drivers import Stop

Item = TypeVar("Item")
T = TypeVar("T")

AT_ONCE = 4  # each holds the pages that its client fetches ahead, and no more
ATTEMPTS = 3
ENOUGH = 3


class Attempt:
    """One try at a slice. `stop` cuts all that it waits for.

    It is overdue where requests are under way and nothing was heard of any for the deadline. Waiting in line
    for a quota is no silence: it may take hours, and is cut by `--max-wait`.
    """

    def __init__(self, stop: Stop, deadline_s: float) -> None:
        self.stop = Stop(stop)
        self.overdue = False
        self._deadline_s = deadline_s
        self._under_way = 0
        self._heard = time.monotonic()
        self._lock = threading.Lock()

    def heard(self, begun: int) -> None:
        """A request has gone out (1), or has come to its end (-1)."""
        with self._lock:
            self._under_way += begun
            self._heard = time.monotonic()

    def check(self) -> float:
        """Cut it where it is overdue; give the seconds after which to look again."""
        with self._lock:
            left = self._deadline_s - (time.monotonic() - self._heard if self._under_way else 0.0)
        if left > 0 or self.overdue:
            return max(left, self._deadline_s / 10)
        self.overdue = True
        self.stop.set()
        return self._deadline_s


@dataclass
class SideBySide(Generic[Item, T]):
    """Works `items` by `work`, which gets the item's number, the item and the attempt.

    An attempt that is overdue is cut and run again, `ATTEMPTS` in all. When an item fails, later ones are cut
    and earlier ones go on, so that the failure told is the one that a run of one item after the other would
    have met. Items that stand `apart` from each other go on, until `ENOUGH` have failed: then no more are
    begun, for it is hardly the items' fault.
    """

    items: Sequence[Item]
    work: Callable[[int, Item, Attempt], T]
    stop: Stop
    deadline_s: float
    apart: bool = False
    results: dict[int, T] = field(default_factory=dict)
    failed: int | None = None  # the number of the first item that failed
    _failure: Exception | None = None
    _failures: int = 0
    _next: int = 0
    _attempts: dict[int, Attempt] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def run(self) -> list[T]:
        """The results, in the order of the items. Raises what the first of those that failed failed with:
        `LostSliceError` where it was lost, `StoppedError` where it was not begun. `results` has the others.
        """
        workers = min(AT_ONCE, len(self.items))
        if workers == 0:
            return []
        cut = Stop(self.stop)
        with ThreadPoolExecutor(workers, thread_name_prefix="tidegate-slice") as pool:
            left = {pool.submit(copy_context().run, self._worker, cut) for _ in range(workers)}
            try:
                while left:
                    left = wait(left, timeout=self._check()).not_done
            finally:
                cut.set()
        if self._failure is not None:
            raise self._failure
        return [self.results[number] for number in range(len(self.items))]

    def _check(self) -> float:
        with self._lock:
            attempts = list(self._attempts.values())
        return min((attempt.check() for attempt in attempts), default=self.deadline_s)

    def _worker(self, cut: Stop) -> None:
        while (number := self._take()) is not None:
            try:
                self.results[number] = self._item(number, cut)
            except Exception as error:  # noqa: BLE001 - whichever it is, it is raised by `run`
                self._fail(number, error)

    def _take(self) -> int | None:
        with self._lock:
            if self._failures >= self._enough or self._next == len(self.items):
                return None
            self._next += 1
            return self._next - 1

    @property
    def _enough(self) -> int:
        return ENOUGH if self.apart else 1

    def _fail(self, number: int, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self.failed is None or number < self.failed:
                self.failed, self._failure = number, error
            cut = [] if self.apart else self._attempts.items()
            later = [attempt for at, attempt in cut if at > number]
        for attempt in later:
            attempt.stop.set()

    def _item(self, number: int, cut: Stop) -> T:
        for tried in range(1, ATTEMPTS + 1):
            if cut.is_set():
                raise StoppedError("stopped before the next slice")
            attempt = self._begin(number, cut)
            try:
                return self.work(number, self.items[number], attempt)
            except Exception as error:
                if not attempt.overdue:  # of a fault in the code another try would be as this one
                    raise
                if tried == ATTEMPTS:
                    raise LostSliceError(
                        f"no answer came for {self.deadline_s:g} s, {ATTEMPTS} times",
                        hint="Run the same command again: it resumes.",
                    ) from error
            finally:
                with self._lock:
                    del self._attempts[number]
        raise AssertionError("unreachable")

    def _begin(self, number: int, cut: Stop) -> Attempt:
        with self._lock:
            attempt = self._attempts[number] = Attempt(cut, self.deadline_s)
            if self.failed is not None and self.failed < number and not self.apart:
                attempt.stop.set()
        return attempt
