"""The plan of a run: its slices and its upper bound, frozen before the first request.

A run that is resumed reads its plan and never makes a new one, so it asks for what it set out to ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.base import CursorRow
from tidegate.engine import state_files
from tidegate.engine.tasks import Task
from tidegate.utils.errors import UsageError

WHOLE = "all"  # the id of the only slice of a task without windows


@dataclass(frozen=True)
class Range:
    """The days asked for with --from and --until, both inclusive; None leaves that end to the task."""

    first: date | None = None
    last: date | None = None
    full_refresh: bool = False

    def check(self, today: date) -> None:
        """Raise `UsageError` for days the wrong way round or after `today`, wherever that is furthest on."""
        if self.first and self.last and self.first > self.last:
            raise UsageError(f"--from {self.first} is after --until {self.last}", hint="Swap the two days.")
        for option, day in (("--from", self.first), ("--until", self.last)):
            if day and day > today:
                raise UsageError(f"{option} {day} lies in the future", hint=f"Today is {today}.")
        if self.full_refresh and self.first:
            raise UsageError("--full-refresh begins at the task's start: it does not go with --from")

    @property
    def backfill(self) -> bool:
        return self.first is not None or self.last is not None


@dataclass(frozen=True)
class Slice:
    """The unit of work: one window (or the whole listing), with a page log and a part of its own."""

    id: str
    start: datetime | None = None
    end: datetime | None = None
    cell: date | None = None

    @property
    def window(self) -> Window | None:
        return None if self.start is None or self.end is None else Window(self.start, self.end)


@dataclass(frozen=True)
class TaskPlan:
    """What one task of a run does. `seen` and `stored` are the cursor row read when the run was planned."""

    task: str
    slices: tuple[Slice, ...]
    seen: int
    stored: datetime | None
    bound: datetime
    moves_cursor: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    run_id: str
    workflow: str
    arguments: dict[str, Any]
    until: datetime
    tasks: tuple[TaskPlan, ...]

    def save(self, path: Path) -> None:
        state_files.save(path, asdict(self), state_files.iso)

    @classmethod
    def load(cls, path: Path) -> Plan | None:
        """The frozen plan, or None where this run has none yet."""

        def make(fields: dict[str, Any]) -> Plan:
            tasks = tuple(_task_plan(task) for task in fields["tasks"])
            until = _instant(fields["until"])
            return cls(fields["run_id"], fields["workflow"], fields["arguments"], until, tasks)

        return state_files.load(path, make)


def plan_task(task: Task[Any, Any, Any], cursor: CursorRow, asked: Range, now: datetime) -> TaskPlan:
    """Freeze the slices of one task. `now` is the run's upper bound, the same for all its tasks."""
    if task.windows is not None:
        return _plan_windows(task, task.windows, cursor, asked, now)
    if task.cursor is not None:
        return _plan_since(task, task.cursor, cursor, asked, now)
    told = ("has no windows: --from and --until do not change what it asks for",) if asked.backfill else ()
    whole = (Slice(WHOLE),)
    return TaskPlan(task.name, whole, cursor.version, cursor.value, now, moves_cursor=False, warnings=told)


def _plan_windows(
    task: Task[Any, Any, Any], windows: Windows, cursor: CursorRow, asked: Range, now: datetime
) -> TaskPlan:
    stored = None if asked.full_refresh else cursor.value
    if asked.first is not None:
        first = asked.first
    elif stored is None:
        first = windows.first_day(now)
    else:
        first = windows.day_of(stored) - timedelta(days=windows.days * windows.refetch)
    last = min(asked.last or windows.day_of(now), windows.day_of(now))
    cells = tuple(windows.cells(min(first, last), last))
    slices = tuple(
        Slice(cell.isoformat(), windows.window(cell).start, windows.window(cell).end, cell) for cell in cells
    )
    # a backfill must not jump the cursor over days that nobody asked for
    reached = windows.midnight(windows.first_day(now)) if cursor.value is None else cursor.value
    gap = asked.backfill and windows.midnight(cells[0]) > reached
    end = windows.window(cells[-1]).end
    return TaskPlan(task.name, slices, cursor.version, cursor.value, end, moves_cursor=not gap)


def _plan_since(
    task: Task[Any, Any, Any], how: Cursor, cursor: CursorRow, asked: Range, now: datetime
) -> TaskPlan:
    stored = None if asked.full_refresh else cursor.value
    start = how.since(stored) if asked.first is None else Windows().midnight(asked.first)
    end = now if asked.last is None else min(now, Windows().midnight(asked.last + timedelta(days=1)))
    window = Slice(WHOLE, min(start, end), end)
    gap = start > (how.first() if cursor.value is None else cursor.value)
    told = ("asks for all changes since --from: --until holds back the cursor only",) if asked.last else ()
    return TaskPlan(
        task.name, (window,), cursor.version, cursor.value, end, moves_cursor=not gap, warnings=told
    )


def next_cursor(plan: TaskPlan, task: Task[Any, Any, Any], highs: Sequence[datetime]) -> datetime | None:
    """The value to store with the commit: never back, never forward over a gap; None leaves it."""
    if not plan.moves_cursor:
        return None
    if task.windows is not None:
        reached = plan.bound
    elif highs:
        reached = min(plan.bound, max(highs))
    else:
        return None
    reached = reached.astimezone(UTC)
    return None if plan.stored is not None and reached <= plan.stored else reached


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(text)


def _task_plan(fields: dict[str, Any]) -> TaskPlan:
    slices = tuple(
        Slice(
            each["id"],
            each["start"] and _instant(each["start"]),
            each["end"] and _instant(each["end"]),
            each["cell"] and date.fromisoformat(each["cell"]),
        )
        for each in fields["slices"]
    )
    return TaskPlan(
        fields["task"],
        slices,
        fields["seen"],
        fields["stored"] and _instant(fields["stored"]),
        _instant(fields["bound"]),
        fields["moves_cursor"],
        tuple(fields["warnings"]),
    )
