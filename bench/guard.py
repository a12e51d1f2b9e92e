"""`python -m bench.guard`: what each build costs against the floor, held against the best figure kept so far.

Small data and one process: pages in hand, the floor and every build in turns, page by page, so that a slow
moment of the machine hits all of them. Exit code 1 where a build costs over 15 % more floors than its best;
`--keep` writes a better figure down.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

from pydantic import TypeAdapter

from bench.built import CONTEXT, bodies, events_call, page
from tidegate.connectors.brevo.schemas import ApiEvent
from tidegate.engine.at_work import calm_gc
from tidegate.engine.builds import build_for
from tidegate.utils.project import Build
from tidegate.workflows.brevo.tasks import events

BEST = Path(__file__).with_name("best.json")
MOST = 1.15
BUILDS: tuple[Build, ...] = ("columnar", "instances")
_HEAD = b'{"events":'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="write figures down that are better")
    options = parser.parse_args()
    found = floors(options.rows, options.rounds)
    best: dict[str, float] = json.loads(BEST.read_text("utf-8")) if BEST.is_file() else {}
    for name, figure in found.items():
        kept = best.get(name, figure)
        verdict = "PASS" if figure <= kept * MOST else "FAIL"
        print(f"{verdict}  {name}: {figure:.2f} floors; best so far {kept:.2f}, at most {kept * MOST:.2f}")
    if options.keep:
        better = {name: round(min(figure, best.get(name, figure)), 3) for name, figure in found.items()}
        BEST.write_text(json.dumps(better, indent=1) + "\n", "utf-8")
    elif not best:
        print(f"FAIL  {BEST.name} is missing: `python -m bench.guard --keep` makes it")
        return 1
    return 0 if all(figure <= best.get(name, figure) * MOST for name, figure in found.items()) else 1


def floors(rows: int, rounds: int) -> Mapping[str, float]:
    """Of each build, its CPU over that of `validate_json` for the same page: the median over all pages of the
    best round of each.
    """
    call, held = events_call(), list(bodies(rows))
    adapter = TypeAdapter(list[ApiEvent])
    builds = {name: build_for(events, call.reads, name) for name in BUILDS}
    best: dict[str, list[float]] = {name: [float("inf")] * len(held) for name in ("floor", *BUILDS)}
    with calm_gc():
        for _ in range(rounds):
            for index, body in enumerate(held):
                array = body.removeprefix(_HEAD).removesuffix(b"}")
                _note(best["floor"], index, partial(adapter.validate_json, array))
                for name, build in builds.items():
                    made = page(call, index, body)
                    _note(best[name], index, partial(build.page, made, CONTEXT))
    call.client.close()
    return {
        name: median(ours / floor for ours, floor in zip(best[name], best["floor"], strict=True))
        for name in BUILDS
    }


def _note(best: list[float], index: int, work: Callable[[], object]) -> None:
    began = time.process_time()
    work()
    best[index] = min(best[index], time.process_time() - began)


if __name__ == "__main__":
    raise SystemExit(main())
