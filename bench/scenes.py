"""What is loaded: so many rows of a flat or a nested listing, from a server at hand or a slow one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Listing = Literal["events", "campaigns"]
LIMITS: dict[Listing, int] = {"events": 5000, "campaigns": 100}  # rows of a full page, as the vendor has them


@dataclass(frozen=True, slots=True)
class Scene:
    """`latency_s` is how long the sandbox waits before each answer."""

    listing: Listing
    rows: int
    latency_s: float = 0.0

    @property
    def limit(self) -> int:
        return LIMITS[self.listing]

    def __str__(self) -> str:
        slow = f", {self.latency_s * 1000:.0f} ms away" if self.latency_s else ""
        return f"{self.rows:,} {self.listing}{slow}"
