"""`python -m bench`: a table for each scene, then the bars; exit code 1 where one is missed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import report
from bench.contenders import Contender, taking_part
from bench.page import write_page
from bench.rounds import Round, run_round
from bench.sandbox import running
from bench.scenes import Scene

SCENES = [
    "events:200000",
    "events:1000000",
    "events:1000000:100",
    "events:1000000:0:Parquet",
    "campaigns:50000",
]
NOTES = """
Medians over the rounds. Each way is a fresh process in a fresh folder; CPU is that of the whole process, user
and system, start-up included. The tables agree in row count, those of tidegate and of the usual way in their
checksum too. tidegate also keeps every page in its log and every part on disk.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--scenes", nargs="+", default=SCENES, metavar="LISTING:ROWS[:MS[:INTO]]")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way runs, in turns")
    parser.add_argument("--no-peers", action="store_true", help="neither dlt nor the other tools")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures as JSON, too")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md and its plots")
    options = parser.parse_args()
    found = []
    for scene in map(Scene.typed, options.scenes):
        contenders = taking_part(scene, others=not options.no_peers)
        found.append(report.figures(scene, _rounds(scene, options.rounds, contenders)))
        print(report.table(found[-1]), end="\n\n", flush=True)
    bars = report.bars(found)
    print(NOTES, *bars, sep="\n")
    if options.json:
        options.json.write_text(json.dumps([each.plain() for each in found], indent=1) + "\n", "utf-8")
    if options.page:
        write_page(found, bars)
    return 0 if all(bar.holds for bar in bars) else 1


def _rounds(scene: Scene, count: int, contenders: Sequence[Contender]) -> list[Round]:
    rounds: list[Round] = []
    with running(scene) as sandbox:
        for number in range(count):
            print(f"{scene}, round {number + 1} of {count} ...", file=sys.stderr, flush=True)
            rounds.append(run_round(sandbox, scene, contenders))
    return rounds


if __name__ == "__main__":
    raise SystemExit(main())
