"""Commands that look and load nothing: `list` and `preview`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from tidegate.app.failures import exits
from tidegate.app.tables import print_table
from tidegate.destinations.base import CursorRow
from tidegate.engine.build import InstancesBuild
from tidegate.engine.invalid import Invalid
from tidegate.engine.over import From
from tidegate.engine.plan import Range, Slice, plan_task
from tidegate.engine.row_keys import RowKeys
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.calls import walk
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.personal_columns import masked

# A preview looks this many windows back for one that has rows.
_WINDOWS_BACK = 3


def list_command(loaders: Iterable[Callable[[], Workflow]]) -> None:
    """The tasks and views of every workflow; one that cannot be loaded raises, after the others are shown."""
    rows, broken = list[tuple[str, ...]](), []
    for load in loaders:
        try:
            workflow = load()
        except SettingsError as error:
            broken.append(error)
            continue
        rows += [
            (f"{workflow.name}.{task.name}", task.into.name, task.into.write, task.doc.split("\n")[0])
            for task in workflow.tasks
        ]
        rows += [
            (f"{workflow.name}.{view.name}", view.name, "view", view.description.split("\n")[0])
            for view in workflow.views
        ]
    print_table(("task", "table", "write", "what"), rows, sys.stdout)
    if broken:
        raise broken[0]


def preview_command(workflow: Callable[[], Workflow], name: str, rows: int, *, debug: bool) -> None:
    with exits(debug=debug):
        made = workflow()
        task = made.task(name)
        try:
            shown = _preview(made, task, rows)
        except TidegateError as error:
            error.args = (f"{made.name}.{task.name}: {error}",)
            raise
        for number, row in enumerate(shown):
            sys.stdout.write("\n" if number else "")
            print_table(("column", "value"), masked(task.into.columns, row).items(), sys.stdout)
        if not shown:
            sys.stdout.write(f"{made.name}.{task.name}: no rows came\n")


def _preview(workflow: Workflow, task: Task[Any, Any, Any], rows: int) -> list[dict[str, Any]]:
    """The first rows of the newest window that has any, checked and converted as a run would do it."""
    connector = workflow.factory.create_connector()
    try:
        return _newest(connector, task, datetime.now(UTC))[:rows]
    finally:
        connector.client.close()


def _newest(connector: Connector, task: Task[Any, Any, Any], now: datetime) -> list[dict[str, Any]]:
    """Of a task that is split over another one's rows: those of the first value that comes of them."""
    plan = plan_task(task, CursorRow(), Range(), now, connector)
    if plan.waits:
        lists = list(plan.lists)
        for number, axis in enumerate(task.over):
            if isinstance(axis, From):
                came = [row[axis.column] for row in _newest(connector, axis.parent, now)]
                lists[number] = tuple([value for value in came if value is not None][:1])
        plan = plan.over(task, tuple(lists))
    for each in list(reversed(plan.slices))[:_WINDOWS_BACK]:
        if found := _first_page(connector, task, each, now):
            return found
    return []


def _first_page(
    connector: Connector, task: Task[Any, Any, Any], each: Slice, now: datetime
) -> list[dict[str, Any]]:
    call = task.call(connector, each.window, each.values)
    with closing(walk(call, call.fetch, plan=call.paginator.plan(1))) as pages:
        page = next(pages, None)  # of the listing: some routes ask for others first, to find their way
    if page is None:
        return []
    build = InstancesBuild(task, call.reads)
    built = build.page(page, task.context(now, each.window, each.values))
    Invalid().check(f"{call.endpoint} page {page.request.index}", built.rejects, build.mend)
    with RowKeys(task.into, each) as keys:
        return [] if built.batch is None else keys.keyed(built.batch).to_pylist()
