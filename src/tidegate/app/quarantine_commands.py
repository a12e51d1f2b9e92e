"""The rows that broke a contract: `quarantine list`, `show` and `replay`."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.registry import find_workflow
from tidegate.app.tables import print_table
from tidegate.destinations.base import Destination
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.engine.release import Release, Released
from tidegate.utils.errors import ExitCode, UsageError
from tidegate.utils.project import Project


@dataclass(frozen=True)
class Wanted:
    """Which rows are meant, and where they are."""

    to: str | None = None
    task: str | None = None
    run_id: str | None = None

    def destination(self, project: Project) -> Destination:
        return destination_of(project, self.to)

    def rows(self, destination: Destination) -> Iterable[QuarantinedRow]:
        return destination.quarantine(task=self.task, run_id=self.run_id)


def list_command(wanted: Wanted, *, limit: int, as_json: bool, debug: bool) -> None:
    """A line a row, `limit` at most, then how many there are by task and run."""
    with exits(debug=debug):
        destination = wanted.destination(Project.find(Path.cwd()))
        counts: Counter[tuple[str, str]] = Counter()
        shown: list[tuple[str, ...]] = []
        for row in wanted.rows(destination):
            counts[row.task, row.run_id] += 1
            if as_json:
                sys.stdout.write(json.dumps(_plain(row)) + "\n")
            elif len(shown) < limit:
                shown.append((row.id[:12], row.task, _place(row), row.row_id or "", _told(row)))
        if as_json:
            return
        if not counts:
            sys.stdout.write(f"{destination.name}: no rows in quarantine\n")
            return
        print_table(("id", "task", "where", "row id", "what is wrong"), shown, sys.stdout)
        for (task, run_id), count in counts.items():
            sys.stdout.write(f"{count:,} of {task}, run {run_id}\n")
        sys.stdout.write("After mending the contract: tidegate quarantine replay\n")


def show_command(wanted: Wanted, row_id: str, *, as_json: bool, debug: bool) -> None:
    """One row whole: where it came from, what is wrong, what came."""
    with exits(debug=debug):
        destination = wanted.destination(Project.find(Path.cwd()))
        found = [row for row in wanted.rows(destination) if row.id.startswith(row_id)]
        if len({row.id for row in found}) != 1:
            what = "several quarantined rows begin" if found else "no quarantined row begins"
            raise UsageError(f"{what} with {row_id!r}", hint="`tidegate quarantine list` shows their ids.")
        row = found[0]
        if as_json:
            sys.stdout.write(json.dumps(_plain(row)) + "\n")
            return
        facts = [
            ("task", f"{row.task}, table {row.table_name}"),
            ("run", row.run_id),
            ("where", _place(row)),
            ("stage", f"{row.stage}, judged by {row.judge}"),
        ]
        print_table(("what", "value"), facts, sys.stdout)
        sys.stdout.write("\n")
        errors = [(each["field"], each["expected"], each["came"]) for each in json.loads(row.errors)]
        print_table(("field", "expected", "came"), errors, sys.stdout)
        masked = "" if row.raw else " (personal values masked)"
        payload = json.dumps(json.loads(row.payload), indent=2, ensure_ascii=True)
        sys.stdout.write(f"\npayload{masked}\n{payload}\n")


def replay_command(wanted: Wanted, *, as_json: bool, debug: bool) -> None:
    """Build the rows again and add those that pass; exits 10 where rows are left."""
    with exits(debug=debug):
        project = Project.find(Path.cwd())
        destination = wanted.destination(project)
        rows = list(wanted.rows(destination))
        done: list[Released] = []
        for name in sorted({row.task.partition(".")[0] for row in rows}):
            workflow = find_workflow(project, name)
            connector = workflow.factory.create_connector()
            try:
                release = Release(workflow, destination, project.home(os.environ), connector)
                done += release.run(row for row in rows if row.task.partition(".")[0] == name)
            finally:
                connector.client.close()
        _print_released(done, destination, as_json=as_json)
    if any(each.left for each in done):
        raise SystemExit(int(ExitCode.QUARANTINED))


def _print_released(done: list[Released], destination: Destination, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"replayed": [asdict(each) for each in done]}) + "\n")
        return
    if not done:
        sys.stdout.write(f"{destination.name}: no rows in quarantine\n")
        return
    header = ("task", "run", "rows", "added", "loaded", "superseded", "dropped", "left")
    table = [
        (each.task, each.run_id, each.rows, each.added, each.loaded, each.superseded, each.dropped, each.left)
        for each in done
    ]
    print_table(header, table, sys.stdout, right=range(2, len(header)))
    masked = sum(each.masked for each in done)
    if masked:
        sys.stdout.write(
            f"{masked:,} rows cannot be tried: their page log is gone, and their personal values are masked;"
            ' `quarantine_payload="raw"` on the read contract keeps them\n'
        )
    unplanned = sum(each.unplanned for each in done)
    if unplanned:
        sys.stdout.write(
            f"{unplanned:,} rows cannot be tried: the plan of their run is gone, and with it the account or"
            " id that they came by; a new run that asks for it brings them\n"
        )


def _plain(row: QuarantinedRow) -> dict[str, Any]:
    told = asdict(row)
    told["window"] = None if row.window is None else row.window.isoformat()
    return told | {"errors": json.loads(row.errors), "payload": json.loads(row.payload)}


def _place(row: QuarantinedRow) -> str:
    window = "" if row.window is None else f"{row.window} "
    return f"{window}{row.endpoint} page {row.page} row {row.position}"


def _told(row: QuarantinedRow) -> str:
    errors = json.loads(row.errors)
    if not errors:
        return row.judge
    first = errors[0]
    field = f"field {first['field']}: " if first["field"] else ""
    came = "" if first["came"] is None else f", got {first['came']}"
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{row.judge} {field}{first['expected']}{came}{more}"
