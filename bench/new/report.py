"""The figures as a table, the bars that they must clear, and JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from bench.new.measuring import Figures

PAGING_BAR = 0.95
_COLUMNS: dict[str, Callable[[Sequence[Figures]], str]] = {
    "GET": lambda several: str(sum(each.endpoints for each in several)),
    "lists found": lambda several: _of(sum(e.found for e in several), sum(e.lists for e in several)),
    "code passes": lambda several: _of(sum(e.coded for e in several), sum(e.found for e in several)),
    "examples": lambda several: _of(sum(e.accepted for e in several), sum(e.examples for e in several)),
    "paging, of paged": lambda several: _of(
        sum(e.paged_right for e in several), sum(e.paged for e in several)
    ),
    "of all lists": lambda several: _of(sum(e.paging for e in several), sum(e.lists for e in several)),
    "largest page": lambda several: _of(sum(e.maxima_right for e in several), sum(e.maxima for e in several)),
}


@dataclass(frozen=True, slots=True)
class Bar:
    what: str
    reached: float
    wanted: float

    @property
    def holds(self) -> bool:
        return self.reached >= self.wanted

    def __str__(self) -> str:
        told = "reached" if self.holds else "MISSED"
        return f"{told}: {self.what}: {self.reached:.1%}, at least {self.wanted:.0%} is wanted"


def table(found: Sequence[Figures]) -> Table:
    made = Table(title="tidegate new, measured against labels made by hand")
    made.add_column("file", no_wrap=True)
    for head in _COLUMNS:
        made.add_column(head, justify="right")
    for figures in found:
        made.add_row(figures.file, *_cells([figures]))
    made.add_section()
    for name, several in _groups(found).items():
        made.add_row(name, *_cells(several), style="bold")
    return made


def markdown(found: Sequence[Figures]) -> list[str]:
    """The same table for a page."""
    heads = ["file", *_COLUMNS]
    rows = [[f"`{figures.file}`", *_cells([figures])] for figures in found]
    rows += [[f"**{name}**", *_cells(several)] for name, several in _groups(found).items()]
    rule = f"| --- |{' ---: |' * len(_COLUMNS)}"
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    return [lines[0], rule, *lines[1:]]


def bars(found: Sequence[Figures]) -> list[Bar]:
    """For the vendors' files and for all of them: one group must not hide the other."""
    return [bar for name, several in _groups(found).items() if several for bar in _bars(name, several)]


def misses(found: Sequence[Figures]) -> list[str]:
    return [f"{m.what:8} {m.file} {m.path}: {m.why}" for each in found for m in each.misses]


def plain(found: Sequence[Figures]) -> dict[str, object]:
    return {
        "files": [asdict(each) for each in found],
        "bars": [{**asdict(bar), "holds": bar.holds} for bar in bars(found)],
    }


def _groups(found: Sequence[Figures]) -> dict[str, Sequence[Figures]]:
    return {
        "vendors' files": [each for each in found if not each.is_own],
        "invented files": [each for each in found if each.is_own],
        "all": found,
    }


def _bars(name: str, several: Sequence[Figures]) -> list[Bar]:
    coded, lists = sum(each.coded for each in several), sum(each.found for each in several)
    right, paged = sum(each.paged_right for each in several), sum(each.paged for each in several)
    return [
        Bar(f"{name}: code passes the check of its project", coded / max(lists, 1), 1.0),
        Bar(f"{name}: paging told right, of the paged lists", right / max(paged, 1), PAGING_BAR),
    ]


def _cells(several: Sequence[Figures]) -> list[str]:
    return [cell(several) for cell in _COLUMNS.values()]


def _of(some: int, all_of_them: int) -> str:
    return f"{some} of {all_of_them}"
