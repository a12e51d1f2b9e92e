"""What a run tells while it works: one frozen value each, given to a listener on a thread of the task.

Of one task one after the other; those of several tasks may come at the same time. `BreakerChanged` is of no
task: a breaker guards an endpoint for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tidegate.engine.report import TaskReport
from tidegate.http_tools.events import BreakerChanged
from tidegate.utils.errors import TidegateError


@dataclass(frozen=True, slots=True)
class TaskStarted:
    task: str
    slices: int


@dataclass(frozen=True, slots=True)
class PageBuilt:
    """`page` is its position in the slice, from 0; `resumed` means that it stood in the page log."""

    task: str
    page: int
    rows: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class QuotaWait:
    """The task waits this many seconds for the vendor's quota, or for a retry."""

    task: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class SliceStarted:
    """Told again where it is run again."""

    task: str
    slice: str


@dataclass(frozen=True, slots=True)
class SliceDone:
    """`stood`: it was whole before, and nothing was fetched or built."""

    task: str
    slice: str
    stood: bool = False


@dataclass(frozen=True, slots=True)
class Committing:
    task: str
    rows: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    """`error` is what the task ended with where it failed."""

    report: TaskReport
    error: TidegateError | None = None


RunEvent: TypeAlias = (
    TaskStarted | PageBuilt | QuotaWait | SliceStarted | SliceDone | Committing | TaskDone | BreakerChanged
)
RunListener: TypeAlias = Callable[[RunEvent], None]


def ignore(event: RunEvent) -> None:
    """The listener of who does not listen."""
