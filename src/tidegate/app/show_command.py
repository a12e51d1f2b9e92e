"""The command `show`: one task, its contracts, and how often it may run. Sends nothing, loads nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tidegate.app.advice_text import advice_lines
from tidegate.app.failures import exits
from tidegate.app.tables import kind_of, print_table
from tidegate.app.view_commands import show_view
from tidegate.engine.advice import Advice, advise
from tidegate.engine.builds import chosen
from tidegate.engine.history import past_of
from tidegate.engine.tasks import Task, read_model
from tidegate.engine.workflows import Connector, Workflow
from tidegate.utils.errors import TidegateError
from tidegate.utils.project import Project


def show_command(workflow: Callable[[], Workflow], name: str, *, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        made = workflow()
        if (view := made.view(name)) is not None:
            show_view(made, view, as_json=as_json)
            return
        task = made.task(name)
        advice = _advice(made, task)
        if as_json:
            sys.stdout.write(json.dumps(_plain(made, task, advice)) + "\n")
            return
        out = sys.stdout
        out.write(f"{made.name}.{task.name}: {task.doc}\n\n")
        for label, text in (*_facts(made, task), *advice_lines(advice)):
            out.write(f"{label:14}{text}\n")
        read = read_model(task.fetch)
        if read is not None:
            out.write(f"\nread contract {read.__name__}\n")
            print_table(("field", "type"), _read_rows(read), out)
        out.write(f"\nwrite contract {task.into.model.__name__}\n")
        print_table(("column", "type", "meaning"), _write_rows(task), out)


def _advice(workflow: Workflow, task: Task[Any, Any, Any]) -> Advice:
    past, unknown = None, tuple[str, ...]()
    try:
        past = past_of(Project.find(Path.cwd()).home(os.environ), workflow.name, task.name)
    except TidegateError as error:  # a state folder that cannot be read keeps nobody from looking
        unknown = (f"earlier runs: {error}",)
    connector = _blueprint(workflow)
    try:
        advice = advise(workflow, task, connector, past, datetime.now(UTC))
    finally:
        if connector is not None:
            connector.client.close()
    return replace(advice, unknown=(*advice.unknown, *unknown))


def _blueprint(workflow: Workflow) -> Connector | None:
    """A connector to look at: a factory's `blueprint()`, which needs no settings, else the real one, where
    it can be made: a task is shown without settings, too.
    """
    make = getattr(workflow.factory, "blueprint", workflow.factory.create_connector)
    try:
        connector: Connector = make()
    except Exception:  # noqa: BLE001 - the user's factory, whose faults a run tells
        return None
    return connector


def _facts(workflow: Workflow, task: Task[Any, Any, Any]) -> Iterable[tuple[str, str]]:
    table = task.into
    key = f" by {', '.join(table.key)}" if table.key else ""
    yield "table", table.name
    yield "write", f"{table.write}{key}" + (f", newest by {table.version}" if table.version else "")
    if table.delete_vanished:
        yield "full refresh", "deletes the rows that it does not bring"
    if task.windows is not None:
        days = "one day" if task.windows.days == 1 else f"{task.windows.days} days"
        yield "windows", f"of {days} each, in {task.windows.zone}"
        yield "each run", f"asks for new windows, and again for the last {task.windows.refetch}"
    if task.cursor is not None:
        back = f", less {task.cursor.lookback}" if task.cursor.lookback else ""
        yield "cursor", f"{task.cursor.field}{back}; the first run begins at {task.cursor.start}"
    if (reads := read_model(task.fetch) or next(iter(task.transform.takes), None)) is not None:
        yield "build", chosen(task, reads, Project.find(Path.cwd()).build)[1]
    for number, axis in enumerate(task.over):
        yield ("" if number else "one slice for"), f"each {axis}"
    views = [view.name for view in workflow.views if table in view.over]
    for number, view in enumerate(views):
        yield ("" if number else "views"), view
    for number, quota in enumerate(getattr(workflow.factory, "quotas", ())):
        yield ("" if number else "quota"), quota


def _plain(workflow: Workflow, task: Task[Any, Any, Any], advice: Advice) -> dict[str, Any]:
    table, read = task.into, read_model(task.fetch)
    return {
        "task": f"{workflow.name}.{task.name}",
        "what": task.doc,
        "table": table.name,
        "write": table.write,
        "key": list(table.key),
        "version": table.version,
        "delete_vanished": table.delete_vanished,
        "views": [view.name for view in workflow.views if table in view.over],
        "read_contract": None if read is None else {"name": read.__name__, "fields": dict(_read_rows(read))},
        "write_contract": {
            "name": table.model.__name__,
            "columns": {name: kind for name, kind, _ in _write_rows(task)},
        },
        "quotas": list(getattr(workflow.factory, "quotas", ())),
        "schedule": advice.plain(),
    }


def _read_rows(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        kind = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        kind = kind.replace("typing.", "").replace(f"{model.__module__}.", "")
        yield field.alias or name, f"{kind}, required" if field.is_required() else kind


def _write_rows(task: Task[Any, Any, Any]) -> list[tuple[str, str, str]]:
    return [(column.name, kind_of(column), column.description or "") for column in task.into.columns]
