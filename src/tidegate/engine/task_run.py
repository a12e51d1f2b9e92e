"""One task of a run: its slices, then one commit in the plan's order, then its share of the report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import Again, Commit, Destination, Landed
from tidegate.destinations.quarantine import Rejected
from tidegate.engine.build import InstancesBuild
from tidegate.engine.commit import commit, commit_id
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.watch import Watch
from tidegate.engine.events import (
    Committing,
    PageBuilt,
    QuotaWait,
    RunEvent,
    RunListener,
    SliceDone,
    SliceStarted,
    TaskDone,
    TaskStarted,
)
from tidegate.engine.exceptions import AccountingError, DamagedStateError, storage_error
from tidegate.engine.failures import fault, placed
from tidegate.engine.invalid import Invalid
from tidegate.engine.locks import Lock
from tidegate.engine.over import in_words
from tidegate.engine.parts import Manifest, read_part, with_window
from tidegate.engine.plan import WHOLE, Slice, TaskPlan, next_cursor
from tidegate.engine.quarantining import Quarantining
from tidegate.engine.report import TaskReport
from tidegate.engine.side_by_side import Attempt, SideBySide
from tidegate.engine.slices import SliceWork, Traffic
from tidegate.engine.stages import Stages
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Answered, Event, Failed, Retrying, Sent, Waiting
from tidegate.utils.errors import ExitCode, TidegateError
from tidegate.utils.home import make_private

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class TaskRun:
    """`run()` never raises a `TidegateError`: what fails is in the report, with its exit code."""

    name: str
    task: Task[Any, Any, Any]
    run_id: str
    plan: TaskPlan
    folder: Path
    connector: Connector
    destination: Destination
    lock: Lock
    stop: Stop
    max_wait_s: float | None
    listener: RunListener
    now: Callable[[], datetime]
    until: datetime
    baselines: Baselines
    stages: Stages
    invalid: Invalid = field(default_factory=Invalid)
    again: bool = False  # a replay: of what an earlier run fetched, and nothing else
    _traffic: Traffic = field(default_factory=Traffic)
    _resumed: int = 0
    _where: str = ""
    _watch: Watch | None = None
    _telling: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self) -> TaskReport:
        report = TaskReport(self.name, self.task.into.name)
        report.warnings += [f"{self.name} {warning}" for warning in self.plan.warnings]
        failure = None
        try:
            self.plan = self.stages.frozen(self.task, self.plan, self.stop)
            report.slices = len(self.plan.slices)
            self._tell(TaskStarted(self.name, report.slices))
            self._run(report)
        except TidegateError as error:
            failure = placed(error, self._where or self.name, self.name, stopped=self.stop.is_set())
        except Exception as error:  # noqa: BLE001 - a fault in one task must not take the others along
            failure = fault(error, self._where or self.name)
        if failure is not None:
            report.fail(failure)
            self.stages.failed(self.task.name, failure)
        self._tell_drift(report)
        self._count_traffic(report)
        self._tell(TaskDone(report, failure))
        return report

    def _tell(self, event: RunEvent) -> None:
        """One after the other, from whichever thread."""
        with self._telling:
            self.listener(event)

    def _run(self, report: TaskReport) -> None:
        replayed = f"/replay/{self.plan.seen}" if self.again else ""
        report.commit_id = commit_id(self.run_id, self.name + replayed)
        landed = self.destination.landed(report.commit_id)
        if landed is None:
            manifests = self._manifests(report)
            self._count_rows(report, manifests)
            self._check_budget(manifests)
            self.stages.built(self.task.name, self._parts(manifests))
            landed = self._commit(report, manifests)
        else:  # by this run, before it was interrupted: there is nothing left to fetch or to build
            manifests = self._left_manifests(landed)
        self._count_rows(report, self._written(manifests, landed, report))
        report.rows_loaded, report.rows_superseded = landed.loaded, landed.superseded
        report.rows_quarantined = landed.quarantined
        report.warnings += [f"{self.name}: table {self.task.into.name}: {each}" for each in landed.changes]
        if not report.accounted:
            raise AccountingError(
                f"{report.rows_fetched} rows fetched and {report.rows_added} added are not the"
                f" {report.rows_loaded} loaded, {report.rows_superseded} superseded,"
                f" {report.rows_dropped} dropped and {report.rows_quarantined} quarantined",
                hint="This is a fault in tidegate: please report it.",
            )
        report.status = "loaded"
        report.exit_code = int(ExitCode.QUARANTINED if report.rows_quarantined else ExitCode.OK)

    def _manifests(self, report: TaskReport) -> list[Manifest]:
        """Work the slices, a few at a time; the manifests are in the plan's order."""
        try:
            make_private(self.folder)
        except OSError as error:
            raise storage_error(self.folder, error) from error
        if not self.plan.slices:  # nothing came of the tasks whose rows it is split over
            return []
        first = self.plan.slices[0]
        reads = self.task.call(self.connector, first.window, first.values).reads
        build = InstancesBuild(self.task, reads)
        watch = self._watch = Watch(reads, self.run_id, self.baselines)

        def work(number: int, each: Slice, attempt: Attempt) -> Manifest:
            return self._slice(number, each, build, watch, attempt)

        deadline_s = self.task.deadline.total_seconds()
        slices = SideBySide(self.plan.slices, work, self.stop, deadline_s)
        try:
            return slices.run()
        except Exception:
            if slices.failed is not None:
                self._where = self._place(self.plan.slices[slices.failed])
            raise
        finally:
            for number, manifest in sorted(slices.results.items()):
                report.pages += manifest.pages
                where = self._place(self.plan.slices[number]) if manifest.warnings else ""
                report.warnings += [f"{where}: {warning}" for warning in manifest.warnings]

    def _place(self, each: Slice) -> str:
        """The task and what tells the slice from its others, for a person."""
        window = "" if each.window is None or each.cell is None else str(each.window)
        return " ".join(filter(None, (self.name, window, in_words(self.task.over, each.values))))

    def _parts(self, manifests: list[Manifest]) -> list[Path]:
        return [self.folder / f"{each.slice}.arrow" for each in manifests if each.rows]

    def _left_manifests(self, landed: Landed) -> list[Manifest]:
        """What was written before the commit landed; where files are gone, what the commit itself tells."""
        left = [Manifest.load(self.folder / f"{each.id}.json") for each in self.plan.slices]
        whole = [manifest for manifest in left if manifest is not None]
        if len(whole) < len(left):
            gone = DamagedStateError("what this run has built is gone", hint="Start a new run with --new.")
            self.stages.failed(self.task.name, gone)
            return [Manifest(WHOLE, {}, "", fetched=landed.loaded + landed.superseded + landed.quarantined)]
        self.stages.built(self.task.name, self._parts(whole))
        return whole

    def _written(self, manifests: list[Manifest], landed: Landed, report: TaskReport) -> list[Manifest]:
        """Those of the windows that were written: of a replay, later runs may have replaced some."""
        cells = {each.id: each.cell for each in self.plan.slices if each.cell is not None}
        if not self.again or not cells:
            return manifests
        written = set(landed.windows)
        left = [cell for cell in self.plan.cells if cell not in written]
        if left:
            shown = ", ".join(map(str, left[:10])) + (", ..." if len(left) > 10 else "")
            windows = "window is" if len(left) == 1 else "windows are"
            report.warnings.append(
                f"{self.name}: {len(left):,} {windows} left as later runs have written them: {shown}"
            )
        return [manifest for manifest in manifests if cells[manifest.slice] in written]

    def _count_rows(self, report: TaskReport, manifests: list[Manifest]) -> None:
        report.rows_fetched = sum(manifest.fetched for manifest in manifests)
        report.rows_added = sum(manifest.added for manifest in manifests)
        report.rows_dropped = sum(manifest.dropped for manifest in manifests)
        highs = [manifest.high for manifest in manifests if manifest.high is not None]
        reached = next_cursor(self.plan, self.task, highs) or self.plan.stored
        report.cursor = None if reached is None else reached.astimezone(UTC).isoformat()

    def _check_budget(self, manifests: list[Manifest]) -> None:
        rejected = [manifest for manifest in manifests if manifest.rejected]
        if rejected:
            self._where = self.name
            fetched = sum(manifest.fetched for manifest in manifests)
            invalid = sum(manifest.rejected for manifest in rejected)
            self.invalid.check_total(invalid, fetched, rejected[0].first_reject or "")

    def _slice(
        self, number: int, each: Slice, build: InstancesBuild, watch: Watch, attempt: Attempt
    ) -> Manifest:
        def built(page: int, rows: int, resumed: bool) -> None:
            with self._telling:
                self._resumed += resumed
                self.listener(PageBuilt(self.name, page, rows, resumed))

        def heard(event: Event) -> None:
            if isinstance(event, Sent | Answered | Failed):
                attempt.heard(1 if isinstance(event, Sent) else -1)
            self._heard(event)

        work = SliceWork(
            folder=self.folder,
            number=number,
            slice_id=each.id,
            call=self.task.call(self.connector, each.window, each.values),
            build=build,
            context=self.task.context(self.until, each.window, each.values),
            invalid=self.invalid,
            quarantining=Quarantining(
                self.name, self.task.into, self.run_id, each.id, each.cell, build.fingerprint
            ),
            watch=watch,
            traffic=self._traffic,
            stop=attempt.stop,
            max_wait_s=self.max_wait_s,
            listener=heard,
            built=built,
            offline=self.again,
        )
        self._tell(SliceStarted(self.name, each.id))
        manifest = work.finish()
        with self._telling:
            self._resumed += manifest.pages if work.stood else 0
            self.listener(SliceDone(self.name, each.id, work.stood))
        return manifest

    def _heard(self, event: Event) -> None:
        match event:
            case Waiting():
                self._tell(QuotaWait(self.name, event.seconds, "quota"))
            case Retrying():
                self._tell(QuotaWait(self.name, event.delay_s, event.failure))
            case _:
                pass

    def _commit(self, report: TaskReport, manifests: list[Manifest]) -> Landed:
        self._where = self.name
        self._tell(Committing(self.name, sum(manifest.rows for manifest in manifests)))
        self.lock.check()
        highs = [manifest.high for manifest in manifests if manifest.high is not None]
        return commit(
            self.destination,
            Commit(
                commit_id=report.commit_id or "",
                run_id=self.run_id,
                task=self.name,
                table=self.task.into,
                seen=self.plan.seen,
                cursor=None if self.again else next_cursor(self.plan, self.task, highs),
                loaded_at=self.now(),
                batches=lambda: self._batches(manifests),
                windows=self.plan.cells,
                again=Again(replaces=True) if self.again else None,
                rejected=Rejected(
                    sum(manifest.rejected for manifest in manifests), lambda: self._rejected(manifests)
                ),
            ),
        )

    def _batches(self, manifests: list[Manifest]) -> Iterator[pa.RecordBatch]:
        for each, manifest in zip(self.plan.slices, manifests, strict=True):
            if manifest.rows == 0:
                continue
            for batch in read_part(self.folder / f"{each.id}.arrow"):
                yield batch if each.cell is None else with_window(batch, each.cell)

    def _rejected(self, manifests: list[Manifest]) -> Iterator[pa.RecordBatch]:
        for each, manifest in zip(self.plan.slices, manifests, strict=True):
            if manifest.rejected:
                yield from read_part(self.folder / f"{each.id}.rejects")

    def _tell_drift(self, report: TaskReport) -> None:
        """Of a task that failed, too: a renamed field may be why. Those that loaded are kept."""
        if self._watch is None:
            return
        try:
            report.drift = self._watch.findings()
            if report.status == "loaded":
                self._watch.keep(self.until)
        except Exception as error:  # noqa: BLE001 - what has landed must not be told to have failed
            report.warnings.append(f"{self.name}: drift cannot be told: {type(error).__name__}: {error}")
        report.warnings += [f"{self.name}: {each}" for each in report.drift if each.level == "warning"]

    def _count_traffic(self, report: TaskReport) -> None:
        traffic = self._traffic
        report.api_calls, report.retries = traffic.api_calls, traffic.retries
        report.waited_s, report.bytes = traffic.waited_s, traffic.bytes
        report.pages_resumed = self._resumed
