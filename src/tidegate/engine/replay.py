"""Replay: an earlier run built and committed again from its page log, by today's contracts, without the API.

It never moves a cursor and never overwrites what a later run has written.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tidegate.destinations.base import Destination
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.events import RunListener, ignore
from tidegate.engine.invalid import Invalid
from tidegate.engine.job import Job
from tidegate.engine.landing import units_of
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.locks import run_lock, task_lock
from tidegate.engine.plan import Plan, TaskPlan, load_plan
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.shards import RUN
from tidegate.engine.stages import Stages
from tidegate.engine.tables import prepare
from tidegate.engine.task_run import TaskRun
from tidegate.engine.timeline import Timeline
from tidegate.engine.views import see_to_views
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home


@dataclass
class Replay:
    """The tasks of `run_id` that have landed, one after the other; each ends as a task of a run does."""

    workflow: Workflow
    destination: Destination
    home: Home
    run_id: str
    invalid: Invalid = field(default_factory=Invalid)
    listener: RunListener = ignore
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    connector: Connector | None = None

    def run(self) -> RunReport:
        """Raises `UsageError` for a run that is unknown or has not landed, and `DamagedStateError` where its
        plan is gone.
        """
        with Ledger(self.home) as ledger, ExitStack() as stack:
            row = known_run(ledger, self.run_id)
            plan = load_plan(self.home.root / "runs" / self.run_id)
            tasks = [each for each in plan.tasks if self._landed(each)]
            if not tasks:
                raise UsageError(
                    f"run {self.run_id} has not landed in {self.destination.name}",
                    hint=f"Resume it: tidegate run {row.workflow} --run-id {self.run_id}",
                )
            stack.callback(run_lock(self.home, ledger, self.run_id).release)
            name = f"{self.run_id}.replay-{secrets.token_hex(3)}"
            ledger.begin(name, row.workflow, {"replay": self.run_id}, self.destination.name)
            report = RunReport(name, row.workflow, self.destination.name, self.now())
            began = time.monotonic()
            connector = self.connector or self.workflow.factory.create_connector()
            try:
                with Timeline(self.home.run(name), self.listener) as timeline:
                    report.tasks = [self._task(ledger, plan, each, connector, timeline) for each in tasks]
            finally:
                connector.client.close()
            report.views = see_to_views(self.destination, self.workflow.views, report.landed)
            report.duration_s = time.monotonic() - began
            ledger.finish(name, int(report.exit_code), report.summary())
            return report

    def _landed(self, plan: TaskPlan) -> bool:
        name = self._qualified(plan.task)
        units = units_of(self.run_id, name, self.workflow.task(plan.task), plan)
        return all(self.destination.landed(unit.id) is not None for unit in units)

    def _task(
        self, ledger: Ledger, plan: Plan, planned: TaskPlan, connector: Connector, listener: RunListener
    ) -> TaskReport:
        task, name = self.workflow.task(planned.task), self._qualified(planned.task)
        lock = task_lock(self.home, ledger, name, self.destination, self.run_id)
        try:
            prepare(self.destination, name, task.into)
            job = Job(
                name=name,
                task=task,
                run_id=self.run_id,
                plan=replace(planned, seen=self.destination.cursor(name).version),
                run=self.home.run(self.run_id),
                connector=connector,
                destination=self.destination,
                lock=lock,
                stop=self.stop,
                max_wait_s=None,
                listener=listener,
                now=self.now,
                until=plan.until,
                baselines=Baselines.of(self.home, name),
                invalid=self.invalid,
                again=True,
            )
            return TaskRun(job, Stages(job.run, [task.name]), RUN).run()
        finally:
            lock.release()

    def _qualified(self, task: str) -> str:
        return f"{self.workflow.name}.{task}"


def known_run(ledger: Ledger, run_id: str) -> RunRow:
    row = ledger.run(run_id)
    if row is None:
        raise UsageError(f"there is no run {run_id!r} here", hint="`tidegate runs` shows those there are.")
    return row
