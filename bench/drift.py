"""What looking for drift costs beside the build of the same pages: `python -m bench.drift`.

Pages of events, built and looked at in turns; a long run is what counts, because its first rows are all
looked at. Exit code 1 where the share is over the bar.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
from pydantic import SecretStr

from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.contracts.windows import Window
from tidegate.engine.at_work import calm_gc
from tidegate.engine.build import InstancesBuild
from tidegate.engine.context import Context
from tidegate.engine.drift.profiler import Profiler
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.calls import Page
from tidegate.http_tools.pagination import PageRequest
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.workflows.brevo.tasks import events

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAGE_ROWS = 5000
MAX_SHARE = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="events")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [_round(options.rows) for _ in range(options.rounds)]
    build_s, drift_s = (min(times) for times in zip(*rounds, strict=True))
    share = drift_s / build_s
    per_row = 1e6 / options.rows
    print(
        f"{'PASS' if share < MAX_SHARE else 'FAIL'}  drift takes {share:.1%} of the build of"
        f" {options.rows:,} events ({drift_s * per_row:.2f} of {build_s * per_row:.1f} us a row);"
        f" below {MAX_SHARE:.0%}"
    )
    return 0 if share < MAX_SHARE else 1


def _round(rows: int) -> tuple[float, float]:
    """CPU seconds of building every page, and of looking at it."""
    build_s = drift_s = 0.0
    window = Window(NOW, NOW)
    settings = BrevoSettings(api_key=SecretStr("bench"), base_url="http://127.0.0.1:1/v3", _env_file=None)
    connector = BrevoFactory.create_connector(settings)
    call = events.call(connector, window)
    build, profiler = InstancesBuild(events, call.reads), Profiler("bench")
    with calm_gc():
        for index, body in enumerate(_bodies(rows)):
            page = Page(call, PageRequest(index, {}), body, 200)
            items = page.items  # decoded for the walk in any case
            began = time.process_time()
            profiler.page(items)
            looked = time.process_time()
            build.page(page, Context(NOW, window))
            drift_s += looked - began
            build_s += time.process_time() - looked
    connector.client.close()
    return build_s, drift_s


def _bodies(rows: int) -> Iterator[bytes]:
    held = BrevoSandbox(rows=rows, now=NOW, days=max(1, rows // 33_000)).truth("events")["rows"]
    for start in range(0, len(held), PAGE_ROWS):
        yield orjson.dumps({"events": held[start : start + PAGE_ROWS]})


if __name__ == "__main__":
    raise SystemExit(main())
