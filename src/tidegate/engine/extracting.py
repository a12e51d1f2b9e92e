"""The slices of a task, fetched and built: a few at a time, each from its page log on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tidegate.engine.build import Build
from tidegate.engine.builds import build_for
from tidegate.engine.drift.watch import Watch
from tidegate.engine.events import PageBuilt, QuotaWait, SliceDone, SliceStarted
from tidegate.engine.exceptions import storage_error
from tidegate.engine.job import Job
from tidegate.engine.parts import Manifest
from tidegate.engine.plan import Slice
from tidegate.engine.quarantining import Quarantining
from tidegate.engine.row_keys import RowKeys
from tidegate.engine.side_by_side import Attempt, SideBySide
from tidegate.engine.slices import SliceWork
from tidegate.engine.standing import FEWEST, Standing
from tidegate.engine.traffic import Traffic
from tidegate.http_tools.events import Answered, Event, Failed, Retrying, Sent, Waiting
from tidegate.utils.home import make_private


@dataclass
class Extraction:
    """Of the given slices of a task, in the plan's order. `offline` asks the API for nothing: a slice that is
    damaged, or was built by other contracts, is built again from its page log, unless it has `landed`.
    """

    job: Job
    slices: Sequence[Slice]
    offline: bool
    apart: bool = False  # each slice lands by itself: where one fails, others go on
    landed: Callable[[str], bool] = lambda _: False
    traffic: Traffic = field(default_factory=Traffic)
    watch: Watch | None = None
    done: dict[str, Manifest] = field(default_factory=dict)  # by slice; those that stand also after a failure

    def run(self) -> None:
        """Raises what the first slice that failed did, and leaves in `job.where` which that was."""
        job = self.job
        try:
            make_private(job.folder)
        except OSError as error:
            raise storage_error(job.folder, error) from error
        if not self.slices:
            return
        first = self.slices[0]
        reads = job.task.call(job.connector, first.window, first.values).reads
        build = build_for(job.task, reads, job.build)
        before = Standing.read(job.folder) if len(self.slices) >= FEWEST else Standing()
        watch = self.watch = Watch(reads, job.run_id, job.baselines)
        numbers = {each.id: number for number, each in enumerate(self.slices)}
        if before.manifests.keys() <= numbers.keys():  # else they are of another share of the slices, too
            watch.know({numbers[name] for name in before.manifests}, before.profile)

        def work(number: int, each: Slice, attempt: Attempt) -> Manifest:
            return self._slice(number, each, build, watch, attempt, before.manifests.get(each.id))

        deadline_s = job.task.deadline.total_seconds()
        side_by_side = SideBySide(self.slices, work, job.stop, deadline_s, self.apart)
        try:
            side_by_side.run()
        except Exception:
            if side_by_side.failed is not None:
                job.where = job.place(self.slices[side_by_side.failed])
            raise
        finally:
            self.done = {self.slices[at].id: each for at, each in sorted(side_by_side.results.items())}
            if len(self.done) >= FEWEST and self.done != before.manifests:
                Standing(self.done, watch.of_done()).keep(job.folder)

    def warnings(self) -> list[str]:
        """Where slices have the same to say, the first says it for all."""
        told: dict[str, list[Slice]] = {}
        for each in self.slices:
            for text in self.done[each.id].warnings if each.id in self.done else ():
                told.setdefault(text, []).append(each)
        return [f"{self._places(slices)}: {text}" for text, slices in told.items()]

    def _places(self, slices: Sequence[Slice]) -> str:
        more = len(slices) - 1
        others = "" if more == 0 else " and 1 more slice" if more == 1 else f" and {more:,} more slices"
        return f"{self.job.place(slices[0])}{others}"

    def _slice(
        self,
        number: int,
        each: Slice,
        build: Build,
        watch: Watch,
        attempt: Attempt,
        known: Manifest | None,
    ) -> Manifest:
        job = self.job

        def built(page: int, rows: int, resumed: bool) -> None:
            self.traffic.resume(resumed)
            job.tell(PageBuilt(job.name, page, rows, resumed))

        def heard(event: Event) -> None:
            if isinstance(event, Sent | Answered | Failed):
                attempt.heard(1 if isinstance(event, Sent) else -1)
            self._heard(event)

        work = SliceWork(
            folder=job.folder,
            number=number,
            slice_id=each.id,
            call=job.task.call(job.connector, each.window, each.values),
            build=build,
            context=job.task.context(job.until, each.window, each.values),
            invalid=job.invalid,
            quarantining=Quarantining(
                job.name, job.task.into, job.run_id, each.id, each.cell, build.fingerprint
            ),
            keys=partial(RowKeys, job.task.into, each),
            watch=watch,
            traffic=self.traffic,
            stop=attempt.stop,
            max_wait_s=job.max_wait_s,
            listener=heard,
            built=built,
            offline=self.offline,
            landed=partial(self.landed, each.id),
            known=known,
        )
        job.tell(SliceStarted(job.name, each.id))
        manifest = work.finish()
        self.traffic.resume(manifest.pages if work.stood else 0)
        job.tell(SliceDone(job.name, each.id, work.stood))
        return manifest

    def _heard(self, event: Event) -> None:
        job = self.job
        match event:
            case Waiting():
                job.tell(QuotaWait(job.name, event.seconds, "quota"))
            case Retrying():
                job.tell(QuotaWait(job.name, event.delay_s, event.failure))
            case _:
                pass
