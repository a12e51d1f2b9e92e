"""A run: plan, slices, commits, report. The library's `tidegate.run`, and what the command line calls.

Tasks of a run are independent: each works on a thread of its own (most of their time is waiting for
quotas), commits by itself, and ends with an exit code of its own.
"""

from __future__ import annotations

import gc
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from tidegate.contracts.windows import Windows
from tidegate.destinations.base import Destination
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.events import RunListener, ignore
from tidegate.engine.exceptions import SlicesError
from tidegate.engine.invalid import Invalid
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import Lock, run_lock, task_lock
from tidegate.engine.plan import Plan, Range, TaskPlan, plan_task
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.stages import Stages, in_stages
from tidegate.engine.tables import prepare
from tidegate.engine.task_run import TaskRun
from tidegate.engine.tasks import Task
from tidegate.engine.timeline import Timeline
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WORKERS = 4


@dataclass(frozen=True)
class Options:
    """What a run is asked to do. `arguments()` is what makes two commands the same command: it says what is
    asked for and where it goes, not what becomes of rows that break a contract.
    """

    tasks: tuple[str, ...] = ()
    range: Range = field(default_factory=Range)
    run_id: str | None = None
    new: bool = False
    max_wait_s: float | None = None
    invalid: Invalid = field(default_factory=Invalid)

    def arguments(self, destination: str) -> dict[str, Any]:
        return {
            "tasks": sorted(self.tasks),
            "from": self.range.first and self.range.first.isoformat(),
            "until": self.range.last and self.range.last.isoformat(),
            "full_refresh": self.range.full_refresh,
            "to": destination,
        }


@dataclass
class Runner:
    """Everything that a run works with. `stop` cuts it; `now` is injectable for tests."""

    workflow: Workflow
    destination: Destination
    home: Home
    options: Options = field(default_factory=Options)
    listener: RunListener = ignore
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    connector: Connector | None = None

    def run(self) -> RunReport:
        """Do it, and give the report; what fails in a task is in the report, with its exit code.

        Raises `TidegateError` for what keeps a run from beginning: wrong usage, settings, destination.
        """
        tasks = self.workflow.runnable(self.options.tasks)
        self.options.range.check(max(_today(task, self.now()) for task in tasks))
        arguments = self.options.arguments(self.destination.identity)
        with Ledger(self.home) as ledger, ExitStack() as stack:
            run_id, finished = self._identify(ledger, arguments)
            if finished is not None:
                return finished
            stack.callback(run_lock(self.home, ledger, run_id).release)
            for task in tasks:
                prepare(self.destination, self._qualified(task), task.into)
            connector = self.connector or self.workflow.factory.create_connector()
            report = RunReport(run_id, self.workflow.name, self.destination.name, self.now())
            began = time.monotonic()
            try:
                report.tasks = self._work(ledger, run_id, arguments, tasks, connector)
            finally:
                connector.client.close()
            report.duration_s = time.monotonic() - began
            ledger.finish(run_id, int(report.exit_code), report.summary())
            return report

    def _identify(self, ledger: Ledger, arguments: dict[str, Any]) -> tuple[str, RunReport | None]:
        """The run's id, and its report where it is finished already."""
        wanted = self.options.run_id
        if wanted is None:
            open_run = None if self.options.new else ledger.unfinished(self.workflow.name, arguments)
            return (open_run.run_id if open_run else self._new_id()), None
        if not _RUN_ID.fullmatch(wanted):
            raise UsageError(f"run id {wanted!r}: use letters, digits, '.', '_' and '-', at most 100")
        row = ledger.run(wanted)
        if row is None:
            return wanted, None
        if self.options.new:
            raise UsageError(f"run id {row.run_id} is used already", hint="Leave --new away to resume it.")
        self._check_same(row.run_id, row.workflow, row.arguments, arguments)
        if row.finished and row.summary is not None:
            return wanted, RunReport.from_summary(row.summary)
        return wanted, None

    def _check_same(
        self, run_id: str, workflow: str, before: dict[str, Any], arguments: dict[str, Any]
    ) -> None:
        if (workflow, before) == (self.workflow.name, arguments):
            return
        changed = [f"{key} was {before.get(key)}" for key in arguments if before.get(key) != arguments[key]]
        raise UsageError(
            f"run id {run_id} was used with other arguments ({', '.join(changed) or 'of ' + workflow})",
            hint="Use another --run-id, or the arguments that it began with.",
        )

    def _new_id(self) -> str:
        return f"{self.workflow.name}-{self.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    def _work(
        self,
        ledger: Ledger,
        run_id: str,
        arguments: dict[str, Any],
        tasks: Sequence[Task[Any, Any, Any]],
        connector: Connector,
    ) -> list[TaskReport]:
        with ExitStack() as stack:
            locks = {}
            for task in tasks:  # all or none: of runs that begin together, the first in this order gets them
                lock = task_lock(self.home, ledger, self._qualified(task), self.destination, run_id)
                stack.callback(lock.release)
                locks[task.name] = lock
            ledger.begin(run_id, self.workflow.name, arguments, self.destination.name)
            plan = self._plan(run_id, arguments, tasks, connector)
            timeline = stack.enter_context(Timeline(self.home.run(run_id), self.listener))
            stages = Stages(self.home.run(run_id), [task.name for task in tasks])
            runs = {
                task.name: self._task_run(run_id, task, plan, locks[task.name], connector, timeline, stages)
                for task in in_stages(tasks)
            }
            with calm_gc():
                reports = self._together(runs)
            return [reports[task.name] for task in tasks]

    def _together(self, runs: dict[str, TaskRun]) -> dict[str, TaskReport]:
        """In stages: a task waits only for those that a thread has begun before it."""
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="tidegate-task") as pool:
            futures = {name: pool.submit(run.run) for name, run in runs.items()}
            try:
                return {name: future.result() for name, future in futures.items()}
            except BaseException:
                self.stop.set()
                raise

    def _plan(
        self,
        run_id: str,
        arguments: dict[str, Any],
        tasks: Sequence[Task[Any, Any, Any]],
        connector: Connector,
    ) -> Plan:
        """The run's plan: as it was frozen, or frozen now."""
        path = self.home.run(run_id) / "plan.json"
        plan = Plan.load(path)
        if plan is not None:
            self._check_same(plan.run_id, plan.workflow, plan.arguments, arguments)
            return plan
        now = self.now()
        planned = [self._plan_task(task, now, connector) for task in tasks]
        plan = Plan(run_id, self.workflow.name, arguments, now, tuple(planned))
        plan.save(path)
        return plan

    def _plan_task(self, task: Task[Any, Any, Any], now: datetime, connector: Connector) -> TaskPlan:
        name = self._qualified(task)
        try:
            return plan_task(task, self.destination.cursor(name), self.options.range, now, connector)
        except SlicesError as error:
            error.args = (f"{name}: {error}",)
            raise

    def _task_run(
        self,
        run_id: str,
        task: Task[Any, Any, Any],
        plan: Plan,
        lock: Lock,
        connector: Connector,
        listener: RunListener,
        stages: Stages,
    ) -> TaskRun:
        return TaskRun(
            name=self._qualified(task),
            task=task,
            run_id=run_id,
            plan=next(each for each in plan.tasks if each.task == task.name),
            folder=self.home.run(run_id).joinpath(task.name),
            connector=connector,
            destination=self.destination,
            lock=lock,
            stop=self.stop,
            max_wait_s=self.options.max_wait_s,
            listener=listener,
            now=self.now,
            until=plan.until,
            baselines=Baselines.of(self.home, self._qualified(task)),
            stages=stages,
            invalid=self.options.invalid,
        )

    def _qualified(self, task: Task[Any, Any, Any]) -> str:
        return f"{self.workflow.name}.{task.name}"


def _today(task: Task[Any, Any, Any], now: datetime) -> date:
    return (task.windows or Windows()).day_of(now)


@contextmanager
def calm_gc() -> Iterator[None]:
    """Let the garbage collector look less often while rows are built; as it was afterwards.

    Rows die young and hold no cycles; at the usual threshold the collector costs a third of the build.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
