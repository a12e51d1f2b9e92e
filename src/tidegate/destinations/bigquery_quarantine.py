"""The quarantine in a dataset: rows that broke a contract, in and out with the commits."""

# ruff: noqa: S608  names are quoted by `quote`, and values are parameters

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tidegate.destinations import bigquery_later
from tidegate.destinations.base import Commit
from tidegate.destinations.bigquery_jobs import Session, quote
from tidegate.destinations.bigquery_later import WINDOWS
from tidegate.destinations.bigquery_sql import names_of
from tidegate.destinations.bigquery_staging import Staged
from tidegate.destinations.bigquery_state import rows_of
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE, QuarantinedRow

QUARANTINED = "_tidegate_quarantined"  # the variable of the script that counts the rows put there

_NAMES = [column.name for column in COLUMNS]


def statements(session: Session, commit: Commit, staged: Staged) -> Iterator[str]:
    """What the commit changes in the quarantine. They take @task, @run_id, @released and @loaded_at.

    Rows of what the commit replaces leave it, as they were judged anew; so does an earlier copy of a row that
    comes again.
    """
    target = session.path(QUARANTINE)
    for condition in _leaving(commit):
        yield _delete(target, condition)
    source = staged.source(session)
    if source is None:
        return
    yield _delete(target, f"id IN (SELECT id FROM {source})")
    kept = bigquery_later.outside("window") if commit.again is not None else "TRUE"
    values = ", ".join(f"s.{quote(name)}" for name in _NAMES)
    yield (
        f"INSERT INTO {target} ({names_of(_NAMES)}, quarantined_at)"
        f" SELECT {values}, @loaded_at FROM {source} AS s WHERE {kept}"
    )
    yield f"SET {QUARANTINED} = @@row_count"


def rows(session: Session, task: str | None, run_id: str | None) -> Iterator[QuarantinedRow]:
    wanted: dict[str, tuple[str, Any]] = {
        name: ("STRING", value) for name, value in (("task", task), ("run_id", run_id)) if value is not None
    }
    conditions = " AND ".join(f"{name} = @{name}" for name in wanted) or "TRUE"
    found = rows_of(
        session,
        f"SELECT {names_of(_NAMES)} FROM {session.path(QUARANTINE)} WHERE {conditions}"
        " ORDER BY task, run_id, slice, page, position, id",
        wanted,
    )
    return (QuarantinedRow(*row) for row in found)


def _delete(target: str, condition: str) -> str:
    """Only where there is something: two commits that both delete from a table cannot be at once."""
    where = f"FROM {target} WHERE {condition}"
    return f"IF EXISTS (SELECT 1 {where}) THEN DELETE {where}; END IF"


def _leaving(commit: Commit) -> Iterator[str]:
    if commit.again is not None:
        if commit.again.replaces:
            yield "task = @task AND run_id = @run_id"
        if commit.again.released:
            yield "id IN UNNEST(@released)"
    elif commit.table.write == "replace":
        yield "task = @task"
    elif commit.table.write == "replace_windows":
        yield f"task = @task AND {quote('window')} IN UNNEST({WINDOWS})"
