"""The time that a client goes by. Another than the system's is for tests: `tidegate.testing.FrozenClock`."""

from __future__ import annotations

import time
from typing import Protocol, TypeVar

from tidegate.http_tools.effects import Flow

T = TypeVar("T")


class Clock(Protocol):
    """Two ways to tell the time, and what becomes of the waits of a flow."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an unnamed beginning."""
        ...

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...

    def through(self, flow: Flow[T]) -> Flow[T]:
        """The flow as a driver is to run it, its waits by this clock."""
        ...


class SystemClock:
    """The clock on the wall: waits are left to the drivers."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def through(self, flow: Flow[T]) -> Flow[T]:
        return flow
