"""What looking for drift costs beside the build of the same pages: `python -m bench.drift`.

Pages of events, built and looked at in turns; a long run is what counts, because its first rows are all
looked at. Exit code 1 where the share is over the bar.
"""

from __future__ import annotations

import argparse
import time

from bench.built import CONTEXT, bodies, events_call, page
from tidegate.engine.at_work import calm_gc
from tidegate.engine.build import InstancesBuild
from tidegate.engine.drift.profiler import Profiler
from tidegate.workflows.brevo.tasks import events

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
    call = events_call()
    build, profiler = InstancesBuild(events, call.reads), Profiler("bench")
    with calm_gc():
        for index, body in enumerate(bodies(rows)):
            made = page(call, index, body)
            items = made.items  # decoded for the walk in any case
            began = time.process_time()
            profiler.page(items)
            looked = time.process_time()
            build.page(made, CONTEXT)
            drift_s += looked - began
            build_s += time.process_time() - looked
    call.client.close()
    return build_s, drift_s


if __name__ == "__main__":
    raise SystemExit(main())
