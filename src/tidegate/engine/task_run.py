"""One task of a run, step by step: its slices, then its commit; and its share of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from tidegate.destinations.base import Landed
from tidegate.engine.events import TaskDone, TaskStarted
from tidegate.engine.exceptions import AccountingError, DamagedStateError, MissingSlicesError
from tidegate.engine.extracting import Extraction
from tidegate.engine.failures import fault, placed
from tidegate.engine.job import Job
from tidegate.engine.landing import Landing
from tidegate.engine.moves import next_cursors, reached
from tidegate.engine.parts import Manifest
from tidegate.engine.plan import WHOLE, Slice
from tidegate.engine.report import TaskReport
from tidegate.engine.shards import Step
from tidegate.engine.stages import Stages, fetched_parts, left_manifests, missing, parts_of, stage_of
from tidegate.engine.traffic import Traffic
from tidegate.engine.vanished import judge
from tidegate.utils.errors import ExitCode, TidegateError


@dataclass
class TaskRun:
    """`run()` never raises a `TidegateError`: what fails is in the report, with its exit code.

    `number` is that of the task in its run.
    """

    job: Job
    stages: Stages
    step: Step
    number: int = 0
    _extraction: Extraction | None = None

    def run(self) -> TaskReport:
        job = self.job
        report = TaskReport(job.name, job.task.into.name)
        report.warnings += [f"{job.name} {warning}" for warning in job.plan.warnings]
        failure = None
        try:
            self._work(report)
        except TidegateError as error:
            failure = placed(error, job.where or job.name, job.name, stopped=job.stop.is_set())
        except Exception as error:  # noqa: BLE001 - a fault in one task must not take the others along
            failure = fault(error, job.where or job.name)
        if failure is not None:
            report.fail(failure)
            self.stages.failed(job.task.name, failure)
        if self.step.lands:
            self._tell_drift(report)
        self._count_traffic(report)
        job.tell(TaskDone(report, failure))
        return report

    def _work(self, report: TaskReport) -> None:
        job, step = self.job, self.step
        if step.fetches:
            job.plan = self.stages.frozen(job.task, job.plan, job.stop)
        slices = self._slices()
        report.slices = len(slices)
        job.tell(TaskStarted(job.name, report.slices))
        if not step.lands:
            self._count_rows(report, self._extract(report, slices))
            report.status, report.exit_code = "extracted", int(ExitCode.OK)
            return
        landing = Landing(job)
        report.commit_id = landing.id
        landed = landing.landed()
        if landed is None:
            if not step.fetches:
                self._check_whole()
            done = self._extract(report, slices)
            self._check_budget(done)
            verdict = judge(job, done)
            pairs = [(each, done[each.id]) for each in slices]
            landed = landing.land(pairs, deletes_vanished=verdict.deletes)
        else:  # by this run, before it was interrupted: there is nothing left to fetch or to build
            done = self._left(landed)
            verdict = judge(job, done)
        report.warnings += verdict.warnings
        self._close(report, done, landed)

    def _slices(self) -> list[Slice]:
        """Those that this process works, in the plan's order."""
        if self.job.plan.waits:
            return []
        shard, slices = self.step.shard, enumerate(self.job.plan.slices)
        return [each for number, each in slices if shard.takes(self.number, number)]

    def _extract(self, report: TaskReport, slices: list[Slice]) -> dict[str, Manifest]:
        """Work them; the manifests are in the plan's order, by slice."""
        job = self.job
        offline = job.again or not self.step.fetches
        extraction = self._extraction = Extraction(job, slices, offline)
        try:
            extraction.run()
        finally:
            report.pages = sum(manifest.pages for manifest in extraction.done.values())
            report.warnings += extraction.warnings()
        done = extraction.done
        self._count_rows(report, done)
        if self.step.shard.is_whole:
            self.stages.built(job.task.name, parts_of(job.folder, list(done.values())))
        return done

    def _check_whole(self) -> None:
        """Raise `MissingSlicesError` that says what is to be extracted, by which command."""
        job = self.job
        done = left_manifests(job.folder, job.plan.slices)
        if job.plan.waits or len(done) < len(job.plan.slices):
            stage = f" --stage {stage_of(job.task)}" if stage_of(job.task) > 1 else ""
            command = f"tidegate extract --run-id {job.run_id}{stage}"
            raise MissingSlicesError(
                f"not committed: {missing(job.plan, done)}",
                hint=f"Extract what is missing, then commit again: {command}",
            )

    def _left(self, landed: Landed) -> dict[str, Manifest]:
        """What was written before the commit landed; where files are gone, what the commit itself tells."""
        job = self.job
        left = left_manifests(job.folder, job.plan.slices)
        if len(left) < len(job.plan.slices):
            gone = DamagedStateError("what this run has built is gone", hint="Start a new run with --new.")
            self.stages.failed(job.task.name, gone)
            fetched = landed.loaded + landed.superseded + landed.quarantined
            return {WHOLE: Manifest(WHOLE, {}, "", fetched=fetched)}
        self.stages.built(job.task.name, fetched_parts(job.folder, list(left.values())))
        return left

    def _close(self, report: TaskReport, done: dict[str, Manifest], landed: Landed) -> None:
        job = self.job
        self._count_rows(report, self._written(done, landed, report))
        report.rows_loaded, report.rows_superseded = landed.loaded, landed.superseded
        report.rows_quarantined, report.rows_deleted = landed.quarantined, landed.deleted
        report.warnings += [f"{job.name}: table {job.task.into.name}: {each}" for each in landed.changes]
        if not report.accounted:
            raise AccountingError(
                f"{report.rows_fetched} rows fetched and {report.rows_added} added are not the"
                f" {report.rows_loaded} loaded, {report.rows_superseded} superseded,"
                f" {report.rows_dropped} dropped and {report.rows_quarantined} quarantined",
                hint="This is a fault in tidegate: please report it.",
            )
        report.status = "loaded"
        report.exit_code = int(ExitCode.QUARANTINED if report.rows_quarantined else ExitCode.OK)

    def _written(self, done: dict[str, Manifest], landed: Landed, report: TaskReport) -> dict[str, Manifest]:
        """Those of the windows that were written: of a replay, later runs may have replaced some."""
        job = self.job
        cells = {each.id: each.cell for each in job.plan.slices if each.cell is not None}
        if not job.again or not cells:
            return done
        written = set(landed.windows)
        left = [cell for cell in job.plan.cells if cell not in written]
        if left:
            shown = ", ".join(map(str, left[:10])) + (", ..." if len(left) > 10 else "")
            windows = "window is" if len(left) == 1 else "windows are"
            report.warnings.append(
                f"{job.name}: {len(left):,} {windows} left as later runs have written them: {shown}"
            )
        return {name: manifest for name, manifest in done.items() if cells[name] in written}

    def _count_rows(self, report: TaskReport, done: Mapping[str, Manifest]) -> None:
        manifests = done.values()
        report.rows_fetched = sum(manifest.fetched for manifest in manifests)
        report.rows_added = sum(manifest.added for manifest in manifests)
        report.rows_dropped = sum(manifest.dropped for manifest in manifests)
        plan = self.job.plan
        highs = {name: manifest.high for name, manifest in done.items()}
        come = reached(plan, next_cursors(plan, self.job.task, highs))
        report.cursor = None if come is None else come.astimezone(UTC).isoformat()

    def _check_budget(self, done: Mapping[str, Manifest]) -> None:
        rejected = [manifest for manifest in done.values() if manifest.rejected]
        if rejected:
            self.job.where = self.job.name
            fetched = sum(manifest.fetched for manifest in done.values())
            invalid = sum(manifest.rejected for manifest in rejected)
            self.job.invalid.check_total(invalid, fetched, rejected[0].first_reject or "")

    def _tell_drift(self, report: TaskReport) -> None:
        """Of a task that failed, too: a renamed field may be why. Those that loaded are kept."""
        watch = self._extraction.watch if self._extraction else None
        if watch is None:
            return
        name = self.job.name
        try:
            report.drift = watch.findings()
            if report.status == "loaded":
                watch.keep(self.job.until)
        except Exception as error:  # noqa: BLE001 - what has landed must not be told to have failed
            report.warnings.append(f"{name}: drift cannot be told: {type(error).__name__}: {error}")
        report.warnings += [f"{name}: {each}" for each in report.drift if each.level == "warning"]

    def _count_traffic(self, report: TaskReport) -> None:
        """What this process has spent; of a commit, what those before it have."""
        job, step = self.job, self.step
        traffic = self._extraction.traffic if self._extraction else Traffic()
        if not step.lands:
            traffic.keep(job.run, job.task.name)
        if not step.fetches and not job.again:
            traffic = Traffic.kept(job.run, job.task.name)
        report.api_calls, report.retries = traffic.api_calls, traffic.retries
        report.waited_s, report.bytes = traffic.waited_s, traffic.bytes
        report.pages_resumed = traffic.resumed
