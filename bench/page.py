"""`docs/performance.md`: the tables, a plot of each, and how it was measured. Written by the bench alone."""

from __future__ import annotations

from collections.abc import Sequence
from platform import machine, python_version, system

from bench.environments import ROOT
from bench.report import FLOOR, Bar, SceneFigures, lines

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"

HEAD = """# Performance

Written by `make bench ARGS=--page`; do not edit. {where}

The bar is not the other tools but the floor: what Pydantic's `validate_json` costs for the read contract
alone, over bytes in hand. tidegate does that, and fetches, logs every page, maps, checks the write contract
of every row, writes parts and commits them to DuckDB.

## How it is measured

- A stand-in Brevo on the same machine serves the rows; every way asks it for the same pages.
- Ways run one after the other, each as a fresh process in a fresh folder, in rounds, so that a slow moment
  of the machine hits all of them. Figures are medians, ratios are medians of each round's ratio.
- CPU is user and system time of the whole process, imports and start-up included; of the floor it is the
  validation alone, with the garbage collector as it comes.
- A way whose table has another number of rows than the sandbox fails the run; the tables of tidegate and of
  the usual way must agree in a checksum over the contract's columns.
- `the usual way`: fetch, `Read(**item)`, `Write(...)`, `model_dump`, pandas, one insert.
  `dlt, tuned`: pages, orjson, Parquet files, large buffers, the read model as `columns`.
  `dlt, as it comes`: its REST API source with the same model. Both check one contract.
  The tap of singer-sdk and `read` of airbyte-cdk check nothing and load nothing.
  `Arrow, no contract` is what is left where nobody checks.

What is not reached, and where the time goes: [the profile](why/2026-11-27-where-the-time-goes.md).
"""


def write_page(scenes: Sequence[SceneFigures], bars: Sequence[Bar]) -> None:
    PLOTS.mkdir(exist_ok=True)
    where = f"Python {python_version()} on {system()} {machine()}, a shared machine of two cores."
    parts = [HEAD.format(where=where)]
    for number, found in enumerate(scenes, 1):
        plot = PLOTS / f"scene-{number}.svg"
        plot.write_text(bar_plot(found), encoding="utf-8")
        parts.append(f"## {found.scene}\n\n{_table(found)}\n\n![CPU a row](performance/{plot.name})\n")
    parts.append("## Targets\n\n" + "\n".join(f"- {bar}" for bar in bars) + "\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _table(found: SceneFigures) -> str:
    heads, *rows = lines(found)
    rule = "| --- |" + " ---: |" * (len(heads) - 1)
    return "\n".join([_row(heads), rule, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def bar_plot(found: SceneFigures) -> str:
    """CPU a row of each way as a bar, the floor as a line through all of them."""
    ways = sorted(found.ways, key=lambda each: each.cpu_us)
    top = max(each.cpu_us for each in ways)
    scale, left, step = 420 / top, 190, 24
    height = step * len(ways) + 28
    bars = []
    for number, way in enumerate(ways):
        y, width = 22 + number * step, way.cpu_us * scale
        colour = "#2a6f97" if way.name.startswith("tidegate") else "#9aa5ad"
        bars.append(
            f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{way.name}</text>'
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="16" fill="{colour}"/>'
            f'<text x="{left + width + 6:.1f}" y="{y + 13}">{way.cpu_us:.1f}</text>'
        )
    floor = left + found.floor_us * scale
    line = (
        f'<path d="M{floor:.1f} 18V{height}" stroke="#c1121f" stroke-dasharray="3 2"/>'
        f'<text x="{floor + 4:.1f}" y="12" fill="#c1121f">{FLOOR}: {found.floor_us:.2f}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" font-family="sans-serif"'
        f' font-size="12" fill="#5a6570"><title>CPU us a row: {found.scene}</title>'
        f"{''.join(bars)}{line}</svg>\n"
    )
