"""One task of a run, step by step: its slices, then its commit; and its share of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tidegate.engine.accounting import count_landed, count_rows
from tidegate.engine.events import TaskDone, TaskStarted
from tidegate.engine.exceptions import DamagedStateError, MissingSlicesError
from tidegate.engine.extracting import Extraction
from tidegate.engine.failures import fault, placed
from tidegate.engine.job import Job
from tidegate.engine.landing import Landing, Unit
from tidegate.engine.parts import Manifest
from tidegate.engine.plan import WHOLE, Slice
from tidegate.engine.report import TaskReport
from tidegate.engine.shards import Step
from tidegate.engine.stages import Stages, left_manifests, missing, parts_of, stage_of
from tidegate.engine.traffic import Traffic
from tidegate.engine.vanished import judge
from tidegate.utils.errors import ExitCode, TidegateError


@dataclass
class _Fails:
    """What failed of a task. Where it lands as one (`lone`) a failure is raised at once; else the first is
    told when all that could land has.
    """

    job: Job
    lone: bool
    first: Exception | None = None
    _where: str = ""

    def note(self, error: Exception, where: str) -> None:
        self.job.where = where
        if self.lone or self.job.stop.is_set():
            raise error
        if self.first is None:
            self.first, self._where = error, where

    def tell(self) -> None:
        if self.first is not None:
            self.job.where = self._where
            raise self.first


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
            fails = _Fails(job, lone=job.task.into.commit == "run")
            done = self._extract(report, slices, fails)
            count_rows(report, job, done)
            fails.tell()
            if step.shard.is_whole:
                self._tell_built(done)
            report.status, report.exit_code = "extracted", int(ExitCode.OK)
            return
        self._land(report, Landing(job))
        report.status = "loaded"
        report.exit_code = int(ExitCode.QUARANTINED if report.rows_quarantined else ExitCode.OK)

    def _land(self, report: TaskReport, landing: Landing) -> None:
        """Land what is left, as far as it is whole, and count what is at the destination then."""
        job = self.job
        report.commit_id = landing.units[0].id
        landing.look_up()
        done = self._left(landing)
        fails = _Fails(job, lone=len(landing.units) == 1)
        whole: list[Unit] = []
        if landing.left:
            whole = self._whole(landing.left, done, fails)
            done |= self._extract(report, [each for unit in whole for each in unit.slices], fails)
            count_rows(report, job, done)
            whole = [unit for unit in whole if self._is_good(unit, done, fails)]
        report.pages = sum(manifest.pages for manifest in done.values())
        if fails.first is None:
            self._tell_built(done)
        verdict = judge(job, done)
        report.warnings += verdict.warnings
        try:
            for unit in whole:
                landing.land(unit, done, deletes_vanished=verdict.deletes)
                report.commit_id = unit.id
        finally:
            count_landed(report, job, landing, done)
        fails.tell()

    def _is_good(self, unit: Unit, done: Mapping[str, Manifest], fails: _Fails) -> bool:
        """Whether its slices stand, with no more broken rows than are allowed."""
        manifests = [done[each.id] for each in unit.slices if each.id in done]
        if len(manifests) < len(unit.slices):
            return False
        rejected = [manifest for manifest in manifests if manifest.rejected]
        if rejected:
            fetched = sum(manifest.fetched for manifest in manifests)
            invalid = sum(manifest.rejected for manifest in rejected)
            try:
                self.job.invalid.check_total(invalid, fetched, rejected[0].first_reject or "")
            except TidegateError as error:
                fails.note(error, self.job.name if fails.lone else self.job.place(unit.slices[0]))
                return False
        return True

    def _slices(self) -> list[Slice]:
        """Those that this process works, in the plan's order."""
        if self.job.plan.waits:
            return []
        shard, slices = self.step.shard, enumerate(self.job.plan.slices)
        return [each for number, each in slices if shard.takes(self.number, number)]

    def _extract(self, report: TaskReport, slices: list[Slice], fails: _Fails) -> dict[str, Manifest]:
        """Work them; the manifests of those that stand are in the plan's order, by slice."""
        job = self.job
        offline = job.again or not self.step.fetches
        extraction = self._extraction = Extraction(job, slices, offline, not fails.lone)
        if not self.step.lands:  # else what has landed is left out already
            extraction.landed = lambda slice_id: slice_id in self._landed
        try:
            extraction.run()
        except Exception as error:  # noqa: BLE001 - told when the others have landed
            fails.note(error, job.where)
        finally:
            report.pages = sum(manifest.pages for manifest in extraction.done.values())
            report.warnings += extraction.warnings()
        return extraction.done

    @cached_property
    def _landed(self) -> frozenset[str]:
        """The slices that an attempt before has landed, by a look at the destination."""
        landing = Landing(self.job)
        landing.look_up()
        landed = (unit for unit in landing.units if unit.id in landing.landed)
        return frozenset(each.id for unit in landed for each in unit.slices)

    def _whole(self, left: list[Unit], done: Mapping[str, Manifest], fails: _Fails) -> list[Unit]:
        """Those that can be worked here: where nothing is fetched, those whose slices are all there. Of the
        others it is told which are missing, and by which command they come.
        """
        job = self.job
        if self.step.fetches:
            return left
        there = left_manifests(job.folder, [each for unit in left for each in unit.slices])
        whole = [unit for unit in left if all(each.id in there for each in unit.slices)]
        if len(whole) == len(left):
            return whole
        stage = f" --stage {stage_of(job.task)}" if stage_of(job.task) > 1 else ""
        command = f"tidegate extract --run-id {job.run_id}{stage}"
        error = MissingSlicesError(
            f"not committed: {missing(job.plan, {**done, **there})}",
            hint=f"Extract what is missing, then commit again: {command}",
        )
        fails.note(error, job.name)
        return whole

    def _left(self, landing: Landing) -> dict[str, Manifest]:
        """What was written before a commit landed; where files are gone, what the commit itself tells."""
        job = self.job
        found: dict[str, Manifest] = {}
        for unit in landing.units:
            landed = landing.landed.get(unit.id)
            if landed is None:
                continue
            left = left_manifests(job.folder, unit.slices)
            if len(left) < len(unit.slices):
                gone = DamagedStateError(
                    "what this run has built is gone", hint="Start a new run with --new."
                )
                self.stages.failed(job.task.name, gone)
                name = unit.slices[0].id if len(unit.slices) == 1 else WHOLE
                fetched = landed.loaded + landed.superseded + landed.quarantined
                left = {name: Manifest(name, {}, "", fetched=fetched)}
            found |= left
        return found

    def _tell_built(self, done: Mapping[str, Manifest]) -> None:
        """To the tasks that are split over the rows of this one."""
        found = [done[each.id] for each in self.job.plan.slices if each.id in done]
        self.stages.built(self.job.task.name, parts_of(self.job.folder, found))

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
