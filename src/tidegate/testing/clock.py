"""A clock that stands still, and moves on by what is waited: a test of an hour takes no time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, TypeVar

from tidegate.http_tools.effects import Effect, Flow, Shielded, Sleep, WaitAtMost

T = TypeVar("T")

# How long, in real seconds, another thread may take for what it owes to a frozen wait.
_GRACE_S = 0.05


class FrozenClock:
    """Give it to a client (`clock=clock`) and its strategies: `clock=clock.monotonic`, `epoch=clock.time`.

    It begins at `start` (2026-01-01 UTC unless said; a naive one is UTC). Each wait of a request moves it on
    at once by the seconds that would have been waited; requests under way at once move it one after the
    other. `slept` are those waits in order. What really takes time (a server, a body) does not move it. May
    be used from threads and event loops.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        aware = start.replace(tzinfo=UTC) if start.tzinfo is None else start
        self._start_s = aware.timestamp()
        self._passed_s = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds since the clock began."""
        with self._lock:
            return self._passed_s

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._start_s + self.monotonic()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` for less than nothing."""
        if seconds < 0:
            raise ValueError("time does not go back")
        with self._lock:
            self._passed_s += seconds

    def through(self, flow: Flow[T]) -> Flow[T]:
        """The same flow, its waits taken by moving on."""
        try:
            effect = next(flow)
            while True:
                try:
                    result = yield from self._passed(effect)
                except BaseException as error:  # noqa: BLE001 - the flow decides what an error means
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            flow.close()

    def _passed(self, effect: Effect[Any]) -> Flow[Any]:
        match effect:
            case Sleep(seconds=seconds):
                self._sleep(seconds)
                yield from Sleep(0.0)  # where the run was told to stop, this says so
                return None
            case WaitAtMost(future=future, seconds=seconds):
                done = yield from WaitAtMost(future, min(seconds, _GRACE_S))
                if not done:
                    self._sleep(seconds)
                return done
            case Shielded(flow=flow):
                return (yield Shielded(self.through(flow)))
            case _:
                return (yield effect)

    def _sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))
        with self._lock:
            self.slept.append(seconds)

    def __repr__(self) -> str:
        return f"FrozenClock({self.now().isoformat()})"
