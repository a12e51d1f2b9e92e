"""A new table with all rows of the old one, in its place: for changes that BigQuery cannot make to a table.

The rows are written beside the table and counted, then the two are renamed by one script. A commit may come
in between, from another machine: it is seen by its row in the table of commits, and all is undone.
"""

# ruff: noqa: S608  names are quoted by `quote`

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import RESERVED_PREFIX, Table
from tidegate.destinations.bigquery_casts import converted, keeps, missing
from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session, quote
from tidegate.destinations.bigquery_sql import added_columns, names_of
from tidegate.destinations.bigquery_state import COMMITS
from tidegate.destinations.bigquery_tables import found_table, held_table, resource
from tidegate.destinations.exceptions import DestinationBusyError, DestinationError
from tidegate.destinations.schema_diff import Change, Held
from tidegate.utils.columns import Column
from tidegate.utils.personal_columns import says_hashed

if TYPE_CHECKING:
    from google.cloud.bigquery import Table as BigQueryTable

_LIFE = timedelta(days=1)  # of a new table that is never put in the place of the old one


def rebuild(
    session: Session, table: Table[Any], found: BigQueryTable, changes: Sequence[Change], at: datetime
) -> str:
    """Gives the name that the old table has now: `<table>__before_<utc time>`.

    Raises `DestinationError` that names every change by which some row would lose a value.
    """
    held = {each.name.lower(): each for each in held_table(found).columns}
    columns = list(_columns(table, held))
    _check(session, table, changes, held)
    commits = _commits(session, table)
    new = f"{table.name}__new_{uuid.uuid4().hex[:12]}"
    wanted = resource(session, table, new, columns)
    wanted.description, wanted.labels = found.description, {**found.labels, **table.labels}
    wanted.expires = datetime.now(UTC) + _LIFE
    with session.about(new):
        session.client.create_table(wanted, retry=session.retry, timeout=REQUEST_TIMEOUT_S)
    _fill(session, table, new, columns, held)
    kept = _free_name(session, f"{table.name}__before_{at:%Y%m%dT%H%M%SZ}")
    with session.about(table.name):
        _keep(session, new)
        _rename(session, (table.name, kept), (new, table.name))
        if _commits(session, table) != commits:
            _rename(session, (table.name, new), (kept, table.name))
            raise DestinationBusyError(
                f"table {table.name}: a run wrote to it while it was changed; nothing was changed",
                hint="Run the same command again when no run is under way.",
            )
    return kept


def _columns(table: Table[Any], held: dict[str, Held]) -> Iterator[Column]:
    """The contract's columns and tidegate's own, nullable where some row is or lacks them.

    A description that only the table has is kept, and so are own columns that are out of use.
    """
    wanted = (*table.columns, *added_columns(table))
    for column in wanted:
        found = held.get(column.name.lower())
        told = None if found is None or says_hashed(found.description) else found.description
        yield replace(
            column,
            nullable=column.nullable or found is None or found.nullable,
            description=column.description or told,
        )
    used = {column.name.lower() for column in wanted}
    for name, found in held.items():
        if name.startswith(RESERVED_PREFIX) and name not in used and found.kind is not None:
            yield Column(found.name, found.kind, nullable=True)


def _check(session: Session, table: Table[Any], changes: Sequence[Change], held: dict[str, Held]) -> None:
    """One query counts the rows that would lose a value, for each change."""
    columns = {column.name: column for column in (*table.columns, *added_columns(table))}
    judged = [change for change in changes if change.kind in {"widen", "narrow", "retype"}]
    if not judged:
        return
    counts = []
    for change in judged:
        name, *path = change.path
        found = held[name.lower()]
        counts.append(f"COUNTIF(NOT {keeps(f't.{quote(found.name)}', found, columns[name], tuple(path))})")
    with session.about(table.name):
        ((*lost,),) = session.rows(f"SELECT {', '.join(counts)} FROM {session.path(table.name)} AS t")
    faults = [
        f"{change.text}: {_rows(count)} that would be lost"
        for change, count in zip(judged, lost, strict=True)
        if count
    ]
    if faults:
        raise DestinationError(
            f"table {table.name} cannot be changed: {'; '.join(faults)}",
            hint="nothing was changed; mend or delete those rows, or give the field another name",
        )


def _rows(count: int) -> str:
    return "1 row has a value" if count == 1 else f"{count:,} rows have values"


def _fill(
    session: Session, table: Table[Any], new: str, columns: Sequence[Column], held: dict[str, Held]
) -> None:
    values = []
    for column in columns:
        found = held.get(column.name.lower())
        values.append(
            missing(column) if found is None else converted(f"t.{quote(found.name)}", found, column)
        )
    names = names_of([column.name for column in columns])
    old = session.path(table.name)
    with session.about(table.name):
        session.run(
            f"tidegate_rebuild_{uuid.uuid4().hex}",
            f"INSERT INTO {session.path(new)} ({names}) SELECT {', '.join(values)} FROM {old} AS t",
        )
        (moved,), (had,) = (
            next(session.rows(f"SELECT COUNT(*) FROM {each}")) for each in (session.path(new), old)
        )
    if moved != had:
        raise DestinationBusyError(
            f"table {table.name}: a run wrote to it while its {had:,} rows were copied; nothing was changed",
            hint="Run the same command again when no run is under way.",
        )


def _rename(session: Session, *pairs: tuple[str, str]) -> None:
    """One after the other; where the second fails, the first is undone by the script itself."""
    (first, aside), _ = pairs
    body = "".join(f"ALTER TABLE {session.path(old)} RENAME TO {quote(new)};\n" for old, new in pairs)
    undo = f"ALTER TABLE {session.path(aside)} RENAME TO {quote(first)};\nRAISE;\n"
    script = f"BEGIN\n{body}EXCEPTION WHEN ERROR THEN\n{undo}END;\n"
    session.run(f"tidegate_rename_{uuid.uuid4().hex}", script)


def _keep(session: Session, name: str) -> None:
    """From now on it does not expire: before it takes the place of the table."""
    found = session.client.get_table(session.id_of(name), retry=session.retry, timeout=REQUEST_TIMEOUT_S)
    found.expires = None
    session.client.update_table(found, ["expires"], retry=session.retry, timeout=REQUEST_TIMEOUT_S)


def _commits(session: Session, table: Table[Any]) -> int:
    """How many commits to the table there have been."""
    ((count,),) = session.rows(
        f"SELECT COUNT(*) FROM {session.path(COMMITS)} WHERE table_name = @table",
        {"table": ("STRING", table.name)},
    )
    return int(count)


def _free_name(session: Session, name: str) -> str:
    found, number = name, 1
    while found_table(session, found) is not None:
        number += 1
        found = f"{name}_{number}"
    return found
