"""A process at work on a run: what it holds meanwhile, and its tasks side by side."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidegate.destinations.base import Destination
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.events import RunListener
from tidegate.engine.invalid import Invalid
from tidegate.engine.job import Job
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import Lock, run_lock, task_lock
from tidegate.engine.plan import Plan
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.shards import Step
from tidegate.engine.stages import Stages, in_stages
from tidegate.engine.task_run import TaskRun
from tidegate.engine.tasks import Task
from tidegate.engine.timeline import Timeline
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.audience import overheard
from tidegate.http_tools.drivers import Stop
from tidegate.utils.home import Home
from tidegate.utils.project import Build
from tidegate.utils.secrets import SECRETS

_WORKERS = 4


@dataclass
class AtWork:
    """Use as a context manager: it holds the locks of the run and of its tasks, and closes the connector.

    The locks are taken before anything else is touched, all or none: of runs that begin together, the first
    in this order gets them. `shared` ones leave other shards of the run in.
    """

    workflow: Workflow
    destination: Destination
    home: Home
    ledger: Ledger
    run_id: str
    tasks: Sequence[Task[Any, Any, Any]]
    listener: RunListener
    stop: Stop
    now: Callable[[], datetime]
    given: Connector | None = None  # instead of one that the factory makes
    shared: bool = False
    build: Build = "auto"
    connector: Connector = field(init=False)
    _locks: dict[str, Lock] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> AtWork:
        self.home.mirror.until(self.stop.is_set)
        with ExitStack() as stack:
            lock = run_lock(self.home, self.ledger, self.run_id, shared=self.shared)
            stack.callback(lock.release)
            for task in self.tasks:
                name = self.qualified(task)
                lock = task_lock(
                    self.home, self.ledger, name, self.destination, self.run_id, shared=self.shared
                )
                stack.callback(lock.release)
                self._locks[task.name] = lock
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def connect(self) -> Connector:
        """Once; closed at the end."""
        SECRETS.forget()  # of a process that sees many runs, each looks its secrets up
        self.connector = self.given or self.workflow.factory.create_connector()
        self._stack.callback(self.connector.client.close)
        return self.connector

    def qualified(self, task: Task[Any, Any, Any]) -> str:
        return f"{self.workflow.name}.{task.name}"

    def work(self, plan: Plan, step: Step, invalid: Invalid, max_wait_s: float | None) -> RunReport:
        """The step, for the tasks at hand; what fails in a task is in the report, with its exit code."""
        report = RunReport(self.run_id, self.workflow.name, self.destination.name, self.now())
        began = time.monotonic()
        folder = self.home.run(self.run_id)
        numbers = {each.task: number for number, each in enumerate(plan.tasks)}
        stages = Stages(folder, [task.name for task in self.tasks])
        breaker = self.connector.client.policy.breaker
        with (
            Timeline(folder, self.listener, shard=step.shard) as timeline,
            overheard(breaker, timeline.hear),
            calm_gc(),
        ):
            runs = {}
            for task in in_stages(self.tasks):
                number = numbers[task.name]
                job = Job(
                    name=self.qualified(task),
                    task=task,
                    run_id=self.run_id,
                    plan=plan.tasks[number],
                    run=folder,
                    connector=self.connector,
                    destination=self.destination,
                    lock=self._locks[task.name],
                    stop=self.stop,
                    max_wait_s=max_wait_s,
                    listener=timeline,
                    now=self.now,
                    until=plan.until,
                    baselines=Baselines.of(self.home, self.qualified(task)),
                    invalid=invalid,
                    build=self.build,
                )
                runs[task.name] = TaskRun(job, stages, step, number)
            reports = self._together(runs)
        report.tasks = [reports[task.name] for task in self.tasks]
        report.duration_s = time.monotonic() - began
        return report

    def _together(self, runs: dict[str, TaskRun]) -> dict[str, TaskReport]:
        """In stages: a task waits only for those that a thread has begun before it."""
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="tidegate-task") as pool:
            futures = {name: pool.submit(run.run) for name, run in runs.items()}
            try:
                return {name: future.result() for name, future in futures.items()}
            except BaseException:
                self.stop.set()
                raise


@contextmanager
def calm_gc() -> Iterator[None]:
    """Let the garbage collector look less often while rows are built; as it was after the last of those who
    build side by side in this process.

    Rows die young and hold no cycles; at the usual threshold the collector costs a third of the build. What a
    host has frozen itself (a server does before it forks) stays frozen, and is not looked through.
    """
    _CALM.begin()
    try:
        yield
    finally:
        _CALM.end()


class _Calm:
    """What the collector was like before the first who builds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._builders, self._ours = 0, False
        self._before: tuple[int, ...] = ()

    def begin(self) -> None:
        with self._lock:
            self._builders += 1
            if self._builders > 1:
                return
            self._before, self._ours = gc.get_threshold(), not gc.get_freeze_count()
            if self._ours:
                gc.freeze()
            gc.set_threshold(50_000, 20, 100)

    def end(self) -> None:
        with self._lock:
            self._builders -= 1
            if self._builders:
                return
            gc.set_threshold(*self._before)
            self._before = ()
            if self._ours:
                gc.unfreeze()


_CALM = _Calm()
