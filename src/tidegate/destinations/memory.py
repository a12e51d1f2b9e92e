"""A destination in memory: the plainest reading of `base.py`, for tests of a few thousand rows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, CursorRow, Freshness, Landed
from tidegate.destinations.duckdb_alter import refuse_unsafe
from tidegate.destinations.exceptions import DestinationError
from tidegate.destinations.memory_commit import committed, moved
from tidegate.destinations.memory_state import State, changed, lacks
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.destinations.schema_diff import Change, told

_numbers = count(1)


class MemoryDestination:
    """Safe to use from several threads. What it holds ends with it.

    It makes every change of a table but a new type that needs a person (`retype`, `narrow`): it converts no
    values, so `apply` refuses that.
    """

    def __init__(self) -> None:
        self._state = State()
        self._lock = threading.Lock()
        self._number = next(_numbers)

    @property
    def name(self) -> str:
        return "memory"

    @property
    def identity(self) -> str:
        return f"memory:{self._number}"

    def prepare(self, table: Table[Any]) -> None:
        refuse_unsafe(table, self.differences(table))

    def differences(self, table: Table[Any]) -> list[Change]:
        return lacks(self._state, table)

    def apply(self, table: Table[Any], changes: Sequence[Change]) -> tuple[str, ...]:
        with self._lock:
            state = self._state
            if lacks(state, table) != list(changes):
                raise DestinationError(f"memory: the differences of {table.name} are other ones")
            refused = [change.text for change in changes if change.kind in {"retype", "narrow"}]
            if refused:
                raise DestinationError(f"memory converts no values: {'; '.join(refused)}")
            done = told(changes)
            if not all(change.safe for change in changes):
                kept = _free_name(state, f"{table.name}__before_{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
                state = state.with_table(kept, state.tables[table.name.lower()])
                done = (*done, f"the table as it was is kept as {kept}")
            self._state = changed(state, table) if changes else state
            return done

    def cursor(self, task: str) -> CursorRow:
        found = self._state.cursors.get(task)
        return CursorRow() if found is None else found.row

    def set_cursor(
        self, task: str, value: datetime | None, *, seen: int, slice_id: str | None = None
    ) -> CursorRow:
        with self._lock:
            before = self._state.cursors.get(task)
            row = (before.row if before else CursorRow()).set(value, seen, slice_id)
            self._state = moved(self._state, task, row, before.commit if before else None)
        return row

    def commit(self, commit: Commit) -> Landed:
        with self._lock:
            before = self._state.done.get(commit.commit_id)
            if before is not None:
                return before.landed
            self._state, landed = committed(self._state, commit)
            return landed

    def landed(self, commit_id: str) -> Landed | None:
        found = self._state.done.get(commit_id)
        return None if found is None else found.landed

    def quarantine(self, *, task: str | None = None, run_id: str | None = None) -> Iterator[QuarantinedRow]:
        found = [each for each in self._state.quarantine if task in (None, each.task)]
        found = [each for each in found if run_id in (None, each.run_id)]
        found.sort(key=lambda row: (row.task, row.run_id, row.slice, row.page, row.position, row.id))
        yield from found

    def freshness(self) -> list[Freshness]:
        state = self._state
        return [
            Freshness(
                task,
                cursor.commit.table.name,
                state.done[cursor.commit.commit_id].at,
                cursor.commit.run_id,
                cursor.row.furthest,
                len(state.tables[cursor.commit.table.name.lower()].rows),
            )
            for task, cursor in sorted(state.cursors.items())
            if cursor.commit is not None
        ]

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        held = self._state.tables.get(table.lower())
        if held is None:
            raise DestinationError(f"memory: no table {table}", hint="has it been loaded yet?")
        names = [column.name for column in held.columns]
        return names, [tuple(row.get(name) for name in names) for row in held.rows[:rows]]

    def values(self, table: str, column: str) -> list[Any]:
        names, rows = self.sample(table, sys.maxsize)
        if column not in names:
            raise DestinationError(f"memory: no column {column} in table {table}")
        at = names.index(column)
        return sorted({row[at] for row in rows} - {None})


def _free_name(state: State, name: str) -> str:
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(each for each in names if each.lower() not in state.tables)
