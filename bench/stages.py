"""What each stage of the builds costs, on one page of events, in turns: `python -m bench.stages`.

CPU microseconds a row, and how many times the floor (`validate_json` of the read contract): of the best
rounds, which are the least disturbed. `--profile` shows where the columnar build spends it.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Mapping

import orjson
from pydantic import TypeAdapter

from bench.built import CONTEXT, PAGE_ROWS, bodies, events_call, page
from tidegate.connectors.brevo.schemas import ApiEvent
from tidegate.engine.at_work import calm_gc
from tidegate.engine.build import InstancesBuild
from tidegate.engine.builds import build_for, chosen
from tidegate.engine.columnar.mapping import Mapped
from tidegate.engine.making import Making
from tidegate.workflows.brevo.tasks import events

Ways = Mapping[str, Callable[[], object]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    stages = _stages()
    with calm_gc():
        best = _best(stages, options.rounds)
    for name, spent in best.items():
        per_row = spent / PAGE_ROWS * 1e6
        print(f"{name:<34} {per_row:6.2f} us a row {spent / best['floor']:6.2f} floors")
    if options.profile:
        with cProfile.Profile() as profile:
            stages["columnar, whole"]()
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)
    return 0


def _stages() -> Ways:
    call, body = events_call(), next(bodies(PAGE_ROWS))
    held = page(call, 0, body)
    proven, why = chosen(events, ApiEvent)
    if proven is None:
        raise RuntimeError(why)
    instances, columnar = InstancesBuild(events, ApiEvent), build_for(events, ApiEvent)
    encoder, facts, rows = instances.encoder, proven.map.facts(CONTEXT), held.items
    columns, reading = proven.reads.read(body, rows), held.read()
    adapter = TypeAdapter(dict[str, list[ApiEvent]])

    def mapped() -> Mapped:
        return Mapped(proven.map, facts, columns, len(rows))

    return {
        "floor": lambda: adapter.validate_json(body),
        "orjson": lambda: orjson.loads(body),
        "columnar: read": lambda: proven.reads.read(body, rows),
        "columnar: map": lambda: [mapped().column(name) for name in proven.map.sources],
        "columnar: map, write, Arrow": lambda: proven.writes.batch(mapped(), encoder),
        "columnar, whole": lambda: columnar.page(page(call, 0, body), CONTEXT),
        "instances: read": held.read,
        "instances: map, write, Arrow": Making(events.transform, encoder, held, reading, CONTEXT).batch,
        "instances, whole": lambda: instances.page(page(call, 0, body), CONTEXT),
    }


def _best(stages: Ways, rounds: int) -> dict[str, float]:
    """CPU seconds of the best round of each, in turns."""
    best = dict.fromkeys(stages, float("inf"))
    for _ in range(rounds):
        for name, stage in stages.items():
            began = time.process_time()
            made = stage()
            del made
            best[name] = min(best[name], time.process_time() - began)
    return best


if __name__ == "__main__":
    raise SystemExit(main())
