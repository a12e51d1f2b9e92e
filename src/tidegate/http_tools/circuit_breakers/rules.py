"""When a breaker opens. A rule is a frozen value; each breaker counts for itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol


class Count(Protocol):
    """What one breaker has seen since it was closed. The breaker holds its lock around every call."""

    failures: int

    def add(self, *, failed: bool, now: float) -> bool:
        """Count one verdict; tell whether the breaker must open. `now` is in seconds of any clock."""
        ...

    @property
    def reason(self) -> str:
        """What it saw, as in "the endpoint ..."."""
        ...


class TripRule(Protocol):
    """When to open."""

    def count(self) -> Count:
        """A count that begins now."""
        ...


@dataclass(frozen=True, slots=True)
class ConsecutiveFailures:
    """Open after `threshold` failures in a row: for an endpoint that is down."""

    threshold: int = 5

    def __post_init__(self) -> None:
        if self.threshold < 1:
            raise ValueError("a breaker needs failure_threshold >= 1")

    def count(self) -> Count:
        return _Row(self.threshold)


@dataclass(frozen=True, slots=True)
class FailureRate:
    """Open when at least `share` (0 to 1) of the calls of the last `window_s` seconds failed, and these were
    `min_calls` at least: for an endpoint that limps.
    """

    share: float = 0.5
    min_calls: int = 20
    window_s: float = 60.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.min_calls < 1 or self.window_s <= 0:
            raise ValueError("a failure rate needs 0 < share <= 1, min_calls >= 1 and window_s > 0")

    def count(self) -> Count:
        return _Window(self)


class _Row:
    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self.failures = 0

    def add(self, *, failed: bool, now: float) -> bool:  # noqa: ARG002 - a row has no time
        self.failures = self.failures + 1 if failed else 0
        return self.failures >= self._threshold

    @property
    def reason(self) -> str:
        return f"failed {self.failures} times in a row"


class _Window:
    def __init__(self, rule: FailureRate) -> None:
        self._rule = rule
        self._calls: deque[tuple[float, bool]] = deque()
        self.failures = 0

    def add(self, *, failed: bool, now: float) -> bool:
        self._calls.append((now, failed))
        self.failures += failed
        while self._calls[0][0] <= now - self._rule.window_s:
            self.failures -= self._calls.popleft()[1]
        calls = len(self._calls)
        return failed and calls >= self._rule.min_calls and self.failures >= self._rule.share * calls

    @property
    def reason(self) -> str:
        return f"failed {self.failures} of {len(self._calls)} times"
