"""What one commit does in BigQuery: load jobs into staging tables, then one script that is a transaction.

The script is a job under an id that follows from the commit id, so of two attempts at one commit the second
finds the job of the first. The commit id is asserted to be new and the cursor is moved by compare-and-swap
inside of the transaction: that decides, and ids only spare work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.destinations import bigquery_later, bigquery_quarantine
from tidegate.destinations.base import Commit, Cost, CursorRow, Landed
from tidegate.destinations.batches import batch_schema, fitted, joined
from tidegate.destinations.bigquery_jobs import JobUnknownError, Parameters, Session
from tidegate.destinations.bigquery_later import LATER, WINDOWS
from tidegate.destinations.bigquery_pruning import Within
from tidegate.destinations.bigquery_quarantine import QUARANTINED
from tidegate.destinations.bigquery_schema import check_safe, fit
from tidegate.destinations.bigquery_sql import (
    ORDINAL,
    arranged,
    delete_vanished,
    insert,
    merge,
    staged_column,
    staged_columns,
)
from tidegate.destinations.bigquery_staging import PART_BYTES, Staged, stage
from tidegate.destinations.bigquery_state import (
    ALREADY,
    COMMITS,
    cursor_of,
    ensure,
    find,
    first_row,
    move,
    transaction,
)
from tidegate.destinations.bigquery_tables import found_table, held_table
from tidegate.destinations.exceptions import CommitLostError, CommitUnknownError, DestinationBusyError
from tidegate.destinations.quarantine import COLUMNS, QUARANTINE
from tidegate.utils.columns import Column
from tidegate.utils.gcp_errors import GoogleConflictError, GoogleError, GoogleNotFoundError
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import QueryJob
    from google.cloud.bigquery import Table as BigQueryTable

LOADED, DELETED = "_tidegate_loaded", "_tidegate_deleted"

_ROWS, _BYTES = 20_000, 16 << 20  # of a row group
# Two transactions that change one table at once cannot both land: the other one is worth waiting for.
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)


def write(session: Session, commit: Commit, *, part_bytes: int = PART_BYTES) -> Landed:
    """Rows, quarantine, cursor and commit row. The same commit id again gives what is there.

    Rows are drawn, and loaded beside the table, before anything of the table is changed.
    """
    session = ensure(session)
    seen, before = _standing(session, commit)
    if before is not None:
        return before
    check_safe(session, commit.table)
    try:
        coming = _Coming.staged(session, commit, seen, part_bytes)
    except GoogleNotFoundError:  # who has landed the same commit drops what both have staged
        landed = find(session, commit.commit_id)
        if landed is None:
            raise
        return landed
    changes = fit(session, commit.table, commit.loaded_at)
    columns = arranged(commit.table.columns, held_table(_standing_table(session, commit.table)).columns)
    job = _land(session, commit, *_script_of(session, commit, coming, columns))
    landed = _found(session, commit)
    coming.rows.drop(session)
    coming.rejects.drop(session)
    cost = None if job is None else Cost(job.total_bytes_billed or 0, job.slot_millis or 0)
    return replace(landed, changes=changes, cost=cost)


def _found(session: Session, commit: Commit) -> Landed:
    """What the commit did, of which it is known that it has landed."""
    told = f"{commit.task}: {commit.commit_id} has landed, and is not to be found"
    try:
        landed = find(session, commit.commit_id)
    except GoogleError as error:
        raise CommitUnknownError(f"{told}: {error}", hint=error.hint) from error
    if landed is None:
        raise CommitUnknownError(told)
    return landed


def _name(session: Session, commit: Commit) -> str:
    """The same for every attempt at this commit, and for no other one of the project."""
    place = session.place
    whole = f"{place.project}.{place.dataset} {session.since} {commit.commit_id}"
    return hashlib.sha256(whole.encode()).hexdigest()[:20]


def _standing_table(session: Session, table: Table[Any]) -> BigQueryTable:
    found = found_table(session, table.name)
    if found is None:
        raise DestinationBusyError(
            f"table {table.name}: another program has dropped it", hint="Run the same command again."
        )
    return found


@dataclass(frozen=True)
class _Coming:
    """What a commit brings, in staging tables, and the cursor that it moves."""

    rows: Staged
    rejects: Staged
    within: Within
    seen: CursorRow

    @classmethod
    def staged(cls, session: Session, commit: Commit, seen: CursorRow, part_bytes: int) -> _Coming:
        within, numbered = Within(commit.table), commit.table.write == "merge"
        batches = joined(within.watch(_fitting(commit)), _ROWS, _BYTES)
        rows = stage(
            session,
            f"{_name(session, commit)}_rows",
            staged_columns(commit.table, numbered=numbered),
            _numbered(batches) if numbered else batches,
            part_bytes=part_bytes,
        )
        rejects = stage(
            session,
            f"{_name(session, commit)}_rejects",
            [staged_column(column) for column in COLUMNS],
            joined(_rejected(commit), _ROWS, _BYTES),
            part_bytes=part_bytes,
        )
        return cls(rows, rejects, within, seen)


def _fitting(commit: Commit) -> Iterator[pa.RecordBatch]:
    schema = batch_schema(commit.table)
    return (fitted(batch, schema, commit.table.name) for batch in commit.batches())


def _rejected(commit: Commit) -> Iterator[pa.RecordBatch]:
    schema = arrow_schema(COLUMNS)
    return (fitted(batch, schema, QUARANTINE) for batch in commit.rejected.batches())


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    field, last = pa.field(ORDINAL, pa.int64(), nullable=False), 0
    for batch in batches:
        numbers = pa.array(range(last + 1, last + 1 + batch.num_rows), pa.int64())
        yield batch.append_column(field, numbers)
        last += batch.num_rows


def _land(session: Session, commit: Commit, script: str, parameters: Parameters) -> QueryJob | None:
    """Run the script until it is known what became of it. None where the commit had landed before."""
    for pause_s, waited_s in zip((*_PAUSES_S, 0.0), accumulate(_PAUSES_S, initial=0.0), strict=True):
        try:
            with session.about(commit.table.name):
                return session.run(f"tidegate_{_name(session, commit)}_commit", script, parameters)
        except JobUnknownError as error:
            raise CommitUnknownError(
                f"{commit.task}: no word whether commit {commit.commit_id} landed: {error}", hint=error.hint
            ) from error
        except GoogleError as error:
            _raise_replaced(commit, str(error))
            _, landed = _standing(session, commit)
            if landed is not None:
                return None
            if not isinstance(error, GoogleConflictError) or not pause_s or waited_s > session.retry_s:
                raise
        session.sleep(pause_s)
    raise AssertionError("unreachable")


def _raise_replaced(commit: Commit, said: str) -> None:
    """Raise `CommitLostError` where the script found what a later run has done to the table."""
    did = f"(?:{bigquery_later.REPLACED}|{bigquery_later.DELETED})"
    replaced = re.search(rf"tidegate: (run .+ {did} .+ since)", said)
    if replaced:
        raise CommitLostError(
            f"{commit.task}: {replaced[1]}",
            hint="Nothing was written: an earlier run never takes the place of a later one.",
        )


def _standing(session: Session, commit: Commit) -> tuple[CursorRow, Landed | None]:
    """The cursor as this run has seen it, and what the commit did if it has landed.

    Raises `CommitLostError` where another run has moved the cursor. It is looked at first: if what moved it
    was this commit, by another process, that is then seen to have landed.
    """
    cursor, landed = cursor_of(session, commit.task), find(session, commit.commit_id)
    if landed is None and cursor.version != commit.seen:
        raise CommitLostError(
            f"{commit.task}: another run committed since this one began (cursor version {commit.seen})",
            hint="nothing of this run landed; a new run goes on from where the other one came",
        )
    return cursor, landed


def _script_of(
    session: Session, commit: Commit, coming: _Coming, columns: Sequence[Column]
) -> tuple[str, Parameters]:
    """The transaction of a commit and its parameters. `columns` are arranged as the table holds them."""
    also = ", commit_id = @commit_id, committed_at = CURRENT_TIMESTAMP()"
    moved, of_cursor = move(session, commit.task, commit.seen, coming.seen.committed(commit), also=also)
    declare = [
        f"DECLARE {LOADED}, {DELETED}, {QUARANTINED} INT64 DEFAULT 0",
        f"DECLARE {WINDOWS} ARRAY<DATE> DEFAULT @windows",
    ]
    if commit.again is not None:
        declare += bigquery_later.declare()
    same = f"SELECT 1 FROM {session.path(COMMITS)} WHERE commit_id = @commit_id"  # noqa: S608
    statements = [
        f"ASSERT NOT EXISTS ({same}) AS '{ALREADY}'",
        *moved,
        *(bigquery_later.find(session, commit.table) if commit.again is not None else ()),
        *_rows(session, commit, coming, columns),
        *bigquery_quarantine.statements(session, commit, coming.rejects),
        _note(session, commit),
    ]
    before = first_row(session) if commit.seen == 0 else None
    return transaction(statements, declare=declare, before=before), {
        **of_cursor,
        **_parameters(commit, coming.rows),
        **coming.within.parameters,
    }


def _parameters(commit: Commit, rows: Staged) -> dict[str, tuple[str, Any]]:
    return {
        "commit_id": ("STRING", commit.commit_id),
        "run_id": ("STRING", commit.run_id),
        "table": ("STRING", commit.table.name),
        "loaded_at": ("TIMESTAMP", commit.loaded_at),
        "windows": ("DATE", list(commit.windows)),
        "first_window": ("DATE", min(commit.windows, default=None)),
        "last_window": ("DATE", max(commit.windows, default=None)),
        "released": ("STRING", list(commit.again.released) if commit.again is not None else []),
        "given": ("INT64", rows.rows),
    }


def _rows(session: Session, commit: Commit, coming: _Coming, columns: Sequence[Column]) -> Iterator[str]:
    table, target, source = commit.table, session.path(commit.table.name), coming.rows.source(session)
    yield from _make_room(commit, target)
    if commit.deletes_vanished:
        yield delete_vanished(table, target, source)
        yield f"SET {DELETED} = @@row_count"
    if source is None:
        return
    yield f"ASSERT (SELECT COUNT(*) FROM {source}) = @given AS 'tidegate: rows were lost in staging'"  # noqa: S608
    if table.write == "merge":
        later = LATER if commit.again is not None else None
        yield from merge(table, target, source, columns, later_runs=later, within=coming.within.condition)
    elif table.write == "replace_windows" and commit.again is not None:
        yield insert(table, target, source, columns, bigquery_later.outside())
    else:
        yield insert(table, target, source, columns)
    yield f"SET {LOADED} = @@row_count"


def _make_room(commit: Commit, target: str) -> Iterator[str]:
    """Delete what the commit's rows take the place of; a merge sees to that by itself, key by key."""
    table, again = commit.table, commit.again
    if again is not None and not again.replaces:
        return
    if table.write == "replace_windows":
        # BigQuery prunes partitions by parameters; that it does so by an array is nowhere promised.
        yield (
            f"DELETE FROM {target} WHERE _tidegate_window IN UNNEST({WINDOWS})"  # noqa: S608
            " AND _tidegate_window BETWEEN @first_window AND @last_window"
        )
    elif table.write == "replace":
        yield f"DELETE FROM {target} WHERE TRUE"  # noqa: S608
    elif again is not None:
        yield f"DELETE FROM {target} WHERE _tidegate_run = @run_id"  # noqa: S608


def _note(session: Session, commit: Commit) -> str:
    commits = session.path(COMMITS)
    superseded = f"@given - {LOADED}" if commit.table.write == "merge" else "0"
    return (
        f"INSERT INTO {commits} (commit_id, run_id, task, table_name,"  # noqa: S608
        " loaded, superseded, quarantined, deleted, windows, number, committed_at)"
        f" SELECT @commit_id, @run_id, @task, @table, {LOADED}, {superseded}, {QUARANTINED}, {DELETED},"
        f" {WINDOWS}, (SELECT COALESCE(MAX(number), 0) + 1 FROM {commits}), CURRENT_TIMESTAMP()"
    )
