"""What tidegate keeps in a dataset beside the data: cursors, commits, quarantine; and how it is read."""

# ruff: noqa: S608  names are quoted by `Session.path`, and values are parameters

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidegate.destinations.base import CursorRow, Freshness, Landed
from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, JobUnknownError, Parameters, Session
from tidegate.destinations.bigquery_tables import found_table, own_resource
from tidegate.destinations.exceptions import CommitLostError
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE
from tidegate.utils.columns import Column

if TYPE_CHECKING:
    from google.cloud.bigquery import Table as BigQueryTable

COMMITS, CURSORS = "_tidegate_commits", "_tidegate_cursors"
NO_COMMIT = ""  # of a cursor whose task never committed

LOST = "tidegate: the cursor has moved"
ALREADY = "tidegate: this commit has landed"

_COMMIT_COLUMNS = (
    Column("commit_id", "string"),
    Column("run_id", "string"),
    Column("task", "string"),
    Column("table_name", "string"),
    Column("loaded", "int"),
    Column("superseded", "int"),
    Column("quarantined", "int"),
    Column("deleted", "int"),
    Column("windows", "date", repeated=True),
    Column("number", "int", description="Orders the commits of the dataset."),
    Column("committed_at", "timestamp"),
)
_CURSOR_COLUMNS = (
    Column("task", "string"),
    Column("version", "int"),
    Column("value", "timestamp", nullable=True),
    Column("slices", "string", nullable=True, description="Cursors of the task's slices, as a JSON object."),
    Column("commit_id", "string"),
    Column("committed_at", "timestamp"),
)
# BigQuery would write the JSON of a row anew, and it is kept as the vendor sent it.
_QUARANTINE_COLUMNS = (
    *(replace(column, kind="string" if column.kind == "json" else column.kind) for column in COLUMNS),
    Column("quarantined_at", "timestamp"),
)
# In the order in which they are made: where the last one stands, all do.
_OWN = {QUARANTINE: _QUARANTINE_COLUMNS, CURSORS: _CURSOR_COLUMNS, COMMITS: _COMMIT_COLUMNS}


def ensure(session: Session) -> Session:
    """The dataset and tidegate's own tables stand, and never expire: without them rows would load again."""
    from google.cloud.bigquery import Dataset

    with session.about():
        if not session.exists:
            place = session.place
            made = Dataset(f"{place.project}.{place.dataset}")
            made.location = session.location
            made.default_table_expiration_ms = place.default_expiry_ms
            session.client.create_dataset(
                made, exists_ok=True, retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
            session = replace(session, exists=True)
        found = found_table(session, COMMITS)
        if found is None:
            found = [_made(session, name, columns) for name, columns in _OWN.items()][-1]
    return replace(session, since=str(found.created))


def _made(session: Session, name: str, columns: Sequence[Column]) -> BigQueryTable:
    table = session.client.create_table(
        own_resource(session, name, columns), exists_ok=True, retry=session.retry, timeout=REQUEST_TIMEOUT_S
    )
    if table.expires is not None:
        table.expires = None
        session.client.update_table(table, ["expires"], retry=session.retry, timeout=REQUEST_TIMEOUT_S)
    return table


def rows_of(session: Session, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
    """What a query over tables of tidegate's own gives; nothing where they are not there yet."""
    from google.api_core.exceptions import NotFound

    if not session.exists:
        return []
    with session.about():
        try:
            return list(session.rows(sql, parameters))
        except NotFound as error:
            if "Not found: Table" not in str(error):
                raise
            return []


def find(session: Session, commit_id: str) -> Landed | None:
    """What the commit did, or None where it never landed."""
    found = rows_of(
        session,
        "SELECT loaded, superseded, quarantined, windows, deleted"
        f" FROM {session.path(COMMITS)} WHERE commit_id = @commit_id",
        {"commit_id": ("STRING", commit_id)},
    )
    if not found:
        return None
    loaded, superseded, quarantined, windows, deleted = found[0]
    return Landed(loaded, superseded, quarantined, tuple(windows), deleted=deleted)


def cursor_of(session: Session, task: str) -> CursorRow:
    found = rows_of(
        session,
        f"SELECT version, value, slices FROM {session.path(CURSORS)} WHERE task = @task"
        " ORDER BY version DESC LIMIT 1",
        {"task": ("STRING", task)},
    )
    return _cursor(*found[0]) if found else CursorRow()


def _cursor(version: int, value: datetime | None, slices: str | None) -> CursorRow:
    given = json.loads(slices or "{}")
    return CursorRow(version, value, {name: datetime.fromisoformat(each) for name, each in given.items()})


def freshness(session: Session) -> list[Freshness]:
    found = rows_of(
        session,
        "SELECT DISTINCT c.task, k.table_name, k.committed_at, k.run_id, c.version, c.value, c.slices"
        f" FROM {session.path(CURSORS)} AS c JOIN {session.path(COMMITS)} AS k USING (commit_id)"
        " ORDER BY task",
    )
    names = sorted({table for _, table, *_ in found})
    counts = dict(_counts(session, names)) if names else {}
    return [
        Freshness(task, table, at, run_id, _cursor(*cursor).furthest, counts.get(table, 0))
        for task, table, at, run_id, *cursor in found
    ]


def _counts(session: Session, names: Sequence[str]) -> list[tuple[str, int]]:
    """Rows of each table. BigQuery counts without reading: nothing is billed."""
    from google.api_core.exceptions import BadRequest, NotFound

    counts = []
    for name in names:
        with session.about(name):
            try:
                (row,) = session.rows(f"SELECT COUNT(*) FROM {session.path(name)}")
            except NotFound:
                continue
            except BadRequest as error:  # of a table that asks for a filter
                found = found_table(session, name)
                if found is None or found.num_rows is None or "partition elimination" not in str(error):
                    raise
                row = (found.num_rows,)
        counts.append((name, int(row[0])))
    return counts


def first_row(session: Session) -> str:
    """A statement: the task has a row in the table of cursors, of version 0 if it is new.

    Two of them at once may both put one in, as nothing in BigQuery is unique: harmless, as the cursor is at
    the highest version of its rows, and whoever moves it moves all of them that there are.
    """
    cursors = session.path(CURSORS)
    return (
        f"IF NOT EXISTS (SELECT 1 FROM {cursors} WHERE task = @task) THEN"
        f" INSERT INTO {cursors} (task, version, commit_id, committed_at)"
        f" VALUES (@task, 0, '{NO_COMMIT}', CURRENT_TIMESTAMP()); END IF"
    )


def move(
    session: Session, task: str, seen: int, after: CursorRow, *, also: str = ""
) -> tuple[list[str], dict[str, tuple[str, Any]]]:
    """Statements of a transaction, and their parameters, that put the cursor row `after` in the place of the
    one of version `seen`, or fail as LOST where that is not there any more. `also` is set in the row, too.
    """
    cursors = session.path(CURSORS)
    highest = f"(SELECT MAX(version) FROM {cursors} WHERE task = @task)"
    slices = {name: each.isoformat() for name, each in after.slices.items()}
    parameters: dict[str, tuple[str, Any]] = {
        "task": ("STRING", task),
        "seen": ("INT64", seen),
        "cursor": ("TIMESTAMP", after.value),
        "slices": ("STRING", json.dumps(slices) if slices else None),
    }
    changed = f"version = @seen + 1, value = @cursor, slices = @slices{also}"
    statements = [
        f"UPDATE {cursors} SET {changed} WHERE task = @task AND {highest} = @seen",
        f"ASSERT @@row_count > 0 AS '{LOST}'",
    ]
    return statements, parameters


def transaction(statements: Sequence[str], *, declare: Sequence[str] = (), before: str | None = None) -> str:
    """A script that does all of the statements or none. `before` is done in any case.

    There is nothing to roll back where BigQuery itself has ended the transaction, as at a conflict: what is
    told is then the conflict, not the failure to roll back.
    """
    head = [*declare, "DECLARE _tidegate_failure STRING", *([before] if before else [])]
    body = ["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"]
    undo = [
        "SET _tidegate_failure = @@error.message",
        "BEGIN ROLLBACK TRANSACTION; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
        # Empty where variables are rolled back, too.
        "RAISE USING MESSAGE = IFNULL(_tidegate_failure, @@error.message)",
    ]
    return _lines([*head, f"BEGIN\n{_lines(body)}EXCEPTION WHEN ERROR THEN\n{_lines(undo)}END"])


def _lines(statements: Sequence[str]) -> str:
    return "".join(f"{each};\n" for each in statements)


def set_cursor(
    session: Session, task: str, value: datetime | None, seen: int, slice_id: str | None
) -> CursorRow:
    """Raises `CommitLostError` where the cursor has another version."""
    session = ensure(session)
    after = cursor_of(session, task).set(value, seen, slice_id)
    statements, parameters = move(session, task, seen, after)
    script = transaction(statements, before=first_row(session))
    try:
        with session.about():
            session.run(f"tidegate_cursor_{uuid.uuid4().hex}", script, parameters)
    except Exception as error:
        found = cursor_of(session, task)
        if isinstance(error, JobUnknownError) and found == after:
            return after
        if found.version == seen:
            raise
        raise CommitLostError(
            f"{task}: its cursor has moved since it was looked at (version {seen})",
            hint="nothing was changed; look at it again: tidegate cursor show",
        ) from None
    return after
