"""The frame of a page that needs nothing else, and the pieces that it is made of.

Whatever came from a vendor (names, errors, drift) is text on it, and never markup. Colours are classes, so
that the page follows the reader's choice of light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tidegate.app.text import printable

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --back: #fff; --ink: #1b1f24; --quiet: #5c666f; --line: #dde1e5; --panel: #f4f6f7;
  --good: #2a7f62; --before: #8fbcab; --none: #c3c9ce; --bad: #c04a22; --wait: #d9912f; --pages: #33658a }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #14171a; --ink: #e4e7ea; --quiet: #9aa4ad;
  --line: #343b42; --panel: #1f2429; --good: #4fb38f; --before: #2f6f5a; --none: #565e66; --bad: #e5734b;
  --wait: #e2ab57; --pages: #6ba3cc }} }}
body {{ font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 1000px; margin: 0 auto; padding: 1.5em 1em 4em }}
h1 {{ font-size: 1.5em; margin: 0 0 .3em; overflow-wrap: anywhere }}
h2 {{ font-size: 1.15em; margin: 2.2em 0 .4em; padding-bottom: .25em; border-bottom: 1px solid var(--line) }}
h3 {{ font-size: 1em; margin: 1.4em 0 .4em; overflow-wrap: anywhere }}
p {{ margin: .3em 0 }} .quiet {{ color: var(--quiet) }}
.tiles {{ display: flex; flex-wrap: wrap; gap: .6em; margin: 1em 0 }}
.tiles div {{ background: var(--panel); border-radius: 6px; padding: .5em .9em; min-width: 6em }}
.tiles b {{ display: block; font-size: 1.25em; font-variant-numeric: tabular-nums }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; margin: .5em 0 }}
th, td {{ text-align: left; padding: .3em 1.1em .3em 0; border-bottom: 1px solid var(--line);
  vertical-align: top }}
th {{ color: var(--quiet); font-weight: 500; white-space: nowrap }}
td {{ overflow-wrap: break-word; min-width: 3em }}
td:first-child {{ overflow-wrap: anywhere; min-width: 9em; max-width: 18em }}
td.n, th.n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }}
.plot {{ display: grid; grid-template-columns: 17em 1fr; gap: .1em 1em; align-items: center;
  margin: .35em 0 }}
.plot > div {{ overflow-wrap: anywhere }}
.plot small {{ color: var(--quiet); display: block; font-size: .86em }}
.ends {{ display: flex; justify-content: space-between; color: var(--quiet); font-size: .86em }}
svg {{ display: block; width: 100%; background: var(--panel); border-radius: 2px }}
.mark {{ stroke: var(--ink); stroke-dasharray: 3 3; vector-effect: non-scaling-stroke }}
.good {{ fill: var(--good); background: var(--good) }}
.before {{ fill: var(--before); background: var(--before) }}
.none {{ fill: var(--none); background: var(--none) }}
.bad {{ fill: var(--bad); background: var(--bad) }}
.wait {{ fill: var(--wait); background: var(--wait) }}
.pages {{ fill: var(--pages); background: var(--pages) }}
.key {{ display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em }}
.keys span {{ white-space: nowrap; margin-right: 1.2em }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border-radius: 6px;
  border-left: 4px solid var(--bad); padding: .7em .9em; font-size: .93em }}
.state {{ display: inline-block; color: var(--back); border-radius: 4px; padding: 0 .5em }}
li {{ overflow-wrap: anywhere }}
@media (max-width: 640px) {{ .plot {{ grid-template-columns: 1fr; margin: .7em 0 }} }}
</style></head><body>
"""


def page(title: str, parts: Iterable[str]) -> str:
    return "\n".join([_HEAD.format(title=text(title)), *parts, "</body></html>\n"])


def text(value: object) -> str:
    return escape(printable(str(value)), quote=True)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], right: int | None = None) -> str:
    """`right` is the first of the columns that hold numbers. A wide one is scrolled by itself."""

    def line(tag: str, cells: Sequence[Any]) -> str:
        kinds = [' class="n"' if right is not None and place >= right else "" for place in range(len(cells))]
        return "".join(f"<{tag}{kind}>{text(each)}</{tag}>" for kind, each in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{line("th", header)}</tr>{body}</table></div>'


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Figures that are seen at once; (figure, of what) each."""
    told = "".join(f"<div><b>{text(figure)}</b>{text(what)}</div>" for figure, what in figures)
    return f'<div class="tiles">{told}</div>'


def keys(colours: Mapping[str, str]) -> str:
    """What each colour means."""
    told = "".join(
        f'<span><i class="key {colour}"></i>{text(name)}</span>' for name, colour in colours.items()
    )
    return f'<p class="keys quiet">{told}</p>'


def plot(name: str, figures: str, drawn: str) -> str:
    """A plot beside its name and figures; below them on a narrow screen."""
    small = f"<small>{text(figures)}</small>" if figures else ""
    return f'<div class="plot"><div>{text(name)} {small}</div>{drawn}</div>'


def counted(count: int, one: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {one}s"
