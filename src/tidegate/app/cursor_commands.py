"""`cursor show`, `set` and `reset`: how far a task has come at a destination, and moving that by hand."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.registry import find_task
from tidegate.app.text import moment
from tidegate.contracts.windows import Windows
from tidegate.destinations.base import CursorRow, Destination
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import task_lock
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import did_you_mean
from tidegate.utils.errors import UsageError
from tidegate.utils.project import Project

_OWNER = "tidegate-cursor"  # in the place of a run id, where a run asks who holds its task


@dataclass(frozen=True)
class _Place:
    """One task at one destination."""

    project: Project
    name: str
    task: Task[Any, Any, Any]
    destination: Destination

    @classmethod
    def find(cls, name: str, to: str | None) -> _Place:
        project = Project.find(Path.cwd())
        workflow, task = find_task(project, name)
        made = workflow.task(task)
        if made.windows is None and made.cursor is None:
            raise UsageError(
                f"{name} has no cursor: it declares neither cursor= nor windows=",
                hint="Every run of it asks for everything.",
            )
        return cls(project, name, made, destination_of(project, to))

    def move(self, value: datetime | None, slice_id: str | None) -> tuple[CursorRow, CursorRow]:
        """The rows before and after. Raises `LockHeldError` while a run has the task in hand here,
        `CommitLostError` where one elsewhere commits at this moment, `UsageError` for a slice without cursor.
        """
        home = self.project.home(os.environ)
        with Ledger(home) as ledger:
            lock = task_lock(home, ledger, self.name, self.destination, _OWNER)
            try:
                before = self.destination.cursor(self.name)
                self._check(slice_id, before)
                after = self.destination.set_cursor(self.name, value, seen=before.version, slice_id=slice_id)
                return before, after
            finally:
                lock.release()

    def _check(self, slice_id: str | None, row: CursorRow) -> None:
        if slice_id is not None and slice_id not in row.slices:
            raise UsageError(
                f"{self.name} has no cursor of a slice {slice_id!r}{did_you_mean(slice_id, row.slices)}",
                hint=f"tidegate cursor show {self.name} lists those that there are.",
            )

    def shown(self, row: CursorRow) -> str:
        """The task's cursor, and a line for each slice that has one of its own."""
        lines = [self._shown(row), *(f"{moment(value)}  {name}" for name, value in row.slices.items())]
        return "\n          ".join(lines)

    def _shown(self, row: CursorRow) -> str:
        if self.task.windows is not None and row.value is not None:
            return f"{self.task.windows.day_of(row.value)}: the windows before that day are done"
        if row.value is None and not row.slices:
            return "none: the next run begins at the task's start"
        slices = "other slices: " if row.slices else ""
        return slices + ("none: they begin at the task's start" if row.value is None else moment(row.value))

    def plain(self, row: CursorRow) -> dict[str, Any]:
        told: dict[str, Any] = {"version": row.version, "value": row.value and _utc(row.value)}
        if self.task.cursor is not None and self.task.over:
            told["slices"] = {name: _utc(value) for name, value in row.slices.items()}
        return told


def show_command(name: str, to: str | None, *, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        place = _Place.find(name, to)
        row = place.destination.cursor(name)
        if as_json:
            _write_json(place, place.plain(row))
        else:
            sys.stdout.write(f"{name} in {place.destination.name}: {place.shown(row)}\n")


def set_command(
    name: str, text: str, to: str | None, *, slice_id: str | None, as_json: bool, debug: bool
) -> None:
    """Raises `UsageError` for what is no value of this task's cursor, before anything is opened."""

    def value(task: Task[Any, Any, Any]) -> datetime:
        return _value(task, text, datetime.now(UTC))

    _move(name, to, value, slice_id=slice_id, as_json=as_json, debug=debug)


def reset_command(name: str, to: str | None, *, slice_id: str | None, as_json: bool, debug: bool) -> None:
    _move(name, to, lambda _: None, slice_id=slice_id, as_json=as_json, debug=debug)


def _move(
    name: str,
    to: str | None,
    value: Callable[[Task[Any, Any, Any]], datetime | None],
    *,
    slice_id: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    with exits(debug=debug):
        place = _Place.find(name, to)
        before, after = place.move(value(place.task), slice_id)
        if as_json:
            _write_json(place, {"before": place.plain(before), "after": place.plain(after)})
            return
        sys.stdout.write(
            f"{name} in {place.destination.name}\n"
            f"  before  {place.shown(before)}\n"
            f"  after   {place.shown(after)}\n"
            "An unfinished run that was planned before cannot land any more (40): begin a new one.\n"
        )


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _write_json(place: _Place, told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"task": place.name, "destination": place.destination.name, **told}) + "\n")


def _value(task: Task[Any, Any, Any], text: str, now: datetime) -> datetime:
    """What was typed as a value of the task's cursor. Raises `UsageError` that says what would do."""
    return _instant(text, now) if task.windows is None else _border(task.windows, text, now)


def _instant(text: str, now: datetime) -> datetime:
    wrong = UsageError(
        f"{text!r} is no instant with its offset from UTC",
        hint="Write it as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00.",
    )
    try:
        given = datetime.fromisoformat(text)
        value = given.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None
    if given.utcoffset() is None:
        raise wrong
    if value > now:
        raise UsageError(
            f"{text} lies in the future: changes until then would never be asked for",
            hint=f"It is {moment(now.replace(microsecond=0))}.",
        )
    return value


def _border(windows: Windows, text: str, now: datetime) -> datetime:
    """The midnight, in the zone of the windows, at which a cell begins."""
    try:
        day = date.fromisoformat(text)
        cell = windows.cell(day)
        after = cell + timedelta(days=windows.days)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a day", hint="Write it as 2026-01-31.") from error
    if cell != day:
        raise UsageError(
            f"no window begins on {day}: they are of {windows.days} days each",
            hint=f"The nearest that do: {cell} and {after}.",
        )
    last = windows.cell(windows.day_of(now)) + timedelta(days=windows.days)
    if day > last:
        raise UsageError(
            f"{day} lies in the future: windows until then would never be asked for",
            hint=f"The latest is {last}, the end of the present window.",
        )
    return windows.midnight(day).astimezone(UTC)
