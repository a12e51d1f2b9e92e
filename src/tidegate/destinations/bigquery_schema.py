"""Makes a table in BigQuery what its contract asks for: by a patch of its schema, or by a new table.

Fields are added, relaxed and described, and clustering is changed, by one request that names the ETag of the
table as it was looked at: of two that collide, one is refused and looks again. A wider type takes a statement
of its own, which does no harm if it is made twice. What BigQuery does not do to a table that stands, and what
is not safe, goes by a new table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations.bigquery_ddl import column_type
from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session, quote
from tidegate.destinations.bigquery_patch import patched
from tidegate.destinations.bigquery_rebuild import rebuild
from tidegate.destinations.bigquery_sql import added_columns
from tidegate.destinations.bigquery_tables import changes_of, check_filter, found_table, resource
from tidegate.destinations.duckdb_alter import refuse_unsafe
from tidegate.destinations.exceptions import DestinationBusyError, DestinationError
from tidegate.destinations.schema_diff import Change, told
from tidegate.utils.columns import Column

if TYPE_CHECKING:
    from google.cloud.bigquery import Table as BigQueryTable

_TRIES = 5
_PATCHED = {"add", "adopt", "relax", "describe", "cluster"}


class _ChangedMeanwhileError(Exception):
    """The table is no longer as it was looked at."""


def check_safe(session: Session, table: Table[Any]) -> None:
    """Raise `SchemaChangeError` where a person has to allow what the table needs; write nothing."""
    found = found_table(session, table.name)
    check_filter(table, found)
    refuse_unsafe(table, changes_of(table, found))


def fit(session: Session, table: Table[Any], at: datetime) -> tuple[str, ...]:
    """Make the table, or make the safe changes to it, and say which. A table that is new says nothing."""
    for _ in range(_TRIES):
        found = found_table(session, table.name)
        changes = changes_of(table, found)
        refuse_unsafe(table, changes)
        try:
            done = make(session, table, found, changes, at)
        except _ChangedMeanwhileError:
            continue
        return () if found is None else done
    raise _busy(table)


def apply(session: Session, table: Table[Any], changes: Sequence[Change], at: datetime) -> tuple[str, ...]:
    """Make these changes, which have to be all that there are, and say what was done."""
    found = found_table(session, table.name)
    if changes_of(table, found) != list(changes):
        raise DestinationError(
            f"{session.place.label}: the differences of {table.name} are other ones",
            hint="look at them again",
        )
    try:
        return make(session, table, found, changes, at)
    except _ChangedMeanwhileError:
        raise _busy(table) from None


def make(
    session: Session, table: Table[Any], found: BigQueryTable | None, changes: Sequence[Change], at: datetime
) -> tuple[str, ...]:
    """Make all of these changes to the table as it was found, and say what was done."""
    done = told(changes)
    if found is None:
        _create(session, table)
    elif all(_is_in_place(change, table) for change in changes):
        _patch(session, table, found, changes)
        if not _widen(session, table, changes):
            return make_anew(session, table, at)
    else:
        return make_anew(session, table, at)
    return done


def make_anew(session: Session, table: Table[Any], at: datetime) -> tuple[str, ...]:
    """By a new table in the place of the old one, which is kept where a change is not safe."""
    found = found_table(session, table.name)
    if found is None:
        raise _ChangedMeanwhileError
    changes = changes_of(table, found)
    kept = rebuild(session, table, found, changes, at)
    if not all(change.safe for change in changes):
        return (*told(changes), f"the table as it was is kept as {kept}")
    with session.about(kept):
        session.client.delete_table(session.id_of(kept), retry=session.retry, timeout=REQUEST_TIMEOUT_S)
    return told(changes)


def _create(session: Session, table: Table[Any]) -> None:
    from google.api_core.exceptions import Conflict

    wanted = resource(session, table, table.name, (*table.columns, *added_columns(table)))
    with session.about(table.name):
        try:
            session.client.create_table(wanted, retry=session.retry, timeout=REQUEST_TIMEOUT_S)
        except Conflict:
            raise _ChangedMeanwhileError from None


def _is_in_place(change: Change, table: Table[Any]) -> bool:
    """Whether BigQuery does it to a table that stands. Inside of records and lists it changes no type."""
    if change.kind in _PATCHED:
        return True
    wanted = _column(table, change.path)
    return change.kind == "widen" and wanted is not None and not wanted.repeated


def _column(table: Table[Any], path: Sequence[str]) -> Column | None:
    columns = (*table.columns, *added_columns(table)) if len(path) == 1 else ()
    return next((column for column in columns if column.name == path[0]), None)


def _patch(session: Session, table: Table[Any], found: BigQueryTable, changes: Sequence[Change]) -> None:
    """One request, refused where the table has changed since it was looked at."""
    from google.api_core.exceptions import PreconditionFailed

    wanted, fields = patched(table, found, changes)
    if not fields:
        return
    with session.about(table.name):
        try:
            session.client.update_table(wanted, fields, retry=session.retry, timeout=REQUEST_TIMEOUT_S)
        except PreconditionFailed:
            raise _ChangedMeanwhileError from None


def _widen(session: Session, table: Table[Any], changes: Sequence[Change]) -> bool:
    """Wider types, column by column; False where BigQuery takes one for something else than wider."""
    from google.api_core.exceptions import BadRequest

    for change in changes:
        wanted = _column(table, change.path) if change.kind == "widen" else None
        if wanted is None:
            continue
        statement = (
            f"ALTER TABLE {session.path(table.name)} ALTER COLUMN {quote(change.path[0])}"
            f" SET DATA TYPE {column_type(wanted)}"
        )
        with session.about(table.name):
            try:
                list(session.rows(statement))
            except BadRequest:
                return False
    return True


def _busy(table: Table[Any]) -> DestinationBusyError:
    return DestinationBusyError(
        f"table {table.name}: another program changes its columns at the same time",
        hint="Run the same command again.",
    )
