"""What a task has built, into the destination: one commit, in the plan's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidegate.destinations.base import Again, Commit, Landed
from tidegate.destinations.quarantine import Rejected
from tidegate.engine.commit import commit, commit_id
from tidegate.engine.events import Committing
from tidegate.engine.job import Job
from tidegate.engine.moves import Moves, next_cursors
from tidegate.engine.parts import Manifest, read_part, with_window
from tidegate.engine.plan import Slice

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Landing:
    job: Job

    @property
    def id(self) -> str:
        """Of the commit: the same for every attempt of the run."""
        job = self.job
        replayed = f"/replay/{job.plan.seen}" if job.again else ""
        return commit_id(job.run_id, job.name + replayed)

    def landed(self) -> Landed | None:
        """What the commit did, if it landed before."""
        return self.job.destination.landed(self.id)

    def land(self, done: Sequence[tuple[Slice, Manifest]], *, deletes_vanished: bool = False) -> Landed:
        """Raises `CommitLostError`, `CommitUnknownError` or another `DestinationError`, as `commit` does."""
        job = self.job
        job.where = job.name
        job.tell(Committing(job.name, sum(manifest.rows for _, manifest in done)))
        job.lock.check()
        highs = {each.id: manifest.high for each, manifest in done}
        moves = Moves() if job.again else next_cursors(job.plan, job.task, highs)
        return commit(
            job.destination,
            Commit(
                commit_id=self.id,
                run_id=job.run_id,
                task=job.name,
                table=job.task.into,
                seen=job.plan.seen,
                cursor=moves.cursor,
                slices=moves.slices,
                loaded_at=job.now(),
                batches=lambda: self._batches(done),
                windows=job.plan.cells,
                again=Again(replaces=True) if job.again else None,
                deletes_vanished=deletes_vanished,
                rejected=Rejected(
                    sum(manifest.rejected for _, manifest in done), lambda: self._rejected(done)
                ),
            ),
        )

    def _batches(self, done: Sequence[tuple[Slice, Manifest]]) -> Iterator[pa.RecordBatch]:
        for each, manifest in done:
            if manifest.rows == 0:
                continue
            for batch in read_part(self.job.folder / f"{each.id}.arrow"):
                yield batch if each.cell is None else with_window(batch, each.cell)

    def _rejected(self, done: Sequence[tuple[Slice, Manifest]]) -> Iterator[pa.RecordBatch]:
        for each, manifest in done:
            if manifest.rejected:
                yield from read_part(self.job.folder / f"{each.id}.rejects")
