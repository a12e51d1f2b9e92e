"""The plan of a run: its slices and its upper bound, frozen before the first request.

A run that is resumed reads its plan and never makes a new one, so it asks for what it set out to ask for.
The slices of a task that is split over the rows of another one are frozen in a stage of their own, in a file
beside the plan, when that other task has worked its slices (`stages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.base import CursorRow
from tidegate.engine import state_files
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.over import Each, Value, parents, restored, slice_id, stored
from tidegate.engine.tasks import Task
from tidegate.utils.errors import UsageError

PLAN = "plan.json"
WHOLE = "all"  # the id of the only slice of a task that is not split

Lists: TypeAlias = "tuple[tuple[Value, ...] | None, ...]"  # the values of each axis; None: not known yet


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


@dataclass(frozen=True, slots=True)
class Slice:
    """The unit of work, with a page log and a part of its own: one window (or the whole listing) of one
    value of each axis that the task is split over. `id` is a safe file name.
    """

    id: str
    start: datetime | None = None
    end: datetime | None = None
    cell: date | None = None
    values: tuple[Value, ...] = ()

    @property
    def window(self) -> Window | None:
        return None if self.start is None or self.end is None else Window(self.start, self.end)


@dataclass(frozen=True)
class TaskPlan:
    """What one task of a run does. `seen` and `stored` are the cursor row read when the run was planned.

    Slices go by windows, then by the values of the axes in the order of `over`. Where the plan `waits` for
    tasks whose rows it is split over, its slices are the windows only, and `lists` are the values that are
    known. `cells` are the windows that the commit replaces, those without a slice included. `everything`:
    a row that it does not bring is not there any more (windows begin somewhere, and never tell that).
    `cursors` are those of slices, read with the task's; `since_own`: each slice begins at its own.
    """

    task: str
    slices: tuple[Slice, ...]
    seen: int
    stored: datetime | None
    bound: datetime
    moves_cursor: bool = True
    warnings: tuple[str, ...] = ()
    cells: tuple[date, ...] = ()
    waits: tuple[str, ...] = ()
    lists: Lists = ()
    everything: bool = False
    cursors: Mapping[str, datetime] = field(default_factory=dict)
    since_own: bool = False

    def over(self, task: Task[Any, Any, Any], lists: Lists) -> TaskPlan:
        """The plan with a slice for each window and values of `lists`; it waits for those not known yet."""
        if not task.over:
            return self
        if None in lists:
            names = tuple(dict.fromkeys(parent.name for parent in parents(task.over)))
            return replace(self, waits=names, lists=lists)
        known = [values for values in lists if values is not None]
        slices = (
            Slice(slice_id(each.cell, task.over, values), each.start, each.end, each.cell, values)
            for each in self.slices
            for values in product(*known)
        )
        if task.cursor is not None and self.since_own:
            slices = (self._since_own(task.cursor, each) for each in slices)
        return replace(self, slices=tuple(slices), waits=(), lists=())

    def _since_own(self, how: Cursor, each: Slice) -> Slice:
        """The slice from where it has come itself."""
        start = how.since(self.cursors.get(each.id, self.stored))
        return replace(each, start=start if each.end is None else min(start, each.end))

    def freeze(self, path: Path) -> TaskPlan:
        """Save it as a stage of the run, and give what stands there: another process may have been first."""
        if state_files.save_once(path, _stored(self)):
            return self
        return TaskPlan.load(path) or self

    @classmethod
    def load(cls, path: Path) -> TaskPlan | None:
        """A stage of a plan, or None where it is not frozen yet."""
        return state_files.load(path, _task_plan)


@dataclass(frozen=True)
class Plan:
    """Everything that the steps of a run need to know of it, in its folder. `arguments` are what makes two
    commands the same one; `destination` is as it was typed, `invalid` what was chosen for broken rows.
    """

    run_id: str
    workflow: str
    arguments: dict[str, Any]
    destination: str
    until: datetime
    tasks: tuple[TaskPlan, ...]
    invalid: Invalid = field(default_factory=Invalid)

    def save(self, path: Path) -> None:
        tasks = [_stored(task) for task in self.tasks]
        until, invalid = self.until.isoformat(), asdict(self.invalid)
        state_files.save(path, {**vars(self), "until": until, "tasks": tasks, "invalid": invalid})

    @classmethod
    def load(cls, path: Path) -> Plan | None:
        """The frozen plan, with the stages that are frozen; None where this run has none yet."""

        def make(fields: dict[str, Any]) -> Plan:
            return cls(
                fields["run_id"],
                fields["workflow"],
                fields["arguments"],
                fields["destination"],
                _instant(fields["until"]),
                tuple(_task_plan(task) for task in fields["tasks"]),
                Invalid(fields["invalid"]["on_invalid"], Budget(**fields["invalid"]["budget"])),
            )

        plan = state_files.load(path, make)
        if plan is None:
            return None
        stages = (
            (TaskPlan.load(stage_file(path.parent, each.task)) if each.waits else None) or each
            for each in plan.tasks
        )
        return replace(plan, tasks=tuple(stages))


def load_plan(run: Path) -> Plan:
    """That of a run with this folder. Raises `DamagedStateError` where it is gone."""
    plan = Plan.load(run / PLAN)
    if plan is None:
        raise DamagedStateError(
            f"the plan of run {run.name} is gone, and its pages with it",
            hint="What was fetched can only be fetched again: tidegate run.",
        )
    return plan


def stage_file(run: Path, task: str) -> Path:
    return run / f"plan.{task}.json"


def plan_task(
    task: Task[Any, Any, Any], cursor: CursorRow, asked: Range, now: datetime, connector: object = None
) -> TaskPlan:
    """Freeze the slices of one task. `now` is the run's upper bound, the same for all its tasks; `connector`
    is for lists that are made now.
    """
    if task.windows is not None:
        plan = _plan_windows(task, task.windows, cursor, asked, now)
    elif task.cursor is not None:
        plan = _plan_since(task, task.cursor, cursor, asked, now)
    else:
        plan = _plan_whole(task, cursor, asked, now)
    lists, told = [], []
    for axis in task.over:
        values, twice = axis.listed(connector) if isinstance(axis, Each) else (None, "")
        lists.append(values)
        told += [f"the list {axis.name!r} has {twice} more than once: asked for once"] if twice else []
    return replace(plan, warnings=(*plan.warnings, *told)).over(task, tuple(lists))


def _plan_whole(task: Task[Any, Any, Any], cursor: CursorRow, asked: Range, now: datetime) -> TaskPlan:
    told = ("has no windows: --from and --until do not change what it asks for",) if asked.backfill else ()
    whole = (Slice(WHOLE),)
    return TaskPlan(
        task.name,
        whole,
        cursor.version,
        cursor.value,
        now,
        moves_cursor=False,
        warnings=told,
        everything=True,
    )


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
        Slice(cell.isoformat(), window.start, window.end, cell)
        for cell, window in zip(cells, map(windows.window, cells), strict=True)
    )
    # what nobody asked for must not be jumped over, nor come before the start
    reached = windows.midnight(windows.cell(windows.first_day(now))) if cursor.value is None else cursor.value
    end = windows.window(cells[-1]).end
    if windows.refetch == 0:  # nothing else would ask again for the window that holds the present
        end = min(end, windows.midnight(windows.cell(windows.day_of(now))))
    moves = windows.midnight(cells[0]) <= reached <= end
    return TaskPlan(task.name, slices, cursor.version, cursor.value, end, moves_cursor=moves, cells=cells)


def _plan_since(
    task: Task[Any, Any, Any], how: Cursor, cursor: CursorRow, asked: Range, now: datetime
) -> TaskPlan:
    stored = None if asked.full_refresh else cursor.value
    start = how.since(stored) if asked.first is None else Windows().midnight(asked.first)
    end = now if asked.last is None else min(now, Windows().midnight(asked.last + timedelta(days=1)))
    window = Slice(WHOLE, min(start, end), end)
    gap = is_gap(start, how, cursor.value)
    told = ("asks for all changes since --from: --until holds back the cursor only",) if asked.last else ()
    # where a clock was set back the table may hold rows that are not asked for
    known = all(each <= now for each in (cursor.value, *cursor.slices.values()) if each is not None)
    return TaskPlan(
        task.name, (window,), cursor.version, cursor.value, end, moves_cursor=not gap, warnings=told,
        everything=asked.full_refresh and not asked.backfill and known,
        cursors=cursor.slices, since_own=asked.first is None and not asked.full_refresh,
    )  # fmt: skip


def is_gap(start: datetime, how: Cursor, stored: datetime | None) -> bool:
    """Whether nobody has asked for what lies between how far it has come and where it starts now."""
    return start > (how.first() if stored is None else stored)


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(text)


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _stored(plan: TaskPlan) -> dict[str, Any]:
    """For JSON; `asdict` is slow for ten thousand slices."""
    slices = [
        {"id": each.id, "start": _iso(each.start), "end": _iso(each.end), "cell": _iso(each.cell),
         "values": stored(each.values)}
        for each in plan.slices
    ]  # fmt: skip
    return {
        **vars(plan),
        "slices": slices,
        "stored": _iso(plan.stored),
        "bound": _iso(plan.bound),
        "cells": [_iso(cell) for cell in plan.cells],
        "cursors": {name: _iso(value) for name, value in plan.cursors.items()},
        "lists": [None if values is None else stored(values) for values in plan.lists],
    }


def _task_plan(fields: dict[str, Any]) -> TaskPlan:
    slices = tuple(
        Slice(
            each["id"],
            each["start"] and _instant(each["start"]),
            each["end"] and _instant(each["end"]),
            each["cell"] and date.fromisoformat(each["cell"]),
            restored(each["values"]),
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
        tuple(map(date.fromisoformat, fields["cells"])),
        tuple(fields["waits"]),
        tuple(None if values is None else restored(values) for values in fields["lists"]),
        fields["everything"],
        {name: _instant(value) for name, value in fields["cursors"].items()},
        fields["since_own"],
    )
