"""A run's record in its own folder, from which the ledger is made anew where it was lost.

`run.json` is written when the run begins and never changes, `summary.json` whenever an attempt ends.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate.engine import state_files
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.report import RunReport
from tidegate.utils.errors import ExitCode
from tidegate.utils.gcp_errors import GooglePreconditionError
from tidegate.utils.home import Home

BEGUN, ENDED = "run.json", "summary.json"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the ledger knows it. `exit_code` is None while it works, or after it was killed."""

    run_id: str
    workflow: str
    arguments: dict[str, Any]
    destination: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    summary: dict[str, Any] | None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to resume: each task has loaded, or lost to another run."""
        tasks = self.summary["tasks"] if self.summary else []
        left = (int(ExitCode.TRY_AGAIN), int(ExitCode.FAILED))
        return bool(tasks) and not any(task["exit_code"] in left for task in tasks)


def write_begun(home: Home, row: RunRow) -> None:
    """Note that the run has begun, where that is not noted yet. Durable when this returns."""
    path = home.run(row.run_id) / BEGUN
    if not state_files.stands(path):
        names = ("run_id", "workflow", "arguments", "destination")
        fields = {name: getattr(row, name) for name in names}
        with suppress(GooglePreconditionError):  # another machine has noted it just now
            state_files.save(path, {**fields, "started_at": row.started_at.isoformat()})


def write_ended(home: Home, run_id: str, at: datetime, exit_code: int, summary: dict[str, Any]) -> None:
    """Note how an attempt ended, in place of the one before. Durable when this returns."""
    fields = {"finished_at": at.isoformat(), "exit_code": exit_code, "summary": summary}
    state_files.replace(home.run(run_id) / ENDED, fields)


def row_of(folder: Path) -> RunRow | None:
    """What a run's folder tells; None where it has no record. Raises `DamagedStateError`.

    The end of a run whose summary is damaged is not known: taken for unfinished, it is at most looked up
    again at the destination.
    """
    begun = state_files.load(folder / BEGUN, _begun)
    if begun is None or begun["run_id"] != folder.name:
        return None
    try:
        ended = state_files.load(folder / ENDED, _ended)
    except DamagedStateError:
        ended = None
    return RunRow(**begun, **(ended or {"finished_at": None, "exit_code": None, "summary": None}))


def rows_of(home: Home) -> list[RunRow]:
    """Those of every folder that has a record, in the order in which they began."""
    found = []
    for folder in (home.root / "runs").glob("*"):
        try:
            row = row_of(folder)
        except DamagedStateError:  # whether it loaded is not known: it is neither listed nor resumed
            continue
        if row is not None:
            found.append(row)
    return sorted(found, key=lambda row: row.started_at)


def plain_row(row: RunRow) -> dict[str, Any]:
    """All of it, for JSON; `row_from` makes it again."""
    fields = {name: getattr(row, name) for name in RunRow.__slots__}
    ended = row.finished_at and row.finished_at.isoformat()
    return fields | {"started_at": row.started_at.isoformat(), "finished_at": ended}


def row_from(stored: dict[str, Any]) -> RunRow:
    """Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
    ended = {"finished_at": None, "exit_code": None, "summary": None}
    return RunRow(**_begun(stored), **(_ended(stored) if stored["finished_at"] else ended))


def _begun(stored: dict[str, Any]) -> dict[str, Any]:
    names = ("run_id", "workflow", "arguments", "destination")
    return {name: stored[name] for name in names} | {"started_at": _instant(stored["started_at"])}


def _ended(stored: dict[str, Any]) -> dict[str, Any]:
    """Of another version's summary what this one knows, with all that it knows."""
    summary = RunReport.from_summary(stored["summary"]).summary()
    return {
        "finished_at": _instant(stored["finished_at"]),
        "exit_code": int(stored["exit_code"]),
        "summary": summary,
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
