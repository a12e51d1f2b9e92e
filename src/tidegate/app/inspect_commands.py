"""Commands that look and load nothing: `list`, `show`, `preview`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from tidegate.app.failures import exits
from tidegate.app.tables import print_table
from tidegate.destinations.base import CursorRow
from tidegate.engine.plan import Range, plan_task
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Workflow
from tidegate.utils.columns import Column

# A preview looks this many windows back for one that has rows.
_WINDOWS_BACK = 3


def list_command(workflows: Iterable[Workflow]) -> None:
    rows = [
        (f"{workflow.name}.{task.name}", task.into.name, task.into.write, task.doc.split("\n")[0])
        for workflow in workflows
        for task in workflow.tasks
    ]
    print_table(("task", "table", "write", "what"), rows, sys.stdout)


def show_command(workflow: Callable[[], Workflow], name: str, *, debug: bool) -> None:
    with exits(debug=debug):
        made = workflow()
        task = made.task(name)
    out = sys.stdout
    out.write(f"{made.name}.{task.name}: {task.doc}\n\n")
    for label, text in _facts(made, task):
        out.write(f"{label:14}{text}\n")
    out.write("\n")
    rows = [(column.name, _kind(column), column.description or "") for column in task.into.columns]
    print_table(("column", "type", "meaning"), rows, out)


def _facts(workflow: Workflow, task: Task[Any, Any, Any]) -> Iterable[tuple[str, str]]:
    table = task.into
    yield "reads", _read_model(task)
    yield "table", f"{table.name} ({table.model.__name__})"
    key = f" by {', '.join(table.key)}" if table.key else ""
    yield "write", f"{table.write}{key}" + (f", newest by {table.version}" if table.version else "")
    if task.windows is not None:
        yield "windows", f"{task.windows.days} day(s) each, in {task.windows.zone}"
        yield "each run", f"asks for new windows and the last {task.windows.refetch} again"
    if task.cursor is not None:
        yield (
            "cursor",
            f"{task.cursor.field}, look-back {task.cursor.lookback}, first from {task.cursor.start}",
        )
    for quota in getattr(workflow.factory, "quotas", ()):
        yield "quota", quota


def _read_model(task: Task[Any, Any, Any]) -> str:
    (model,) = get_args(get_type_hints(task.fetch)["return"]) or (None,)
    return getattr(model, "__name__", str(model))


def _kind(column: Column) -> str:
    text = f"list of {column.kind}" if column.repeated else str(column.kind)
    return text if column.nullable or column.repeated else f"{text}, required"


def preview_command(workflow: Callable[[], Workflow], name: str, rows: int, *, debug: bool) -> None:
    with exits(debug=debug):
        made = workflow()
        task = made.task(name)
        shown = _preview(made, task, rows)
    header = [column.name for column in task.into.columns]
    table = [[row.get(each) for each in header] for row in shown]
    for values in table:
        print_table(("column", "value"), zip(header, values, strict=True), sys.stdout)
        sys.stdout.write("\n")
    if not shown:
        sys.stdout.write(f"{made.name}.{task.name}: no rows came\n")


def _preview(workflow: Workflow, task: Task[Any, Any, Any], rows: int) -> list[dict[str, Any]]:
    """The first write models of the newest window that has any, from one page each."""
    connector = workflow.factory.create_connector()
    plan = plan_task(task, CursorRow(), Range(), datetime.now(UTC))
    try:
        for each in list(reversed(plan.slices))[:_WINDOWS_BACK]:
            call = task.call(connector, each.window)
            out: list[dict[str, Any]] = []
            for model in call.fetch(call.first()).parse():
                out += [one.model_dump(by_alias=True) for one in task.rows_of(model)]
                if len(out) >= rows:
                    break
            if out:
                return out[:rows]
        return []
    finally:
        connector.client.close()
