"""`schema diff` and `schema apply`: what would make the tables what their contracts ask for, and doing it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.registry import Found, find_tables
from tidegate.app.tables import print_table
from tidegate.app.text import printable
from tidegate.app.view_commands import apply_views, plain_state, states_of
from tidegate.contracts.table import Table
from tidegate.destinations.base import Destination
from tidegate.destinations.exceptions import SchemaChangeError
from tidegate.destinations.schema_diff import NEED_A_PERSON, Change
from tidegate.destinations.views import ViewState
from tidegate.engine.tables import allowing
from tidegate.utils.errors import ExitCode, UsageError
from tidegate.utils.project import Project


def diff_command(tasks: str, to: str | None, *, as_json: bool, any_difference: bool, debug: bool) -> None:
    """Show every difference of the tables, by task, and of the views.

    Exits with 30 where a person has to allow one, as a run would; with `any_difference` where there is one.
    """
    with exits(debug=debug):
        destination, named = _place(tasks, to)
        tables = _tables(named)
        found = {task: destination.differences(table) for task, table in tables.items()}
        views = states_of(destination, named.views)
    unlike = [(f"{named.workflow}.{name}", each) for name, each in (views or {}).items() if not each.fits]
    if as_json:
        lines = [_plain(task, tables[task], change) for task, changes in found.items() for change in changes]
        lines += [plain_state(name, state) for name, state in unlike]
        sys.stdout.writelines(json.dumps(line) + "\n" for line in lines)
    else:
        _show(found, unlike, destination)
        if views is None and named.views:
            names = ", ".join(view.name for view in named.views)
            sys.stdout.write(f"{destination.name} holds no views: {names} is left out\n")
    safe = [change.safe for changes in found.values() for change in changes]
    safe += [state.standing != "foreign" for _, state in unlike]
    if not all(safe) or (any_difference and safe):
        raise SystemExit(int(ExitCode.FAILED))


def apply_command(tasks: str, to: str | None, allow: str | None, *, debug: bool) -> None:
    """Make every difference go away; where one is not allowed, say so before any is touched."""
    with exits(debug=debug):
        allowed = _parse(allow)
        destination, named = _place(tasks, to)
        tables = _tables(named)
        found = {task: destination.differences(table) for task, table in tables.items()}
        for task, changes in found.items():
            _check_allowed(task, changes, destination, allowed)
        for task, changes in found.items():
            done = destination.apply(tables[task], changes)
            sys.stdout.writelines(f"{task}: {printable(text)}\n" for text in done or ("nothing to change",))
        for name, told in apply_views(destination, named.views):
            sys.stdout.write(f"{named.workflow}.{name}: {printable(told)}\n")


def _place(tasks: str, to: str | None) -> tuple[Destination, Found]:
    """Where the tables and views are, and which they are."""
    project = Project.find(Path.cwd())
    found = find_tables(project, tasks)
    return destination_of(project, to), found


def _tables(found: Found) -> dict[str, Table[Any]]:
    """By their tasks."""
    return {f"{found.workflow}.{task.name}": task.into for task in found.tasks}


def _parse(allow: str | None) -> tuple[str, ...]:
    """`drop,retype` to its kinds. Raises `UsageError` for one that nobody has to allow."""
    kinds = tuple(part.strip() for part in (allow or "").split(",") if part.strip())
    unknown = [kind for kind in kinds if kind not in NEED_A_PERSON]
    if unknown:
        raise UsageError(f"--allow knows no {unknown[0]!r}", hint=f"Known: {', '.join(NEED_A_PERSON)}.")
    return kinds


def _check_allowed(
    task: str, changes: list[Change], destination: Destination, allow: tuple[str, ...]
) -> None:
    refused = [change for change in changes if not change.safe and change.kind not in allow]
    if refused:
        kinds = _kinds(changes)
        error = SchemaChangeError(f"{task}: {'; '.join(each.text for each in refused)}", allow=kinds)
        error.hint = f"Nothing was changed. To allow it: {allowing(destination, task, kinds)}"
        raise error


def _show(
    found: Mapping[str, list[Change]], views: Sequence[tuple[str, ViewState]], destination: Destination
) -> None:
    rows = [
        (task, change.text, "the next run" if change.safe else f"apply --allow {change.kind}")
        for task, changes in found.items()
        for change in changes
    ]
    rows += [
        (name, state.text, "a person" if state.standing == "foreign" else "the next run")
        for name, state in views
    ]
    if not rows:
        sys.stdout.write(f"{destination.name}: every table is what its contract asks for\n")
        return
    print_table(("task", "change", "is made by"), rows, sys.stdout)
    for task, changes in found.items():
        if kinds := _kinds(changes):
            sys.stdout.write(f"To allow it: {allowing(destination, task, kinds)}\n")


def _kinds(changes: list[Change]) -> tuple[str, ...]:
    """Those that have to be allowed, each once."""
    return tuple(dict.fromkeys(change.kind for change in changes if not change.safe))


def _plain(task: str, table: Table[Any], change: Change) -> dict[str, Any]:
    return {
        "task": task,
        "table": table.name,
        "kind": change.kind,
        "path": ".".join(change.path),
        "text": change.text,
        "safe": change.safe,
    }
