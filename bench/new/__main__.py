"""`python -m bench.new`: a table, what was missed and why, the bars; exit code 1 where one is missed."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console

from bench.new import report
from bench.new.labels import sources
from bench.new.measuring import measured


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.new", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures, misses and bars as JSON instead")
    parser.add_argument("--markdown", action="store_true", help="the table of docs/connectors/measured.md")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the project there, and leave it")
    options = parser.parse_args()
    labelled = sources()
    if options.keep:
        found = measured(labelled, options.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = measured(labelled, Path(folder) / "project")
    bars = report.bars(found)
    if options.json:
        print(json.dumps(report.plain(found), indent=1))
    elif options.markdown:
        print(*report.markdown(found), sep="\n")
    else:
        console = Console(width=None if Console().is_terminal else 120)
        console.print(report.table(found))
        print(*report.misses(found), "", *bars, sep="\n")
    return 0 if all(bar.holds for bar in bars) else 1


if __name__ == "__main__":
    raise SystemExit(main())
