"""Small plots as inline SVG: nothing in them is loaded from elsewhere. Colours are the page's classes; a
label is read out to who cannot see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tidegate.app.text import printable

WIDTH, HEIGHT = 720, 40
_CELLS, _CELL = 720, 12  # of a strip: as many as are told apart, and their height


def columns(
    values: Mapping[int, float], count: int, colour: str, marks: Iterable[float] = (), label: str = ""
) -> str:
    """A column for each of `count` places, by its number; the highest takes all the height. `marks` are
    vertical lines, each at a share of the width.
    """
    top = max(values.values(), default=0.0)
    step = WIDTH / max(count, 1)
    path = "".join(
        f"M{number * step:.2f} {HEIGHT}v-{value / top * HEIGHT:.2f}h{step:.2f}V{HEIGHT}z"
        for number, value in sorted(values.items())
        if top > 0 and value > 0 and 0 <= number < count
    )
    return _svg(HEIGHT, f'<path d="{path}" class="{colour}"/>{_lines(marks, HEIGHT)}', label)


def shares(parts: Sequence[tuple[float, str]], label: str = "") -> str:
    """One bar, its pieces by size; (size, colour) each."""
    total, at, pieces = sum(size for size, _ in parts), 0.0, []
    for size, colour in parts:
        if size > 0:
            width = size / total * WIDTH
            pieces.append(f'<rect x="{at:.2f}" width="{width:.2f}" height="{_CELL}" class="{colour}"/>')
            at += width
    return _svg(_CELL, "".join(pieces), label)


def strip(ranks: Sequence[int], colours: Sequence[str], marks: Iterable[float] = (), label: str = "") -> str:
    """A cell for each rank, in its colour; where there are too many cells, the lowest of neighbours."""
    size = -(-len(ranks) // _CELLS) or 1
    lowest = [min(ranks[at : at + size]) for at in range(0, len(ranks), size)]
    width = WIDTH / max(len(lowest), 1)
    pieces = []
    for rank, colour in enumerate(colours):
        path = "".join(
            f"M{begin * width:.2f} 0h{length * width:.2f}v{_CELL}h-{length * width:.2f}z"
            for begin, length in _stretches(lowest, rank)
        )
        pieces += [f'<path d="{path}" class="{colour}"/>'] if path else []
    return _svg(_CELL, "".join(pieces) + _lines(marks, _CELL), label)


def _stretches(ranks: Sequence[int], wanted: int) -> Iterable[tuple[int, int]]:
    """Where the rank stands and how often in a row: neighbours are drawn as one, without a seam."""
    begin = None
    for number, rank in enumerate((*ranks, None)):
        if rank == wanted and begin is None:
            begin = number
        elif rank != wanted and begin is not None:
            yield begin, number - begin
            begin = None


def _lines(marks: Iterable[float], height: int) -> str:
    return "".join(f'<path d="M{share * WIDTH:.2f} 0v{height}" class="mark"/>' for share in marks)


def _svg(height: int, content: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" height="{height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(printable(label), quote=True)}">{content}</svg>'
    )
