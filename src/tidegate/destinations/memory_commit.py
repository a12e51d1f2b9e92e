"""What one commit makes of the state of a destination in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from tidegate.contracts.table import LOADED_AT_COLUMN, RUN_COLUMN, WINDOW_COLUMN, Table
from tidegate.destinations.base import Again, Commit, CursorRow, Landed
from tidegate.destinations.batches import batch_schema, fitted
from tidegate.destinations.duckdb_alter import refuse_unsafe
from tidegate.destinations.duckdb_later import lost
from tidegate.destinations.exceptions import CommitLostError
from tidegate.destinations.memory_state import Done, Row, State, StateCursor, changed, lacks
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.destinations.schema_diff import told


def committed(state: State, commit: Commit) -> tuple[State, Landed]:
    before = state.cursors.get(commit.task)
    row = (before.row if before else CursorRow()).committed(commit)
    state = moved(state, commit.task, row, commit)
    changes = lacks(state, commit.table)
    refuse_unsafe(commit.table, changes)
    is_new = commit.table.name.lower() not in state.tables
    state = changed(state, commit.table)
    later = _later_runs(state, commit) if commit.again else set()
    passed = _passed_windows(state, commit, later)
    windows = tuple(day for day in commit.windows if day not in passed)
    rows = [row for row in _rows(commit) if row.get(WINDOW_COLUMN) not in passed]
    held = state.tables[commit.table.name.lower()]
    room = _room(held.rows, commit, windows)
    kept = _without_vanished(room, rows, commit)
    if commit.table.write == "merge":
        after, loaded = _merged(kept, rows, commit.table, later)
    else:
        after, loaded = [*kept, *rows], len(rows)
    state = state.with_table(commit.table.name, replace(held, rows=tuple(after)))
    state, put = _with_rejected(state, commit, windows, passed)
    told_changes = () if is_new else told(changes)
    landed = Landed(loaded, len(rows) - loaded, put, windows, told_changes, len(room) - len(kept))
    done = Done(commit, replace(landed, changes=()), datetime.now(UTC))
    return replace(state, done={**state.done, commit.commit_id: done}), landed


def moved(state: State, task: str, row: CursorRow, commit: Commit | None) -> State:
    """Compare and swap: the row takes the place of that of the version before its own."""
    before, seen = state.cursors.get(task), row.version - 1
    if (before.row.version if before else 0) != seen:
        raise CommitLostError(f"{task}: its cursor has moved on from version {seen} since it was looked at")
    return replace(state, cursors={**state.cursors, task: StateCursor(row, commit)})


def _rows(commit: Commit) -> list[Row]:
    schema = batch_schema(commit.table)
    own = {RUN_COLUMN: commit.run_id, LOADED_AT_COLUMN: commit.loaded_at}
    drawn = (fitted(batch, schema, commit.table.name) for batch in commit.batches())
    return [{**row, **own} for batch in drawn for row in batch.to_pylist()]


def _room(rows: Sequence[Row], commit: Commit, windows: Sequence[date]) -> list[Row]:
    """The table's rows without those whose place the commit's rows take; a merge sees to keys by itself."""
    if commit.again is not None and not commit.again.replaces:
        return list(rows)
    if commit.table.write == "replace":
        return []
    if commit.table.write == "replace_windows":
        return [row for row in rows if row[WINDOW_COLUMN] not in windows]
    return [row for row in rows if commit.again is None or row[RUN_COLUMN] != commit.run_id]


def _without_vanished(held: list[Row], coming: Sequence[Row], commit: Commit) -> list[Row]:
    if not commit.deletes_vanished:
        return held
    came = {_key(commit.table, row) for row in coming}
    return [row for row in held if _key(commit.table, row) in came]


def _key(table: Table[Any], row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in table.key)


def _merged(
    held: Sequence[Row], coming: Sequence[Row], table: Table[Any], later: set[str]
) -> tuple[list[Row], int]:
    """The table after the merge, and how many of the coming rows are in it."""
    key = partial(_key, table)

    def age(row: Row) -> tuple[bool, Any]:
        version = row[table.version] if table.version else None
        return (False, 0) if version is None else (True, version)

    newest: dict[tuple[Any, ...], Row] = {}
    for row in coming:
        if key(row) not in newest or age(row) >= age(newest[key(row)]):
            newest[key(row)] = row
    for row in held:
        rival = newest.get(key(row))
        if rival is None:
            continue
        if age(rival) < age(row) or (row[RUN_COLUMN] in later and age(rival) == age(row)):
            del newest[key(row)]
    return [*(row for row in held if key(row) not in newest), *newest.values()], len(newest)


def _later_runs(state: State, commit: Commit) -> set[str]:
    """Runs that first committed to the table after the commit's run did."""
    to_table = [done.commit for done in state.done.values() if done.commit.table.name == commit.table.name]
    runs = list(dict.fromkeys(each.run_id for each in to_table))
    later = set(runs[runs.index(commit.run_id) + 1 :]) if commit.run_id in runs else set()
    if later and commit.table.write == "replace":
        raise lost(commit, min(later), "replaced")
    theirs = [each for each in to_table if each.run_id in later]
    deleting = [each.run_id for each in theirs if state.done[each.commit_id].landed.deleted]
    if deleting and commit.table.write == "merge":
        raise lost(commit, deleting[0], "deleted what had vanished from")
    return later


def _passed_windows(state: State, commit: Commit, later: set[str]) -> set[date]:
    """Windows that later runs have replaced."""
    if commit.table.write != "replace_windows":
        return set()
    theirs = [done for done in state.done.values() if done.commit.run_id in later]
    return {
        day for done in theirs if done.commit.table.name == commit.table.name for day in done.landed.windows
    }


def _with_rejected(
    state: State, commit: Commit, windows: Sequence[date], passed: set[date]
) -> tuple[State, int]:
    names = [each.name for each in fields(QuarantinedRow)]
    given = [row for batch in commit.rejected.batches() for row in batch.to_pylist()]
    coming = [QuarantinedRow(**{name: row[name] for name in names}) for row in given]
    coming = [row for row in coming if row.window not in passed]
    ids = {row.id for row in coming}
    kept = [row for row in state.quarantine if row.id not in ids and not _leaves(row, commit, windows)]
    return replace(state, quarantine=(*kept, *coming)), len(coming)


def _leaves(row: QuarantinedRow, commit: Commit, windows: Sequence[date]) -> bool:
    """Whether a row leaves the quarantine with what the commit replaces."""
    of_task = row.task == commit.task
    match commit.again, commit.table.write:
        case Again() as again, _:
            of_run = of_task and row.run_id == commit.run_id
            return row.id in again.released or (again.replaces and of_run)
        case None, "replace":
            return of_task
        case None, "replace_windows":
            return of_task and row.window in windows
    return False
