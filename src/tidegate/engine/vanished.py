"""Whether rows that a run did not bring may be deleted: only where it asked for everything, and got it whole.

A broken row has not vanished, nor has one that a listing hid which moved while it was read; and an API that
answers with an empty list has more often made a mistake than lost all its rows. In each of these cases
nothing is deleted, the report says why, and the next run that is whole deletes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.engine.job import Job
from tidegate.engine.parts import Manifest
from tidegate.engine.plan import Range, load_plan
from tidegate.engine.stages import left_manifests
from tidegate.engine.tasks import Task
from tidegate.utils.errors import UsageError


@dataclass(frozen=True, slots=True)
class Verdict:
    """`warnings` say why nothing is deleted, where a run would have."""

    deletes: bool = False
    warnings: tuple[str, ...] = ()


def judge(job: Job, done: Mapping[str, Manifest]) -> Verdict:
    """Of a run whose slices are done; of any other one there is nothing to say. Reads what the tasks that it
    is split over have left in the folder.
    """
    table = job.task.into
    if not table.delete_vanished or job.again or not _asked_for_everything(job):
        return Verdict()
    built = [
        manifest for manifest in done.values() if manifest.build
    ]  # others stand in for files that are gone
    if len(built) < len(job.plan.slices):
        return Verdict()
    reasons = list(_doubts("", list(done.values())))
    for parent, manifests in _of_ancestors(job):
        reasons += _doubts(f" of {parent}, over whose rows it is split,", manifests)
    if not any(manifest.rows for manifest in done.values()):
        held = _rows_held(job)
        if held == 0:
            return Verdict()
        reasons.append(
            f"no row came to load, and an empty answer may be a mistake: it keeps its {held:,} rows"
        )
    if reasons:
        text = f"{job.name}: nothing was deleted from {table.name}: {'; '.join(reasons)}"
        return Verdict(warnings=(text,))
    return Verdict(deletes=True)


def check_range(tasks: Sequence[Task[Any, Any, Any]], asked: Range) -> None:
    """Raise `UsageError` for a backfill of what no full refresh asks for: the next one would delete it."""
    if asked.first is None:
        return
    for task in tasks:
        for each in (task, *task.ancestors) if task.into.delete_vanished else ():
            if each.cursor is not None and asked.first < each.cursor.start:
                raise UsageError(
                    f"--from {asked.first} is before {each.cursor.start}, where {each.name} starts: the next"
                    f" full refresh would take out of {task.into.name} again what this run brings",
                    hint=f"Declare an earlier start: Cursor(..., start={asked.first!r}).",
                )


def _asked_for_everything(job: Job) -> bool:
    ancestors = job.task.ancestors
    plans = {each.task: each for each in load_plan(job.run).tasks} if ancestors else {}
    return job.plan.everything and all(plans[each.name].everything for each in ancestors)


def _of_ancestors(job: Job) -> Iterator[tuple[str, list[Manifest]]]:
    ancestors = job.task.ancestors
    plans = {each.task: each for each in load_plan(job.run).tasks} if ancestors else {}
    for each in ancestors:
        slices = plans[each.name].slices
        left = left_manifests(job.run / each.name, slices)
        # one that is gone tells nothing, so it is taken for one that did not come whole
        yield each.name, [left.get(one.id) or Manifest(one.id, {}, "", whole=False) for one in slices]


def _doubts(whose: str, manifests: Sequence[Manifest]) -> Iterator[str]:
    rejected = sum(manifest.rejected for manifest in manifests)
    if rejected:
        rows = "1 row" if rejected == 1 else f"{rejected:,} rows"
        yield f"{rows}{whose} broke a contract, and may be there all the same"
    torn = sum(not manifest.whole for manifest in manifests)
    if torn:
        listings = "a listing" if torn == 1 else f"{torn:,} listings"
        yield f"{listings}{whose} may not have come whole"


def _rows_held(job: Job) -> int:
    return next((each.rows for each in job.destination.freshness() if each.task == job.name), 0)
