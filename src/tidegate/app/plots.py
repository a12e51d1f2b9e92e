"""Small plots as inline SVG: nothing in them is loaded from elsewhere. Labels are the caller's to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

WIDTH, HEIGHT = 720, 60
_CELLS, _CELL = 720, 12  # of a strip: as many as are told apart, and their height


def columns(values: Mapping[int, float], count: int, colour: str, marks: Iterable[float] = ()) -> str:
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
    lines = "".join(f'<path d="M{share * WIDTH:.2f} 0v{HEIGHT}" class="mark"/>' for share in marks)
    return _svg(HEIGHT, f'<path d="{path}" fill="{colour}"/>{lines}')


def shares(parts: Sequence[tuple[float, str]]) -> str:
    """One bar, its pieces by size; (size, colour) each."""
    total, at, pieces = sum(size for size, _ in parts), 0.0, []
    for size, colour in parts:
        if size > 0:
            width = size / total * WIDTH
            pieces.append(f'<rect x="{at:.2f}" width="{width:.2f}" height="{_CELL}" fill="{colour}"/>')
            at += width
    return _svg(_CELL, "".join(pieces))


def strip(ranks: Sequence[int], colours: Sequence[str]) -> str:
    """A cell for each rank, in its colour; where there are too many cells, the lowest of neighbours."""
    size = -(-len(ranks) // _CELLS) or 1
    lowest = [min(ranks[at : at + size]) for at in range(0, len(ranks), size)]
    width = WIDTH / max(len(lowest), 1)
    pieces = []
    for rank, colour in enumerate(colours):
        places = [number * width for number, each in enumerate(lowest) if each == rank]
        path = "".join(f"M{at:.2f} 0h{width:.2f}v{_CELL}h-{width:.2f}z" for at in places)
        pieces += [f'<path d="{path}" fill="{colour}"/>'] if path else []
    return _svg(_CELL, "".join(pieces))


def _svg(height: int, content: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' preserveAspectRatio="none" role="img">{content}</svg>'
    )
