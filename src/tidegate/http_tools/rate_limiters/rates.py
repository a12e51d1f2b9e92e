"""What a limiter declares: for advice, not for waiting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests in any window of `window_s` seconds."""

    limit: int
    window_s: float

    def waiting_s(self, requests: int) -> float:
        """How long the last of so many requests waits where nobody else uses the quota."""
        return max(requests - 1, 0) // self.limit * self.window_s

    def apart_s(self, requests: int) -> float:
        """How far apart runs of so many requests each begin at least, if none is to wait for another's."""
        if requests < 1:
            return 0.0
        if requests > self.limit:
            return -(-requests // self.limit) * self.window_s
        return self.window_s / (self.limit // requests)

    def __str__(self) -> str:
        many = "1 request" if self.limit == 1 else f"{self.limit:,} requests"
        named = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}.get(self.window_s)
        return f"{many} in any {named}" if named else f"{many} in any {self.window_s:g} s"
