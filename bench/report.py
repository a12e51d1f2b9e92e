"""The rounds as a table, and the bars that the figures must clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.measure import Cost
from bench.ways import Round

Rounds = Sequence[Round]

MIN_RATIO = 1.5
MAX_RSS_MB = 600
MAX_GROWTH = 0.15
HEADS = ("events", "way", "CPU us/row", "rows/s", "peak MB")


@dataclass(frozen=True, slots=True)
class Bar:
    """One claim: what was measured, and whether it holds."""

    holds: bool
    text: str

    def __str__(self) -> str:
        return f"{'PASS' if self.holds else 'FAIL'}  {self.text}"


def figures(rounds: Rounds) -> dict[str, Any]:
    """The median of every figure over the rounds of one size, for a table or a file."""
    rows = rounds[0].rows
    fetch_s = median(each.fetch_s for each in rounds)
    return {
        "rows": rows,
        "rounds": len(rounds),
        "tidegate": _way(rounds, lambda each: each.tidegate),
        "usual": _way(rounds, lambda each: each.usual),
        "floor": {"cpu_us_per_row": median(each.floor_cpu_s for each in rounds) / rows * 1e6},
        "fetch": {"rows_per_s": rows / fetch_s},
        "ratios": [each.ratio for each in rounds],
        "ratio": median(each.ratio for each in rounds),
    }


def _way(rounds: Rounds, of: Callable[[Round], Cost]) -> dict[str, float]:
    rows, costs = rounds[0].rows, [of(each) for each in rounds]
    return {
        "cpu_us_per_row": median(cost.cpu_s for cost in costs) / rows * 1e6,
        "rows_per_s": rows / median(cost.wall_s for cost in costs),
        "peak_mb": median(cost.peak_rss for cost in costs) / 1e6,
    }


def table(sizes: Sequence[Mapping[str, Any]]) -> str:
    lines = [HEADS]
    for size in sizes:
        rows = f"{size['rows']:,}"
        for key, name in (("tidegate", "tidegate"), ("usual", "the usual way")):
            way = size[key]
            cells = f"{way['cpu_us_per_row']:.1f}", f"{way['rows_per_s']:,.0f}", f"{way['peak_mb']:,.0f}"
            lines.append((rows, name, *cells))
        lines.append((rows, "validate_json alone", f"{size['floor']['cpu_us_per_row']:.1f}", "", ""))
        lines.append((rows, "fetching alone", "", f"{size['fetch']['rows_per_s']:,.0f}", ""))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The way to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if at == 1 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def bars(sizes: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """`sizes` from the smallest to the largest; the largest is what counts."""
    small, large = sizes[0], sizes[-1]
    peak, rows = large["tidegate"]["peak_mb"], f"{large['rows']:,}"
    found = [
        Bar(
            large["ratio"] >= MIN_RATIO,
            f"the usual way takes {large['ratio']:.2f} times the CPU of tidegate for {rows} events"
            f" ({min(large['ratios']):.2f} to {max(large['ratios']):.2f}); at least {MIN_RATIO}",
        ),
        Bar(peak < MAX_RSS_MB, f"tidegate's peak is {peak:.0f} MB for {rows} events; below {MAX_RSS_MB} MB"),
    ]
    if small is not large:
        growth = peak / small["tidegate"]["peak_mb"] - 1
        found.append(
            Bar(
                growth <= MAX_GROWTH,
                f"that is {growth:+.0%} against {small['rows']:,} events; at most {MAX_GROWTH:+.0%}",
            )
        )
    return found
