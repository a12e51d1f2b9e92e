"""Which run a command is, and its plan: frozen once, and the same for every process that works on the run."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidegate.destinations.base import Destination
from tidegate.engine.exceptions import SlicesError
from tidegate.engine.invalid import Invalid
from tidegate.engine.ledger import Ledger
from tidegate.engine.plan import PLAN, Plan, Range, TaskPlan, plan_task
from tidegate.engine.report import RunReport
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector, Workflow
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home
from tidegate.utils.project import Build

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Options:
    """What a run is asked to do. `arguments()` is what makes two commands the same command: it says what is
    asked for and where it goes, not what becomes of rows that break a contract, nor which build makes them.
    """

    tasks: tuple[str, ...] = ()
    range: Range = field(default_factory=Range)
    run_id: str | None = None
    new: bool = False
    max_wait_s: float | None = None
    invalid: Invalid = field(default_factory=Invalid)
    build: Build = "auto"

    def arguments(self, destination: str) -> dict[str, Any]:
        return {
            "tasks": sorted(self.tasks),
            "from": self.range.first and self.range.first.isoformat(),
            "until": self.range.last and self.range.last.isoformat(),
            "full_refresh": self.range.full_refresh,
            "to": destination,
        }


@dataclass(frozen=True)
class Planning:
    """Of one command."""

    workflow: Workflow
    destination: Destination
    home: Home
    options: Options
    now: datetime

    @property
    def arguments(self) -> dict[str, Any]:
        return self.options.arguments(self.destination.identity)

    def identify(self, ledger: Ledger) -> tuple[str, RunReport | None]:
        """The run's id, and its report where it is finished already. Raises `UsageError`."""
        wanted, arguments = self.options.run_id, self.arguments
        if wanted is None:
            open_run = None if self.options.new else ledger.unfinished(self.workflow.name, arguments)
            return (open_run.run_id if open_run else self._new_id()), None
        check_id(wanted)
        row = ledger.run(wanted)
        if row is None:
            return wanted, None
        if self.options.new:
            raise UsageError(f"run id {row.run_id} is used already", hint="Leave --new away to resume it.")
        self._check_same(row.run_id, row.workflow, row.arguments)
        return wanted, finished(ledger, wanted)

    def freeze(self, run_id: str, tasks: Sequence[Task[Any, Any, Any]], connector: Connector) -> Plan:
        """The run's plan: as it was frozen, or frozen now. The caller holds the locks of the run."""
        path = self.home.run(run_id) / PLAN
        plan = Plan.load(path)
        if plan is not None:
            self._check_same(plan.run_id, plan.workflow, plan.arguments)
            return plan
        planned = tuple(self._plan_task(task, connector) for task in tasks)
        plan = Plan(
            run_id, self.workflow.name, self.arguments, self.destination.name, self.now, planned,
            self.options.invalid,
        )  # fmt: skip
        plan.save(path)
        self.home.mirror.is_new(path.parent)
        return plan

    def _plan_task(self, task: Task[Any, Any, Any], connector: Connector) -> TaskPlan:
        name = f"{self.workflow.name}.{task.name}"
        try:
            return plan_task(task, self.destination.cursor(name), self.options.range, self.now, connector)
        except SlicesError as error:
            error.args = (f"{name}: {error}",)
            raise

    def _check_same(self, run_id: str, workflow: str, before: dict[str, Any]) -> None:
        arguments = self.arguments
        if (workflow, before) == (self.workflow.name, arguments):
            return
        changed = [f"{key} was {before.get(key)}" for key in arguments if before.get(key) != arguments[key]]
        raise UsageError(
            f"run id {run_id} was used with other arguments ({', '.join(changed) or 'of ' + workflow})",
            hint="Use another --run-id, or the arguments that it began with.",
        )

    def _new_id(self) -> str:
        return f"{self.workflow.name}-{self.now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def check_id(run_id: str) -> None:
    """Raise `UsageError` for one that is no file name."""
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"run id {run_id!r}: use letters, digits, '.', '_' and '-', at most 100")


def finished(ledger: Ledger, run_id: str) -> RunReport | None:
    """The report of a run that has nothing left to do."""
    row = ledger.run(run_id)
    return (
        None
        if row is None or not row.finished or row.summary is None
        else RunReport.from_summary(row.summary)
    )


def planned(home: Home, run_id: str) -> Plan:
    """The plan of a run that `plan`, or `run`, has frozen. Raises `UsageError` where there is none."""
    check_id(run_id)
    folder = home.root / "runs" / run_id
    plan = Plan.load(folder / PLAN)
    if plan is None:
        raise UsageError(
            f"there is no run {run_id!r} here that is planned",
            hint=f"Plan it first: tidegate plan WORKFLOW --run-id {run_id}",
        )
    return plan
