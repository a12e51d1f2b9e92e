"""What a task has built, into the destination: one commit, or one a slice, in the plan's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import Again, Commit, Landed
from tidegate.destinations.quarantine import Rejected
from tidegate.engine.commit import commit, commit_id
from tidegate.engine.events import Committing
from tidegate.engine.job import Job
from tidegate.engine.moves import Moves, next_cursors
from tidegate.engine.parts import Manifest, with_window
from tidegate.engine.plan import Slice, TaskPlan
from tidegate.engine.tasks import Task

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Unit:
    """What one commit lands: slices of the plan, and the windows that it replaces. `id` is the commit's, the
    same for every attempt of the run.
    """

    id: str
    slices: tuple[Slice, ...]
    windows: tuple[date, ...]


def units_of(run_id: str, name: str, task: Task[Any, Any, Any], plan: TaskPlan) -> list[Unit]:
    """The commits of a task in a run: one, or one a slice, in the plan's order."""
    if task.into.commit == "run" or not plan.slices:
        return [Unit(commit_id(run_id, name), plan.slices, plan.cells)]
    return [
        Unit(commit_id(run_id, f"{name}/{each.id}"), (each,), () if each.cell is None else (each.cell,))
        for each in plan.slices
    ]


@dataclass
class Landing:
    """Of one task. `landed` are the units that are at the destination, as far as it was looked up."""

    job: Job
    units: list[Unit] = field(init=False)
    landed: dict[str, Landed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        job = self.job
        if job.again:  # one commit, which takes the place of all that the run has left
            replayed = commit_id(job.run_id, f"{job.name}/replay/{job.plan.seen}")
            self.units = [Unit(replayed, job.plan.slices, job.plan.cells)]
        else:
            self.units = units_of(job.run_id, job.name, job.task, job.plan)

    def look_up(self) -> None:
        """Find out what landed before. Every commit moves the cursor's version: one that has not moved saves
        looking for each.
        """
        job, several = self.job, len(self.units) > 1
        moves = job.destination.cursor(job.name).version - job.plan.seen if several else 1
        for unit in self.units:
            if len(self.landed) >= moves:
                return
            found = job.destination.landed(unit.id)
            if found is not None:
                self.landed[unit.id] = found

    @property
    def left(self) -> list[Unit]:
        return [unit for unit in self.units if unit.id not in self.landed]

    def whole(self) -> Landed:
        """What all of them did."""
        if len(self.units) == 1:
            return self.landed[self.units[0].id]
        landed = [self.landed[unit.id] for unit in self.units if unit.id in self.landed]
        return Landed(
            sum(each.loaded for each in landed),
            sum(each.superseded for each in landed),
            sum(each.quarantined for each in landed),
            tuple(day for each in landed for day in each.windows),
            tuple(change for each in landed for change in each.changes),
        )

    def land(self, unit: Unit, done: Mapping[str, Manifest], *, deletes_vanished: bool = False) -> None:
        """Raises `CommitLostError`, `CommitUnknownError` or another `DestinationError`, as `commit` does.

        `done` are the manifests of the unit, and of those that have landed.
        """
        job = self.job
        job.where = job.name
        manifests = [done[each.id] for each in unit.slices]
        job.tell(Committing(job.name, sum(manifest.rows for manifest in manifests)))
        job.lock.check()
        moves = self._moves(unit, done)
        self.landed[unit.id] = commit(
            job.destination,
            Commit(
                commit_id=unit.id,
                run_id=job.run_id,
                task=job.name,
                table=job.task.into,
                seen=job.plan.seen + len(self.landed),
                cursor=moves.cursor,
                slices=moves.slices,
                loaded_at=job.now(),
                batches=lambda: self._batches(unit, manifests),
                windows=unit.windows,
                again=Again(replaces=True) if job.again else None,
                deletes_vanished=deletes_vanished,
                rejected=Rejected(
                    sum(manifest.rejected for manifest in manifests),
                    lambda: self._rejected(manifests),
                ),
            ),
        )

    def _moves(self, unit: Unit, done: Mapping[str, Manifest]) -> Moves:
        """By windows, those that landed before count; a slice with a cursor of its own moves that only."""
        job = self.job
        if job.again:
            return Moves()
        by_window = job.task.windows is not None
        landed = [each for each in self.units if by_window and each.id in self.landed]
        highs = {each.id: done[each.id].high for own in (*landed, unit) for each in own.slices}
        return next_cursors(job.plan, job.task, highs)

    def _batches(self, unit: Unit, manifests: Sequence[Manifest]) -> Iterator[pa.RecordBatch]:
        for each, manifest in zip(unit.slices, manifests, strict=True):
            for batch in manifest.part(self.job.folder).batches():
                yield batch if each.cell is None else with_window(batch, each.cell)

    def _rejected(self, manifests: Sequence[Manifest]) -> Iterator[pa.RecordBatch]:
        for manifest in manifests:
            yield from manifest.rejects(self.job.folder).batches()
