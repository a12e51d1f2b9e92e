"""A run: plan, extract, commit. The library's `tidegate.run`, and what the command line calls.

Tasks of a run are independent: each works on a thread of its own (most of their time is waiting for
quotas), commits by itself, and ends with an exit code of its own. The three steps may be taken by processes
of their own, the middle one by several; `Runner.run` takes them in one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from tidegate.contracts.windows import Windows
from tidegate.destinations.base import Destination
from tidegate.engine.at_work import AtWork
from tidegate.engine.events import RunListener, ignore
from tidegate.engine.ledger import Ledger
from tidegate.engine.plan import Plan
from tidegate.engine.planning import Options, Planning, finished, planned
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.shards import COMMIT, RUN, Shard, extract
from tidegate.engine.stages import stage_of
from tidegate.engine.tables import prepare
from tidegate.engine.tasks import Task
from tidegate.engine.vanished import check_range
from tidegate.engine.views import see_to_views
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home

__all__ = ["Options", "Runner"]


@dataclass(frozen=True)
class Extracted:
    """What is known of a run's extraction when its commit begins: when the run began, how long it has taken,
    and the tasks that failed, by name.
    """

    started_at: datetime
    took_s: float
    failed: Mapping[str, TaskReport]

    def complete(self, report: RunReport) -> None:
        """Make the report of the commit one of the whole run."""
        report.started_at = self.started_at
        report.duration_s += self.took_s
        report.tasks = [self._with_cause(task) for task in report.tasks]

    def _with_cause(self, task: TaskReport) -> TaskReport:
        """The commit knows of a failure only that slices are missing; what has landed is in its figures."""
        cause = self.failed.get(task.task)
        if cause is None or task.status != "failed" or cause.exit_code < task.exit_code:
            return task
        return replace(
            task,
            exit_code=cause.exit_code,
            error=cause.error,
            hint=cause.hint,
            pages=max(task.pages, cause.pages),
            warnings=list(dict.fromkeys([*task.warnings, *cause.warnings])),
            drift=task.drift or cause.drift,
        )


@dataclass
class Runner:
    """Everything that a run works with. `stop` cuts it; `now` is injectable for tests.

    Every step raises `TidegateError` for what keeps it from beginning (wrong usage, settings, destination, a
    lock that another run holds); what fails in a task is in the report, with its exit code.
    """

    workflow: Workflow
    destination: Destination
    home: Home
    options: Options = field(default_factory=Options)
    listener: RunListener = ignore
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    connector: Connector | None = None

    def run(self) -> RunReport:
        """Plan, extract and commit, and give the report. A run that is finished does nothing again, but
        for a view that it could not make."""
        tasks, planning = self._asked()
        with Ledger(self.home) as ledger:
            run_id, report = planning.identify(ledger)
            if report is not None:
                return self._with_views(ledger, report)
            with self._at_work(ledger, run_id, tasks) as work:
                plan = self._freeze(work, planning)
                report = work.work(plan, RUN, self.options.invalid, self.options.max_wait_s)
                self._see_to_views(report)
                ledger.finish(run_id, int(report.exit_code), report.summary())
                return report

    def plan(self) -> Plan:
        """Freeze the plan of a run, and give it: as it was frozen before, where it was."""
        tasks, planning = self._asked()
        with Ledger(self.home) as ledger:
            run_id, report = planning.identify(ledger)
            if report is not None:
                return planned(self.home, run_id)
            with self._at_work(ledger, run_id, tasks) as work:
                return self._freeze(work, planning)

    def extract(self, shard: Shard = Shard(), stage: int | None = None) -> RunReport:  # noqa: B008 - frozen
        """Fetch and build the slices of a shard, of the run that `options.run_id` names. Nothing lands.

        Shards of one run may work at the same time, or one of them twice. Where slices depend on the rows of
        other tasks, a shard works one stage at a time, the next when the one before is whole on all shards.
        """
        plan = self._planned()
        tasks = self.workflow.select([each.task for each in plan.tasks])
        step = extract(shard, _stage(plan, tasks, shard, stage))
        with Ledger(self.home) as ledger:
            report = finished(ledger, plan.run_id)
            if report is not None:
                return report
            at_hand = [task for task in tasks if step.stage in (None, stage_of(task))]
            with self._at_work(ledger, plan.run_id, at_hand, shared=True) as work:
                ledger.begin(plan.run_id, plan.workflow, plan.arguments, plan.destination)
                work.connect()
                return work.work(plan, step, self.options.invalid, self.options.max_wait_s)

    def commit(self, extracted: Extracted | None = None) -> RunReport:
        """Land what is whole of the run that `options.run_id` names; nothing is fetched.

        A task with slices that are missing fails with exit code 20 and says which; or, where `extracted`
        tells how it failed before, like that.
        """
        plan = self._planned()
        tasks = self.workflow.select([each.task for each in plan.tasks])
        with Ledger(self.home) as ledger:
            report = finished(ledger, plan.run_id)
            if report is not None:
                return self._with_views(ledger, report)
            with self._at_work(ledger, plan.run_id, tasks) as work:
                ledger.begin(plan.run_id, plan.workflow, plan.arguments, plan.destination)
                self._prepare(work)
                work.connect()
                report = work.work(plan, COMMIT, self.options.invalid, self.options.max_wait_s)
                if extracted is not None:
                    extracted.complete(report)
                self._see_to_views(report)
                ledger.finish(plan.run_id, int(report.exit_code), report.summary())
                return report

    def _asked(self) -> tuple[Sequence[Task[Any, Any, Any]], Planning]:
        """What is to be run, and how to plan it. Raises `UsageError`."""
        now = self.now()
        tasks = self.workflow.runnable(self.options.tasks)
        self.options.range.check(max(_today(task, now) for task in tasks))
        check_range(tasks, self.options.range)
        return tasks, Planning(self.workflow, self.destination, self.home, self.options, now)

    def _at_work(
        self, ledger: Ledger, run_id: str, tasks: Sequence[Task[Any, Any, Any]], *, shared: bool = False
    ) -> AtWork:
        return AtWork(
            self.workflow, self.destination, self.home, ledger, run_id, tasks, self.listener, self.stop,
            self.now, self.connector, shared, self.options.build,
        )  # fmt: skip

    def _freeze(self, work: AtWork, planning: Planning) -> Plan:
        """See that the tables can be written, note that the run has begun, and plan it."""
        self._prepare(work)
        connector = work.connect()
        work.ledger.begin(work.run_id, self.workflow.name, planning.arguments, self.destination.name)
        return planning.freeze(work.run_id, work.tasks, connector)

    def _prepare(self, work: AtWork) -> None:
        for task in work.tasks:
            prepare(self.destination, work.qualified(task), task.into)

    def _with_views(self, ledger: Ledger, report: RunReport) -> RunReport:
        """Of a run that is finished: what failed of its views is seen to again. Were a run with such a view
        an unfinished one, the next would resume it and not ask for what is new.
        """
        if any(view.status == "failed" for view in report.views):
            self._see_to_views(report)
            ledger.finish(report.run_id, int(report.exit_code), report.summary())
        return report

    def _see_to_views(self, report: RunReport) -> None:
        if not self.stop.is_set():
            report.views = see_to_views(self.destination, self.workflow.views, report.landed)

    def _planned(self) -> Plan:
        plan = planned(self.home, self.options.run_id or "")
        theirs = (plan.workflow, plan.arguments["to"])
        if theirs != (self.workflow.name, self.destination.identity):
            raise UsageError(
                f"run {plan.run_id} is of {plan.workflow} into {plan.destination}",
                hint="The destination of a run is chosen when it is planned.",
            )
        return plan


def _today(task: Task[Any, Any, Any], now: datetime) -> date:
    return (task.windows or Windows()).day_of(now)


def _stage(plan: Plan, tasks: Sequence[Task[Any, Any, Any]], shard: Shard, stage: int | None) -> int | None:
    """The stage to work, None for all. Raises `UsageError`."""
    last = max(map(stage_of, tasks))
    if stage is not None and not 1 <= stage <= last:
        stages = "1 stage" if last == 1 else f"{last} stages"
        raise UsageError(f"run {plan.run_id} has {stages}: there is no stage {stage}")
    if stage is None and last > 1 and not shard.is_whole:
        raise UsageError(
            f"run {plan.run_id} has {last} stages: shard {shard} must be told which",
            hint="Add --stage 1; when all shards have ended, extract again with --stage 2, and so on.",
        )
    return stage
