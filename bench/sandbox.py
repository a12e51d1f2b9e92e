"""The stand-in Brevo in a process of its own, its data made before it answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import serve

# So high that nobody waits: what is measured is work.
QUOTA = 100_000.0
# The past and fixed: every run has the same rows, whatever midnight it crosses.
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAST_DAY = NOW.date()
# Days are equally full at every size, so that a larger run has more pages and not more of them in flight.
ROWS_A_DAY = 33_000
MAX_DAYS = 90  # what one listing of the usual way may ask for


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where it answers, and the first of the days that hold its events; `LAST_DAY` is the last."""

    base_url: str
    first_day: date

    @property
    def events_url(self) -> str:
        """The listing of all events, but for limit and offset."""
        return (
            f"{self.base_url}/smtp/statistics/events?startDate={self.first_day}&endDate={LAST_DAY}&sort=asc"
        )


def days_of(rows: int) -> int:
    return min(max(1, round(rows / ROWS_A_DAY)), MAX_DAYS)


@contextmanager
def running(rows: int) -> Iterator[Sandbox]:
    """A sandbox that holds so many events."""
    command = [sys.executable, "-m", "bench.sandbox", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError("the sandbox did not start")
            yield Sandbox(base_url, LAST_DAY - timedelta(days=days_of(rows) - 1))
        finally:
            process.terminate()


def main() -> None:
    rows = int(sys.argv[1])
    app = BrevoSandbox(rows=rows, quota=QUOTA, now=NOW, days=days_of(rows))
    app.prepare()
    serve(app, on_start=lambda origin: print(f"{origin}/v3", flush=True))


if __name__ == "__main__":
    main()
