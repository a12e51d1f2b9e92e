"""What each build costs against the floor, on the same pages in turns: `python -m bench.stages`.

CPU microseconds a row of the build alone (pages in memory, no page log, no part): the floor is
`validate_json` of the read contract. `--profile` shows where the columnar build spends it.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

import orjson
from pydantic import SecretStr, TypeAdapter

from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.schemas import ApiEvent
from tidegate.contracts.windows import Window
from tidegate.engine.at_work import calm_gc
from tidegate.engine.build import Build
from tidegate.engine.builds import build_for
from tidegate.engine.context import Context
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.calls import Page
from tidegate.http_tools.pagination import PageRequest
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.utils.project import BUILDS
from tidegate.workflows.brevo.tasks import events

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAGE_ROWS = 2500


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    held = BrevoSandbox(rows=options.rows, now=NOW, days=max(1, options.rows // 33_000)).truth("events")[
        "rows"
    ]
    bodies = [orjson.dumps({"events": held[at : at + PAGE_ROWS]}) for at in range(0, len(held), PAGE_ROWS)]
    settings = BrevoSettings(api_key=SecretStr("bench"), base_url="http://127.0.0.1:1/v3", _env_file=None)
    connector = BrevoFactory.create_connector(settings)
    call = events.call(connector, Window(NOW, NOW))
    adapter = TypeAdapter(dict[str, list[ApiEvent]])
    ways: dict[str, Callable[[int, bytes], Any]] = {
        "floor": lambda _, body: adapter.validate_json(body),
        "orjson": lambda index, body: Page(call, PageRequest(index, {}), body, 200).items,
    }
    for wanted in BUILDS[1:]:
        build = build_for(events, call.reads, wanted)
        ways[wanted] = lambda index, body, build=build: build.page(  # type: ignore[misc]
            Page(call, PageRequest(index, {}), body, 200), Context(NOW)
        )
    with calm_gc():
        rounds = [_round(ways, bodies) for _ in range(options.rounds)]
    per_row = 1e6 / len(held)
    for name in ways:
        found = [each[name] for each in rounds]
        ratio = median(each[name] / each["floor"] for each in rounds)
        print(f"{name:<10} {min(found) * per_row:6.2f} us a row at best, {ratio:.2f} times the floor")
    if options.profile:
        _profile(build_for(events, call.reads), call, bodies)
    connector.client.close()
    return 0


def _round(ways: dict[str, Callable[[int, bytes], Any]], bodies: list[bytes]) -> dict[str, float]:
    """CPU seconds of each way, page by page in turns."""
    spent = dict.fromkeys(ways, 0.0)
    for index, body in enumerate(bodies):
        for name, way in ways.items():
            began = time.process_time()
            made = way(index, body)
            del made
            spent[name] += time.process_time() - began
    return spent


def _profile(build: Build, call: Any, bodies: list[bytes]) -> None:
    with cProfile.Profile() as profile:
        for index, body in enumerate(bodies):
            build.page(Page(call, PageRequest(index, {}), body, 200), Context(NOW))
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    raise SystemExit(main())
