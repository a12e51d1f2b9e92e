"""What a person sees while a run works: a bar a task, with rows, pages and what it waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidegate.engine.events import (
    Committing,
    PageBuilt,
    QuotaWait,
    RunEvent,
    RunListener,
    SliceDone,
    SliceStarted,
    TaskDone,
    TaskStarted,
    ignore,
)
from tidegate.http_tools.events import BreakerChanged

if TYPE_CHECKING:
    from rich.table import Table


@contextmanager
def progress_bars(wanted: bool | None) -> Iterator[RunListener]:
    """A listener that draws on standard error; one that ignores everything where nobody looks."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield ignore
        return
    from rich.console import Console
    from rich.live import Live

    board = Board()
    console = Console(stderr=True)
    with Live(board, console=console, refresh_per_second=8, transient=True):
        yield board.hear


@dataclass
class Line:
    """One task as it stands."""

    slices: int
    done: dict[str, bool] = field(default_factory=dict)  # whether it stood from before
    running: dict[str, None] = field(default_factory=dict)
    pages: int = 0
    rows: int = 0
    state: str = "fetching"
    until: float = 0.0
    ended: bool = False

    @property
    def standing(self) -> str:
        """Of several slices: how many stood from before, which run, and how many wait."""
        running = list(self.running)
        wait = self.slices - len(self.done) - len(running)
        if self.slices <= 1 or self.ended:
            return ""
        shown = running[0] + (f" to {running[-1]}" if running[1:] else "") if running else "none"
        return f"{sum(self.done.values()):,} stood, {shown} at work, {wait:,} wait"


class Board:
    """Draws the lines of all tasks. `hear` is called from the threads of the tasks."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def hear(self, event: RunEvent) -> None:
        if isinstance(event, BreakerChanged):  # of no task; those that wait for it say so
            return
        if isinstance(event, TaskStarted):
            self._lines.setdefault(event.task, Line(event.slices)).slices = event.slices
            return
        name = event.report.task if isinstance(event, TaskDone) else event.task
        line = self._lines.setdefault(name, Line(1))
        self._update(line, event)

    @staticmethod
    def _update(line: Line, event: RunEvent) -> None:
        match event:
            case PageBuilt():
                line.pages += 1
                line.rows += event.rows
                line.state = "reading its page log" if event.resumed else "fetching"
            case SliceStarted():
                line.running[event.slice] = None
            case SliceDone():
                line.running.pop(event.slice, None)
                line.done.setdefault(event.slice, event.stood)
            case QuotaWait():
                reason = "waiting for quota" if event.reason == "quota" else f"retrying after {event.reason}"
                line.state, line.until = reason, time.monotonic() + event.seconds
            case Committing():
                line.state = f"committing {event.rows:,} rows"
            case TaskDone():
                line.state, line.ended = event.report.status, True
            case _:
                pass

    def __rich__(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table as Grid

        grid = Grid.grid(padding=(0, 2))
        for name, line in list(self._lines.items()):
            total = max(line.slices, 1)
            bar = ProgressBar(total=total, completed=len(line.done), width=24)
            left = line.until - time.monotonic()
            wait = f", {_clock(left)} left" if left > 1 and not line.ended else ""
            grid.add_row(
                name,
                bar,
                f"{len(line.done):,}/{line.slices:,}",
                f"{line.pages:,} pages",
                f"{line.rows:,} rows",
                line.state + wait,
                line.standing,
            )
        return grid


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
