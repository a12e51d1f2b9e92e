"""What a run did, in figures: the accounting sum of every task, and the exit code that follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from tidegate.engine.drift.findings import Finding
from tidegate.engine.views import ViewReport
from tidegate.utils.errors import ExitCode, TidegateError

Status = Literal["loaded", "extracted", "failed"]


@dataclass
class TaskReport:
    """One task of a run. `rows_fetched + rows_added` is the sum of the other rows once it has loaded, less
    `rows_deleted`: these are rows of earlier runs that had vanished. `bytes_billed` and `slot_ms` are what a
    destination charges for the commits of this run: bytes, and milliseconds of a slot.
    """

    task: str
    table: str
    status: Status = "failed"
    exit_code: int = int(ExitCode.FAILED)
    slices: int = 0
    pages: int = 0
    pages_resumed: int = 0
    api_calls: int = 0
    retries: int = 0
    waited_s: float = 0.0
    bytes: int = 0
    rows_fetched: int = 0
    rows_added: int = 0
    rows_loaded: int = 0
    rows_superseded: int = 0
    rows_dropped: int = 0
    rows_quarantined: int = 0
    rows_deleted: int = 0
    bytes_billed: int = 0
    slot_ms: int = 0
    cursor: str | None = None
    commit_id: str | None = None
    error: str | None = None
    hint: str | None = None
    warnings: list[str] = field(default_factory=list)
    drift: list[Finding] = field(default_factory=list)

    def fail(self, error: TidegateError) -> None:
        self.status, self.exit_code = "failed", int(error.exit_code)
        self.error, self.hint = str(error), error.hint

    @property
    def accounted(self) -> bool:
        gone = self.rows_superseded + self.rows_dropped + self.rows_quarantined
        return self.rows_fetched + self.rows_added == self.rows_loaded + gone


@dataclass
class RunReport:
    """One run. `summary()` is the machine's view of it."""

    run_id: str
    workflow: str
    destination: str
    started_at: datetime
    duration_s: float = 0.0
    tasks: list[TaskReport] = field(default_factory=list)
    views: list[ViewReport] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        codes = [*(task.exit_code for task in self.tasks), *(view.exit_code for view in self.views)]
        return ExitCode(max(codes, default=int(ExitCode.OK)))

    @property
    def landed(self) -> set[str]:
        """The tables that rows have landed in, or none by a task that has loaded all the same."""
        return {task.table for task in self.tasks if task.status == "loaded" or task.rows_loaded}

    @property
    def status(self) -> Status:
        if self.exit_code not in (ExitCode.OK, ExitCode.QUARANTINED):
            return "failed"
        return "extracted" if any(task.status == "extracted" for task in self.tasks) else "loaded"

    def summary(self) -> dict[str, Any]:
        """One JSON object; times ISO 8601 in UTC, durations in seconds."""
        return {
            "run_id": self.run_id,
            "workflow": self.workflow,
            "status": self.status,
            "exit_code": int(self.exit_code),
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "duration_s": round(self.duration_s, 3),
            "destination": self.destination,
            "tasks": [{**asdict(task), "waited_s": round(task.waited_s, 3)} for task in self.tasks],
            "views": [asdict(view) for view in self.views],
        }

    @classmethod
    def from_summary(cls, summary: dict[str, Any]) -> RunReport:
        return cls(
            run_id=summary["run_id"],
            workflow=summary["workflow"],
            destination=summary["destination"],
            started_at=datetime.fromisoformat(summary["started_at"]),
            duration_s=summary["duration_s"],
            tasks=[_task_report(task) for task in summary["tasks"]],
            views=[ViewReport(**_known(ViewReport, each)) for each in summary.get("views", [])],
        )


def _task_report(stored: dict[str, Any]) -> TaskReport:
    """As far as this version knows its fields: the record may be of another one."""
    drift = [Finding(**_known(Finding, each)) for each in stored.get("drift", [])]
    return TaskReport(**_known(TaskReport, stored) | {"drift": drift})


def _known(kind: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    return {each.name: stored[each.name] for each in fields(kind) if each.name in stored}
