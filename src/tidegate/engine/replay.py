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
from tidegate.engine.commit import commit_id
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.events import RunListener, ignore
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.invalid import Invalid
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.engine.locks import run_lock, task_lock
from tidegate.engine.plan import Plan, TaskPlan
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.stages import Stages
from tidegate.engine.tables import prepare
from tidegate.engine.task_run import TaskRun
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
            plan = plan_of(self.home, self.run_id)
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
                report.tasks = [self._task(ledger, plan, each, connector) for each in tasks]
            finally:
                connector.client.close()
            report.duration_s = time.monotonic() - began
            ledger.finish(name, int(report.exit_code), report.summary())
            return report

    def _landed(self, plan: TaskPlan) -> bool:
        return self.destination.landed(commit_id(self.run_id, self._qualified(plan.task))) is not None

    def _task(self, ledger: Ledger, plan: Plan, planned: TaskPlan, connector: Connector) -> TaskReport:
        task, name = self.workflow.task(planned.task), self._qualified(planned.task)
        lock = task_lock(self.home, ledger, name, self.destination, self.run_id)
        try:
            prepare(self.destination, name, task.into)
            return TaskRun(
                name=name,
                task=task,
                run_id=self.run_id,
                plan=replace(planned, seen=self.destination.cursor(name).version),
                folder=self.home.run(self.run_id) / task.name,
                connector=connector,
                destination=self.destination,
                lock=lock,
                stop=self.stop,
                max_wait_s=None,
                listener=self.listener,
                now=self.now,
                until=plan.until,
                baselines=Baselines.of(self.home, name),
                stages=Stages(self.home.run(self.run_id), [task.name]),
                invalid=self.invalid,
                again=True,
            ).run()
        finally:
            lock.release()

    def _qualified(self, task: str) -> str:
        return f"{self.workflow.name}.{task}"


def known_run(ledger: Ledger, run_id: str) -> RunRow:
    row = ledger.run(run_id)
    if row is None:
        raise UsageError(f"there is no run {run_id!r} here", hint="`tidegate runs` shows those there are.")
    return row


def plan_of(home: Home, run_id: str) -> Plan:
    plan = Plan.load(home.root / "runs" / run_id / "plan.json")
    if plan is None:
        raise DamagedStateError(
            f"the plan of run {run_id} is gone, and its pages with it",
            hint="What was fetched can only be fetched again: tidegate run.",
        )
    return plan
