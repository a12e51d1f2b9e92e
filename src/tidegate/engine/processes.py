"""`--executor processes`: the steps of a run, with the middle one in several processes of this machine.

Each worker fetches and builds a shard of the slices by itself and gives back what a report says; pages, parts
and manifests are where they always are, so what a worker that is killed has left is taken up by the next.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any

from tidegate.engine.events import SliceDone, SliceStarted, TaskDone, TaskStarted
from tidegate.engine.exceptions import LostWorkerError, StoppedError
from tidegate.engine.ledger import Ledger
from tidegate.engine.plan import Plan
from tidegate.engine.planning import finished
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.run import Extracted, Runner
from tidegate.engine.shards import Shard
from tidegate.engine.stages import stage_of
from tidegate.engine.worker import STOP, Errand, work
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.rate_limiters import LimiterHost, NoLimit
from tidegate.utils.errors import TidegateError, UsageError
from tidegate.utils.mirrors.segments import SegmentLimits

_ATTEMPTS = 3
_LAST_WORDS_S = 10.0  # of a worker that was told to stop


@dataclass
class Processes:
    """Works a run as `Runner.run` does, with `count` worker processes for each stage.

    The workflow's tasks and factory must be found by their names in a module: a worker imports them. It makes
    a connector of its own; their requests go by the limiter of this process, so the quota is one.
    """

    runner: Runner
    count: int
    segments: SegmentLimits = field(default_factory=SegmentLimits)

    def run(self) -> RunReport:
        """Raises what `Runner.run` raises. What fails in a worker is in the report."""
        runner = self.runner
        _check_found_by_name(runner.workflow)
        started_at, began = runner.now(), time.monotonic()
        plan = runner.plan()
        runner.options = replace(runner.options, run_id=plan.run_id, new=False)
        with Ledger(runner.home) as ledger:
            report = finished(ledger, plan.run_id)
        if report is not None:
            return report
        told = _Told()
        connector = runner.workflow.factory.create_connector()
        try:
            host = LimiterHost(connector.client.policy.limiter or NoLimit())
            for stage in range(1, self._stages(plan) + 1):
                self._stage(host, stage, told)
        finally:
            connector.client.close()
        return runner.commit(Extracted(started_at, time.monotonic() - began, told.failed))

    def _stages(self, plan: Plan) -> int:
        tasks = self.runner.workflow.select([each.task for each in plan.tasks])
        return max(map(stage_of, tasks))

    def _stage(self, host: LimiterHost, stage: int, told: _Told) -> None:
        """Raises the first error that kept a worker from beginning."""
        shards = [Shard(number, self.count) for number in range(1, self.count + 1)]
        with ThreadPoolExecutor(self.count, thread_name_prefix="tidegate-worker") as pool:
            futures = [pool.submit(self._shard, host, self._errand(shard, stage), told) for shard in shards]
            reports = [_outcome(each) for each in futures]
        for report in reports:
            if isinstance(report, TidegateError):
                raise report
            told.note(report)

    def _errand(self, shard: Shard, stage: int) -> Errand:
        runner = self.runner
        home = runner.home
        return Errand(
            runner.workflow, runner.options, shard, stage, runner.destination.name,
            home.shown if home.mirror.shared else str(home.root.absolute()), self.segments,
        )  # fmt: skip

    def _shard(self, host: LimiterHost, errand: Errand, told: _Told) -> RunReport:
        """One shard to its end, by as many processes one after the other as it takes."""
        code = None
        for _ in range(_ATTEMPTS):
            if self.runner.stop.is_set():
                raise StoppedError("stopped before a worker had ended")
            with _Worker.started(host, errand) as worker, self._told_to_stop(worker):
                last = worker.hear(lambda event: self._pass_on(event, errand.shard, told))
            if isinstance(last, TidegateError):
                raise last
            if last is not None:
                return last
            code = worker.exit_code
        raise LostWorkerError(
            f"worker {errand.shard} has died {_ATTEMPTS} times, at last with exit code {code}",
            hint="Run the same command again: it resumes. A code of -9 is often a machine out of memory.",
        )

    @contextmanager
    def _told_to_stop(self, worker: _Worker) -> Iterator[None]:
        """While it works, a stop of this process is one of the worker."""
        ended: Future[None] = Future()

        def watch() -> None:
            try:
                self.runner.stop.wait_for(ended)
            except TidegateError:
                worker.stop()

        watching = threading.Thread(target=watch, name="tidegate-stop-worker")
        watching.start()
        try:
            yield
        finally:
            ended.set_result(None)
            watching.join()

    def _pass_on(self, event: Any, shard: Shard, told: _Told) -> None:
        """Each worker tells of its share of a task: who listens hears of the whole."""
        with told.lock:
            match event:
                case TaskStarted():
                    event = told.slices_of(event, shard)
                case TaskDone():
                    event = None
                case SliceStarted() | SliceDone() if told.is_done(event):
                    event = None
            if event is not None:
                self.runner.listener(event)


@dataclass
class _Told:
    """What workers have told so far. `failed` are the tasks that failed in one of them, by name."""

    failed: dict[str, TaskReport] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _slices: dict[str, dict[Shard, int]] = field(default_factory=dict)
    _done: set[tuple[str, str]] = field(default_factory=set)

    def note(self, report: RunReport) -> None:
        for task in report.tasks:
            if task.status == "failed":
                self.failed.setdefault(task.task, task)

    def slices_of(self, event: TaskStarted, shard: Shard) -> TaskStarted | None:
        """The task with the slices of all shards that have begun; None where that is known."""
        shares = self._slices.setdefault(event.task, {})
        if shard in shares:
            return None
        shares[shard] = event.slices
        return TaskStarted(event.task, sum(shares.values()))

    def is_done(self, event: SliceDone | SliceStarted) -> bool:
        """Whether a worker before this one has told that the slice is done."""
        key = (event.task, event.slice)
        if key in self._done:
            return True
        if isinstance(event, SliceDone):
            self._done.add(key)
        return False


@dataclass
class _Worker:
    """A process that works, and the end of its line that is ours."""

    process: Any
    line: Connection

    @classmethod
    @contextmanager
    def started(cls, host: LimiterHost, errand: Errand) -> Iterator[_Worker]:
        """Its quota is served while it lives; when the block is left it has ended."""
        quota, its_quota = Pipe()
        line, its_line = Pipe()
        process = get_context("spawn").Process(
            target=work, args=(errand, its_quota, its_line), name=f"tidegate-worker-{errand.shard.number}"
        )
        process.start()
        its_quota.close()
        its_line.close()
        serving = threading.Thread(target=host.serve, args=(quota,), name="tidegate-quota", daemon=True)
        serving.start()
        worker = cls(process, line)
        try:
            yield worker
        finally:
            line.close()  # which is a stop for one that still works
            process.join(_LAST_WORDS_S)
            if process.is_alive():
                process.kill()
                process.join()
            serving.join()

    def hear(self, listener: Any) -> RunReport | TidegateError | None:
        """Pass its events on until its last word; None where it died without one."""
        with suppress(EOFError, OSError):
            while True:
                kind, value = self.line.recv()
                if kind != "event":
                    last: RunReport | TidegateError = value
                    return last
                listener(value)
        return None

    def stop(self) -> None:
        with suppress(OSError):
            self.line.send(STOP)

    @property
    def exit_code(self) -> int | None:
        code: int | None = self.process.exitcode
        return code


def _check_found_by_name(workflow: Workflow) -> None:
    """Raise `UsageError` where a worker could not import the tasks or the factory."""
    try:
        pickle.dumps(workflow)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"the workflow {workflow.name} cannot be had by another process: {error}",
            hint="Declare its tasks and its factory at the top of modules; the factory may be a class.",
        ) from error


def _outcome(future: Future[RunReport]) -> RunReport | TidegateError:
    try:
        return future.result()
    except TidegateError as error:
        return error
