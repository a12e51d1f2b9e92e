"""The stand-in Brevo in a process of its own, its data made before it answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import serve

# So high that nobody waits: what is measured is work.
QUOTA = 100_000.0
DAYS = 30
# The past and fixed: every run has the same rows, whatever midnight it crosses.
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAST_DAY = NOW.date()
FIRST_DAY: date = LAST_DAY - timedelta(days=DAYS - 1)


@contextmanager
def running(rows: int) -> Iterator[str]:
    """The base URL of a sandbox that holds so many events."""
    command = [sys.executable, "-m", "bench.sandbox", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError("the sandbox did not start")
            yield base_url
        finally:
            process.terminate()


def main() -> None:
    app = BrevoSandbox(rows=int(sys.argv[1]), quota=QUOTA, now=NOW, days=DAYS)
    app.prepare()
    serve(app, on_start=lambda origin: print(f"{origin}/v3", flush=True))


if __name__ == "__main__":
    main()
