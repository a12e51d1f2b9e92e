"""`python -m bench`: figures, then the bars that they must clear; exit code 1 where one is missed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import report
from bench.sandbox import running
from bench.ways import Round, run_round

SIZES = [200_000, 1_000_000]
NOTES = """
Medians over the rounds ({rounds}). Each way is a fresh process into a fresh DuckDB file. CPU is that of the
whole process, user and system, start-up included. The tables agree in row count and checksum. tidegate also
keeps every page in its log and every part on disk. Days are equally full at every size. Fetching alone is one
plain client, page after page: what the sandbox can give.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="events to load, a size or more")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way runs, in turns")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures as JSON, too")
    options = parser.parse_args()
    sizes = [report.figures(_rounds(rows, options.rounds)) for rows in sorted(set(options.rows))]
    bars = report.bars(sizes)
    print(report.table(sizes), NOTES.format(rounds=options.rounds), *bars, sep="\n")
    if options.json:
        options.json.write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    return 0 if all(bar.holds for bar in bars) else 1


def _rounds(rows: int, count: int) -> list[Round]:
    rounds: list[Round] = []
    with running(rows) as sandbox:
        for number in range(count):
            print(f"{rows:,} events, round {number + 1} of {count} ...", file=sys.stderr, flush=True)
            rounds.append(run_round(sandbox))
    return rounds


if __name__ == "__main__":
    raise SystemExit(main())
