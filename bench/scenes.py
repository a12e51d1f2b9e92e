"""What is loaded: so many rows of a flat or a nested listing, from a server at hand or a slow one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

Listing = Literal["events", "campaigns"]
Into = Literal["DuckDB", "Parquet"]
LIMITS: dict[Listing, int] = {"events": 5000, "campaigns": 100}  # rows of a full page, as the vendor has them


@dataclass(frozen=True, slots=True)
class Scene:
    """`latency_s` is how long the sandbox waits before each answer; `into` is the kind of destination."""

    listing: Listing
    rows: int
    latency_s: float = 0.0
    into: Into = "DuckDB"

    @property
    def limit(self) -> int:
        return LIMITS[self.listing]

    def __str__(self) -> str:
        slow = f", {self.latency_s * 1000:.0f} ms away" if self.latency_s else ""
        into = "" if self.into == "DuckDB" else f", into {self.into}"
        return f"{self.rows:,} {self.listing}{slow}{into}"

    @classmethod
    def typed(cls, text: str) -> Scene:
        """From LISTING:ROWS[:MILLISECONDS[:INTO]]."""
        listing, rows, latency_ms, into = (*text.split(":"), "", "")[:4]
        latency_s = float(latency_ms) / 1000 if latency_ms else 0.0
        return cls(cast("Listing", listing), int(rows), latency_s, cast("Into", into or "DuckDB"))
