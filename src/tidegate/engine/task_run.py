"""One task of a run: its slices in the plan's order, then one commit, then its share of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import Again, Commit, Destination, Landed
from tidegate.destinations.quarantine import Rejected
from tidegate.engine.build import Build, InstancesBuild
from tidegate.engine.commit import commit, commit_id
from tidegate.engine.context import Context
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.watch import Watch
from tidegate.engine.events import (
    Committing,
    PageBuilt,
    QuotaWait,
    RunListener,
    SliceDone,
    TaskDone,
    TaskStarted,
)
from tidegate.engine.exceptions import AccountingError, EngineError, StoppedError, storage_error
from tidegate.engine.invalid import Invalid
from tidegate.engine.locks import Lock
from tidegate.engine.parts import Manifest, read_part, with_window
from tidegate.engine.plan import WHOLE, Slice, TaskPlan, next_cursor
from tidegate.engine.quarantining import Quarantining
from tidegate.engine.report import TaskReport
from tidegate.engine.slices import SliceWork, Traffic
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector
from tidegate.http_tools.calls import Call
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Event, Retrying, Waiting
from tidegate.http_tools.exceptions import ClientClosedError, ContractError, HttpClientError, PaginationError
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
    invalid: Invalid = field(default_factory=Invalid)
    again: bool = False  # a replay: of what an earlier run fetched, and nothing else
    _traffic: Traffic = field(default_factory=Traffic)
    _resumed: int = 0
    _where: str = ""
    _watch: Watch | None = None

    def run(self) -> TaskReport:
        report = TaskReport(self.name, self.task.into.name, slices=len(self.plan.slices))
        report.warnings += [f"{self.name} {warning}" for warning in self.plan.warnings]
        self.listener(TaskStarted(self.name, len(self.plan.slices)))
        failure = None
        try:
            self._run(report)
        except TidegateError as error:
            failure = self._placed(error)
        except Exception as error:  # noqa: BLE001 - a fault in one task must not take the others along
            failure = self._fault(error)
        if failure is not None:
            report.fail(failure)
        self._tell_drift(report)
        self._count_traffic(report)
        self.listener(TaskDone(report, failure))
        return report

    def _run(self, report: TaskReport) -> None:
        replayed = f"/replay/{self.plan.seen}" if self.again else ""
        report.commit_id = commit_id(self.run_id, self.name + replayed)
        landed = self.destination.landed(report.commit_id)
        if landed is None:
            manifests = self._manifests(report)
            self._count_rows(report, manifests)
            self._check_budget(manifests)
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
        """Work through the slices in the plan's order."""
        try:
            make_private(self.folder)
        except OSError as error:
            raise storage_error(self.folder, error) from error
        calls = [self.task.call(self.connector, each.window) for each in self.plan.slices]
        build = InstancesBuild(self.task, calls[0].reads)
        self._watch = Watch(calls[0].reads, self.run_id, self.baselines)
        work = zip(self.plan.slices, calls, strict=True)
        return [self._slice(each, call, build, self._watch, report) for each, call in work]

    def _left_manifests(self, landed: Landed) -> list[Manifest]:
        """What was written before the commit landed; where files are gone, what the commit itself tells."""
        left = [Manifest.load(self.folder / f"{each.id}.json") for each in self.plan.slices]
        whole = [manifest for manifest in left if manifest is not None]
        if len(whole) < len(left):
            return [Manifest(WHOLE, {}, "", fetched=landed.loaded + landed.superseded + landed.quarantined)]
        return whole

    def _written(self, manifests: list[Manifest], landed: Landed, report: TaskReport) -> list[Manifest]:
        """Those of the windows that were written: of a replay, later runs may have replaced some."""
        cells = {each.id: each.cell for each in self.plan.slices if each.cell is not None}
        if not self.again or not cells:
            return manifests
        left = [cell for cell in cells.values() if cell not in landed.windows]
        if left:
            shown = ", ".join(map(str, left[:10])) + (", ..." if len(left) > 10 else "")
            windows = "window is" if len(left) == 1 else "windows are"
            report.warnings.append(
                f"{self.name}: {len(left):,} {windows} left as later runs have written them: {shown}"
            )
        return [manifest for manifest in manifests if cells[manifest.slice] in landed.windows]

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
        self, each: Slice, call: Call[Any], build: Build, watch: Watch, report: TaskReport
    ) -> Manifest:
        self._where = self.name if each.window is None or each.cell is None else f"{self.name} {each.window}"
        if self.stop.is_set():
            raise StoppedError("stopped before the next slice")

        def built(page: int, rows: int, resumed: bool) -> None:
            self._resumed += resumed
            self.listener(PageBuilt(self.name, page, rows, resumed))

        work = SliceWork(
            folder=self.folder,
            slice_id=each.id,
            call=call,
            build=build,
            context=Context(self.until, each.window),
            invalid=self.invalid,
            quarantining=Quarantining(
                self.name, self.task.into, self.run_id, each.id, each.cell, build.fingerprint
            ),
            watch=watch,
            traffic=self._traffic,
            stop=self.stop,
            max_wait_s=self.max_wait_s,
            listener=self._heard,
            built=built,
            offline=self.again,
        )
        manifest = work.finish()
        self._resumed += manifest.pages if work.stood else 0
        report.pages += manifest.pages
        report.warnings += [f"{self._where}: {warning}" for warning in manifest.warnings]
        self.listener(SliceDone(self.name, each.id))
        return manifest

    def _heard(self, event: Event) -> None:
        match event:
            case Waiting():
                self.listener(QuotaWait(self.name, event.seconds, "quota"))
            case Retrying():
                self.listener(QuotaWait(self.name, event.delay_s, event.failure))
            case _:
                pass

    def _commit(self, report: TaskReport, manifests: list[Manifest]) -> Landed:
        self._where = self.name
        self.listener(Committing(self.name, sum(manifest.rows for manifest in manifests)))
        self.lock.check()
        cells = tuple(each.cell for each in self.plan.slices if each.cell is not None)
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
                windows=cells,
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

    def _placed(self, error: TidegateError) -> TidegateError:
        """The same error, saying which task and window it is about, and how to go on."""
        if isinstance(error, ClientClosedError) and self.stop.is_set():
            error = StoppedError("stopped")
        text = str(error).removeprefix(f"{self.name}: ")
        error.args = (f"{self._where or self.name}{_page_of(error)}: {text}",)
        if error.hint is None and isinstance(error, ContractError):
            error.hint = (
                "Mend the read contract and run again: what was fetched stands."
                " Where it is the API that mends its answer, --new asks for it again."
            )
        if error.hint is None and error.exit_code is ExitCode.TRY_AGAIN:
            error.hint = "Run the same command again: it resumes, and asks for no page that it has."
        return error

    def _fault(self, error: Exception) -> EngineError:
        fault = EngineError(
            f"{self._where or self.name}: {type(error).__name__}: {error}",
            hint="A fault in tidegate or in the workflow's own code: --debug shows where it is.",
        )
        fault.__cause__ = error
        return fault

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


def _page_of(error: TidegateError) -> str:
    """Which page was asked for in vain; errors about the content of a page name it themselves."""
    page = error.page if isinstance(error, HttpClientError) else None
    if page is None or isinstance(error, ContractError | PaginationError):
        return ""
    return f" page {page}"
