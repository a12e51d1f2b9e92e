"""How far a task has come, once slices of it are done: which cursors a commit moves, and where to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from tidegate.contracts.windows import Cursor
from tidegate.engine.plan import TaskPlan, is_gap
from tidegate.engine.tasks import Task


@dataclass(frozen=True, slots=True)
class Moves:
    """What a commit stores: the task's own cursor (None leaves it), and those of slices."""

    cursor: datetime | None = None
    slices: Mapping[str, datetime] = field(default_factory=dict)


def next_cursors(plan: TaskPlan, task: Task[Any, Any, Any], highs: Mapping[str, datetime | None]) -> Moves:
    """Never back, never forward over a gap.

    `highs` are the highest values of the slices that are done, None of those without rows. Of a task that is
    split over lists or other rows each slice has a cursor of its own: what one account has sent says nothing
    of how far another one has come. By windows it is the end of the last one before which all are done.
    """
    if task.cursor is not None and task.over:
        return Moves(slices=_own_cursors(plan, task.cursor, highs))
    if not plan.moves_cursor:
        return Moves()
    if task.windows is not None:
        reached = _done_until(plan, highs)
    else:
        reached = max((high for high in highs.values() if high is not None), default=None)
    if reached is None:
        return Moves()
    reached = min(plan.bound, reached).astimezone(UTC)
    return Moves(None if plan.stored is not None and reached <= plan.stored else reached)


def _own_cursors(plan: TaskPlan, how: Cursor, highs: Mapping[str, datetime | None]) -> dict[str, datetime]:
    moved = {}
    for each in plan.slices:
        high, stored = highs.get(each.id), plan.cursors.get(each.id, plan.stored)
        if high is None or each.start is None or is_gap(each.start, how, stored):
            continue
        reached = min(plan.bound, high).astimezone(UTC)
        if stored is None or reached > stored:
            moved[each.id] = reached
    return moved


def _done_until(plan: TaskPlan, done: Collection[str]) -> datetime | None:
    """The end of the windows that are done without one before them that is not."""
    if len(done) == len(plan.slices):
        return plan.bound
    reached = None
    for each in takewhile(lambda each: each.id in done, plan.slices):
        reached = each.end
    return reached


def reached(plan: TaskPlan, moves: Moves) -> datetime | None:
    """How far the task has come after the moves; where slices have cursors of their own, as far as the one
    that is furthest behind (those that never had a row left out).
    """
    own = {**plan.cursors, **moves.slices}
    if not own:
        return moves.cursor or plan.stored
    come = (own.get(each.id, plan.stored) for each in plan.slices)
    return min((each for each in come if each is not None), default=None)
