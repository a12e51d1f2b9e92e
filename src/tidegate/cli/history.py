"""Commands that look back: `runs` from the ledger, `status` from the destination."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.tables import print_table
from tidegate.app.text import moment
from tidegate.destinations.base import Freshness
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.utils.errors import ExitCode
from tidegate.utils.home import Home
from tidegate.utils.project import Project

_OUTCOMES: Mapping[int | None, str] = {
    None: "unfinished",
    ExitCode.OK: "loaded",
    ExitCode.QUARANTINED: "loaded, some rows quarantined",
    ExitCode.TRY_AGAIN: "worth trying again (20)",
    ExitCode.FAILED: "failed (30)",
    ExitCode.LOST: "another run won (40)",
}


def runs_command(limit: int, *, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        home = Project.find(Path.cwd()).home(os.environ)
        rows = _runs(home, limit)
        if as_json:
            sys.stdout.writelines(json.dumps(_plain_run(row)) + "\n" for row in rows)
            return
        if not rows:
            sys.stdout.write(f"Nothing has run here yet ({home.shown}). `tidegate list` shows what can.\n")
            return
        table = [
            (
                row.run_id,
                row.workflow,
                f"{row.started_at:%Y-%m-%d %H:%M:%S}",
                _OUTCOMES.get(row.exit_code, f"exit {row.exit_code}"),
                f"{_rows(row):,}",
                row.destination,
            )
            for row in rows
        ]
        header = ("run", "workflow", "started (UTC)", "outcome", "rows loaded", "into")
        print_table(header, table, sys.stdout, right=(4,))


def status_command(to: str | None, *, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        destination = destination_of(Project.find(Path.cwd()), to)
        tables = destination.freshness()
        if as_json:
            sys.stdout.writelines(json.dumps(_plain_table(each)) + "\n" for each in tables)
            return
        if not tables:
            sys.stdout.write(f"{destination.name}: nothing has been loaded into it yet\n")
            return
        now = datetime.now(UTC)
        rows = [
            (
                each.table,
                each.task,
                f"{each.rows:,}",
                _age(now, each.committed_at),
                "" if each.cursor is None else moment(each.cursor),
                each.run_id,
            )
            for each in tables
        ]
        print_table(("table", "task", "rows", "last commit", "cursor", "run"), rows, sys.stdout, right=(2,))


def _plain_run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "workflow": row.workflow,
        "started_at": _iso(row.started_at),
        "finished_at": _iso(row.finished_at),
        "exit_code": row.exit_code,
        "rows_loaded": _rows(row),
        "destination": row.destination,
    }


def _plain_table(of: Freshness) -> dict[str, Any]:
    return asdict(of) | {"committed_at": _iso(of.committed_at), "cursor": _iso(of.cursor)}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _runs(home: Home, limit: int) -> list[RunRow]:
    if not home.exists:
        return []
    with Ledger(home) as ledger:
        return ledger.runs(limit)


def _rows(row: RunRow) -> int:
    tasks = row.summary["tasks"] if row.summary else []
    return sum(task["rows_loaded"] for task in tasks)


def _age(now: datetime, then: datetime) -> str:
    seconds = int((now - then).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit} ago"
    return f"{max(seconds, 0)} s ago"
