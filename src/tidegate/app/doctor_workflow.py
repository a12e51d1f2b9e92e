"""What `doctor` finds of a workflow: whether its settings are there, and its credential is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from tidegate.app.doctor_findings import Finding, attempt, clock, ok, unknown, wrong
from tidegate.destinations.base import CursorRow
from tidegate.engine.plan import Range, plan_task
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.calls import Call
from tidegate.http_tools.exceptions import WaitTooLongError
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.settings import wrong_settings

_MAX_WAIT_S = 10.0


def check_workflow(name: str, load: Callable[[], Workflow]) -> Iterator[Finding]:
    """One request: the first page that a run would ask for, within the quota. Nothing is kept of it."""
    workflow = yield from attempt(name, load)
    if workflow is None:
        return
    connector = yield from attempt(name, lambda: _made(workflow))
    if connector is None:
        return
    try:
        yield from _asked(name, workflow, connector)
    finally:
        connector.client.close()


def _made(workflow: Workflow) -> Connector:
    """A factory of a project may read its settings in any way; values do not show."""
    try:
        return workflow.factory.create_connector()
    except TidegateError:
        raise
    except ValidationError as error:
        told = "; ".join(f"{setting} {reason}" for setting, reason in wrong_settings(error, "").items())
        raise SettingsError(f"{error.title}: {told}", hint="Set it in the environment or in .env.") from error
    except Exception as error:
        raise SettingsError(
            f"its factory failed: {type(error).__name__}: {error}", hint="--debug of a run shows where."
        ) from error


def _asked(name: str, workflow: Workflow, connector: Connector) -> Iterator[Finding]:
    try:
        call = _first(workflow, connector)
        if call is None:
            yield unknown(name, "each task of it waits for another one's rows: its credential was not tried")
            return
        terms = replace(call.terms, max_wait_s=_MAX_WAIT_S)
        response = call.client.drive(call.flow(call.first(), terms))
    except WaitTooLongError as error:
        yield unknown(name, f"its credential was not tried: {error}", error.hint)
    except TidegateError as error:  # also of a secret that its token is kept in
        yield wrong(name, str(error), error.hint)
    else:
        yield ok(name, f"{call.endpoint} answered {response.status_code}: the credential is taken")
        yield from clock(response.headers.get("date"), name)


def _first(workflow: Workflow, connector: Connector) -> Call[Any] | None:
    """Of the newest slice of the first task that needs no other's rows."""
    now = datetime.now(UTC)
    for task in workflow.tasks:
        plan = plan_task(task, CursorRow(), Range(), now, connector)
        if not plan.waits and plan.slices:
            last = plan.slices[-1]
            return task.call(connector, last.window, last.values)
    return None
