"""Brevo's quotas: fixed windows per API key and bucket, each beginning with its first request.

Default tier: `/smtp/*` 300 an hour, `/contacts` and below 10 a second and 36,000 an hour, nearly all
else shares 100 an hour. The headers are `x-sib-ratelimit-*`; the reset is in relative whole seconds, and
there is no `Retry-After`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tidegate.sandbox.windows import Window, scaled

Bucket = Literal["smtp", "contacts", "general"]

HOUR_S = 3600.0
Limits = Mapping[Bucket, tuple[tuple[int, float], ...]]
LIMITS: Limits = {
    "smtp": ((300, HOUR_S),),
    "contacts": ((10, 1.0), (36_000, HOUR_S)),
    "general": ((100, HOUR_S),),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether a request may pass, and the headers that every answer of a quota'd route carries."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> Mapping[str, object]:
        """Limit, remaining and reset of the window that binds most."""
        return {
            "x-sib-ratelimit-limit": self.limit,
            "x-sib-ratelimit-remaining": self.remaining,
            "x-sib-ratelimit-reset": self.reset_s,
        }


class Quotas:
    """All windows of all keys. Not thread-safe: the sandbox's lock is held by whoever takes."""

    def __init__(self, factor: float, monotonic: Callable[[], float], limits: Limits = LIMITS) -> None:
        self._limits = {
            bucket: tuple(scaled(limit, window_s, factor) for limit, window_s in windows)
            for bucket, windows in limits.items()
        }
        self._monotonic = monotonic
        self._windows: dict[tuple[str, Bucket], list[Window]] = {}

    def windows(self, key: str, bucket: Bucket) -> list[Window]:
        """The windows that bind this key, the shortest first; fresh ones for a key not seen before."""
        if (key, bucket) not in self._windows:
            self._windows[key, bucket] = [Window(*limit) for limit in self._limits[bucket]]
        return self._windows[key, bucket]

    def take(self, key: str, bucket: Bucket) -> Grant:
        """Count one request, unless a window is full: then it spends nothing anywhere and is refused."""
        now = self._monotonic()
        windows = self.windows(key, bucket)
        for window in windows:
            window.roll(now)
        granted = all(window.remaining for window in windows)
        for window in windows:
            window.used += granted
        # The window that binds: the fewest requests left, of two such the one that is longer shut.
        tight = min(windows, key=lambda window: (window.remaining, -window.ends_at))
        return Grant(granted, tight.limit, tight.remaining, tight.reset_s(now))
