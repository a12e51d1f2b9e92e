"""Views in BigQuery. A label marks a view as tidegate's, and is the fingerprint of its definition.

A view is made and replaced by one statement, whole or not at all, which BigQuery refuses where the view could
not be read. Looking whether one that stands can still be read is a dry run: it costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidegate.contracts.view import View
from tidegate.contracts.view_sql import Dialect
from tidegate.destinations.bigquery_ddl import plain_type
from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session, quote
from tidegate.destinations.exceptions import DestinationBusyError, DestinationError
from tidegate.destinations.views import ForeignViewError, ViewState, body, fingerprint

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import Table as BigQueryTable

LABEL = "tidegate_view"
_TRIES = 3


def dialect(session: Session) -> Dialect:
    return spelled(session.path)


def spelled(table: Callable[[str], str] = quote) -> Dialect:
    """How BigQuery spells a view; `table` gives the path of a table (default: its name alone)."""
    return Dialect(
        table=table,
        column=quote,
        day=lambda instant: f"DATE({instant}, 'UTC')",
        month=lambda day: f"DATE_TRUNC({day}, MONTH)",
    )


def definition(view: View, way: Dialect, *, replaces: bool = False) -> str:
    """The statement that makes the view, or puts it in the place of the one that stands."""
    columns = ", ".join(
        quote(each.name) + (f" OPTIONS(description={_text(each.description)})" if each.description else "")
        for each in view.columns
    )
    after = f"{view.description}\n({columns})\n{body(view, way, plain_type)}"
    options = [f"labels=[({_text(LABEL)}, {_text(fingerprint(after))})]"]
    if view.description:
        options.insert(0, f"description={_text(view.description)}")
    verb = "CREATE OR REPLACE VIEW" if replaces else "CREATE VIEW"
    return (
        f"{verb} {way.table(view.name)} ({columns})\nOPTIONS({', '.join(options)})\n"
        f"AS {body(view, way, plain_type)}"
    )


def state_of(session: Session, view: View) -> ViewState:
    if not session.exists:
        return ViewState("waits", view.over[0].name)
    found = _found(session, view.name)
    if found is not None and (found.table_type != "VIEW" or LABEL not in found.labels):
        kind = str(found.table_type).lower().replace("_", " ")
        return ViewState("foreign", f"a {kind} of that name is there without the label {LABEL}")
    fault = None
    if found is not None and f'"{found.labels[LABEL]}"' in definition(view, dialect(session)):
        fault = _fault(session, view)
        if fault is None:
            return ViewState("same")
    for table in view.over:
        if _found(session, table.name) is None:
            return ViewState("waits", table.name)
    if found is None:
        return ViewState("missing")
    return ViewState("other") if fault is None else ViewState("broken", fault)


def put(session: Session, view: View) -> None:
    """Raises `DestinationError`."""
    from google.api_core.exceptions import BadRequest, Conflict, NotFound

    for _ in range(_TRIES):
        state = state_of(session, view)
        if state.standing == "same":  # another process was faster
            return
        if state.standing == "foreign":
            raise ForeignViewError(view.name, state.about)
        if state.standing == "waits":
            raise DestinationError(f"view {view.name} {state.text}")
        statement = definition(view, dialect(session), replaces=state.standing != "missing")
        with session.about(view.name):
            try:
                list(session.rows(statement))
            except Conflict:
                continue
            except (BadRequest, NotFound) as error:
                raise DestinationError(
                    f"view {view.name} cannot be made: {_brief(error)}",
                    hint="Its tables are untouched: change the view's sql to what they are now.",
                ) from error
        return
    raise DestinationBusyError(
        f"view {view.name}: another program makes and drops it at the same time",
        hint="Run the same command again.",
    )


def _found(session: Session, name: str) -> BigQueryTable | None:
    from google.api_core.exceptions import NotFound

    with session.about(name):
        try:
            return session.client.get_table(
                session.id_of(name), retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
        except NotFound:
            return None


def _fault(session: Session, view: View) -> str | None:
    """Why the view cannot be read, if it cannot."""
    from google.api_core.exceptions import BadRequest, NotFound
    from google.cloud.bigquery import QueryJobConfig

    with session.about(view.name):
        try:
            session.client.query(
                f"SELECT * FROM {session.path(view.name)}",  # noqa: S608  the path is quoted
                job_config=QueryJobConfig(dry_run=True, use_legacy_sql=False),
                location=session.location,
                retry=session.retry,
                timeout=REQUEST_TIMEOUT_S,
                job_retry=None,
            )
        except (BadRequest, NotFound) as error:
            return _brief(error)
    return None


def _brief(error: GoogleAPICallError) -> str:
    """Google's own words, without the request."""
    told = next((each["message"] for each in error.errors if "message" in each), error.message)
    return str(told).strip().split("\n", 1)[0]


def _text(value: str) -> str:
    """A text literal: BigQuery knows the escapes of JSON."""
    return json.dumps(value, ensure_ascii=False)
