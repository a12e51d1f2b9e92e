"""SendGrid's quotas: a fixed window for each key and endpoint. The reset is told in epoch seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tidegate.sandbox.windows import Window, scaled

MINUTE_S = 60.0
MESSAGES = "/v3/messages"
# Of the others the vendor says that they have one, and how much is left; the figure is made up.
LIMITS: Mapping[str, tuple[int, float]] = {MESSAGES: (6, MINUTE_S), "": (600, MINUTE_S)}


class Quotas:
    """All windows of all keys. Not thread-safe: the sandbox's lock is held by whoever takes."""

    def __init__(
        self,
        factor: float,
        monotonic: Callable[[], float],
        epoch: Callable[[], float],
        limits: Mapping[str, tuple[int, float]] = LIMITS,
    ) -> None:
        self._limits = {name: scaled(*limit, factor) for name, limit in limits.items()}
        self._monotonic, self._epoch = monotonic, epoch
        self._windows: dict[tuple[str, str], Window] = {}

    def take(self, key: str, endpoint: str) -> tuple[bool, Mapping[str, object]]:
        """Count one request, unless the window is full; and the headers that every answer carries."""
        now = self._monotonic()
        if (key, endpoint) not in self._windows:
            self._windows[key, endpoint] = Window(*self._limits.get(endpoint, self._limits[""]))
        window = self._windows[key, endpoint]
        window.roll(now)
        granted = window.remaining > 0
        window.used += granted
        reset = math.ceil(self._epoch() + window.ends_at - now)
        return granted, {
            "X-RateLimit-Limit": window.limit,
            "X-RateLimit-Remaining": window.remaining,
            "X-RateLimit-Reset": reset,
        }
