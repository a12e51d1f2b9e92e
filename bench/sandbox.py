"""The stand-in Brevo in a process of its own, its data made before it answers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bench.scenes import Listing, Scene
from tidegate.sandbox.asgi import ASGIApp, Receive, Send
from tidegate.sandbox.asgi import Scope as ASGIScope
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.brevo.campaigns import make_campaigns
from tidegate.sandbox.brevo.table import Table
from tidegate.sandbox.server import serve

# So high that nobody waits: what is measured is work.
QUOTA = 100_000.0
# The past and fixed: every run has the same rows, whatever midnight it crosses.
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAST_DAY = NOW.date()
# Days are equally full at every size, so that a larger run has more pages and not more of them in flight.
ROWS_A_DAY = 33_000
MAX_DAYS = 90  # what one listing of the usual way may ask for
SEED = 1


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where it answers, and the first of the days that hold its events; `LAST_DAY` is the last."""

    base_url: str
    first_day: date

    def url(self, listing: Listing) -> str:
        """The listing of all rows, but for limit and offset."""
        if listing == "campaigns":
            return f"{self.base_url}/emailCampaigns?statistics=globalStats&excludeHtmlContent=true&sort=asc"
        days = f"startDate={self.first_day}&endDate={LAST_DAY}"
        return f"{self.base_url}/smtp/statistics/events?{days}&sort=asc"


def days_of(rows: int) -> int:
    return min(max(1, round(rows / ROWS_A_DAY)), MAX_DAYS)


@contextmanager
def running(scene: Scene) -> Iterator[Sandbox]:
    """A sandbox that holds the scene's rows."""
    command = [sys.executable, "-m", "bench.sandbox", scene.listing, str(scene.rows), str(scene.latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError("the sandbox did not start")
            yield Sandbox(base_url, LAST_DAY - timedelta(days=days_of(scene.rows) - 1))
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class _Slow:
    app: ASGIApp
    latency_s: float

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self.latency_s)
        await self.app(scope, receive, send)


def main(listing: str, rows: str, latency_s: str) -> None:
    count = int(rows) if listing == "events" else 0
    app = BrevoSandbox(seed=SEED, rows=count, quota=QUOTA, now=NOW, days=days_of(count))
    if listing == "campaigns":  # of which an account has a few hundred
        app.store.campaigns = Table(make_campaigns(SEED, int(rows), app.store.clock.start_ms))
    app.prepare()
    served: ASGIApp = _Slow(app, float(latency_s)) if float(latency_s) else app
    serve(served, on_start=lambda origin: print(f"{origin}/v3", flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
