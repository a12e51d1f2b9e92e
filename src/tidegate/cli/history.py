"""Commands that look back: `runs` from the ledger, `status` from the destination."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from tidegate.app.failures import exits
from tidegate.app.tables import print_table
from tidegate.destinations.registry import open_destination
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.utils.project import Project


def runs_command(limit: int, *, debug: bool) -> None:
    with exits(debug=debug):
        home = Project.find(Path.cwd()).home(os.environ)
        with Ledger(home) as ledger:
            rows = ledger.runs(limit)
    table = [
        (
            row.run_id,
            row.workflow,
            f"{row.started_at:%Y-%m-%d %H:%M:%S}",
            _outcome(row),
            _rows(row),
            row.destination,
        )
        for row in rows
    ]
    print_table(("run", "workflow", "started (UTC)", "outcome", "rows loaded", "into"), table, sys.stdout)


def status_command(to: str | None, *, debug: bool) -> None:
    with exits(debug=debug):
        destination = open_destination(to or Project.find(Path.cwd()).destination)
        tables = destination.freshness()
    now = datetime.now(UTC)
    rows = [
        (
            each.table,
            each.task,
            f"{each.rows:,}",
            _age(now, each.committed_at),
            each.cursor or "",
            each.run_id,
        )
        for each in tables
    ]
    print_table(("table", "task", "rows", "last commit", "cursor", "run"), rows, sys.stdout)


def _outcome(row: RunRow) -> str:
    if row.exit_code is None:
        return "unfinished"
    return "loaded" if row.exit_code == 0 else f"failed, exit {row.exit_code}"


def _rows(row: RunRow) -> str:
    tasks = row.summary["tasks"] if row.summary else []
    return f"{sum(task['rows_loaded'] for task in tasks):,}"


def _age(now: datetime, then: datetime) -> str:
    seconds = int((now - then).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{max(seconds, 0)} s ago"
