"""All that is known of one run afterwards: what the ledger, its plan, its files and its course tell."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tidegate.engine.course import Course, read_course
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.plan import Plan, TaskPlan
from tidegate.engine.replay import known_run
from tidegate.engine.report import RunReport
from tidegate.utils.home import Home
from tidegate.utils.mirrors.mounts import mirror_of

State = Literal["waits", "begun", "stood", "ran"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Slices:
    """Those of one task in the plan's order. `stood` were whole when the last attempt began, `ran` became so
    in it; `begun` have pages, but are not whole; `waits` have none.
    """

    task: str
    states: tuple[State, ...]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(self.states)
        return {state: found[state] for state in STATES}


@dataclass(frozen=True)
class Record:
    """`report` is None of a run that is at work or was killed, `course` of one that left none."""

    row: RunRow
    report: RunReport | None
    slices: tuple[Slices, ...]
    course: Course | None

    @classmethod
    def of(cls, home: Home, run_id: str) -> Record:
        """Raises `UsageError` for a run that the ledger does not know."""
        with Ledger(home) as ledger:
            row = known_run(ledger, run_id)
        folder = home.root / "runs" / run_id
        report = None if row.summary is None else RunReport.from_summary(row.summary)
        course = read_course(folder)
        began = course.attempts[-1][0] if course and course.attempts else row.started_at
        return cls(row, report, tuple(_slices(folder, report, began.timestamp())), course)

    def plain(self) -> dict[str, Any]:
        """One object for JSON: times ISO 8601 in UTC, durations in seconds."""
        row = self.row
        return {
            "run_id": row.run_id,
            "workflow": row.workflow,
            "destination": row.destination,
            "arguments": row.arguments,
            "started_at": row.started_at.isoformat(),
            "finished_at": row.finished_at and row.finished_at.isoformat(),
            "exit_code": row.exit_code,
            "summary": row.summary,
            "slices": {each.task: each.counts for each in self.slices},
            "course": self.course and self.course.plain(),
        }


def _slices(folder: Path, report: RunReport | None, began: float) -> list[Slices]:
    try:
        plan = Plan.load(folder / "plan.json")
    except DamagedStateError:  # a run of another version, or a damaged disk: the rest is told all the same
        plan = None
    if plan is None:
        return []
    done = {task.task for task in report.tasks if task.status == "loaded"} if report else set()
    named = [(f"{plan.workflow}.{each.task}", each) for each in plan.tasks]
    return [Slices(name, _states(each, folder, began, loaded=name in done)) for name, each in named]


def _states(plan: TaskPlan, folder: Path, began: float, *, loaded: bool) -> tuple[State, ...]:
    """One look at the folder, however many slices there are."""
    touched = _touched(folder / plan.task)

    def state(name: str) -> State:
        whole = touched.get(f"{name}.json")
        if whole is not None:
            return "stood" if whole < began else "ran"
        if loaded:
            return "ran"
        return "begun" if f"{name}.pages" in touched else "waits"

    return tuple(state(each.id) for each in plan.slices)


def _touched(folder: Path) -> dict[str, float]:
    """When each file of a task was written, in epoch seconds: here, or on another machine."""
    found = {
        each.path.relative_to(folder).parts[0]: each.written_s for each in mirror_of(folder).held(folder)
    }
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_mtime for entry in entries} | found
    except FileNotFoundError:  # nothing was fetched yet, or it was removed since
        return found
