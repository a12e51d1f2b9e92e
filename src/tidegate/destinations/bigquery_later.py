"""Rows of an earlier run, brought in once more: what later runs have written in the meantime stays."""

# ruff: noqa: S608  names are quoted by `Session.path`, and values are parameters

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.bigquery_jobs import Session, quote
from tidegate.destinations.bigquery_state import COMMITS

# Variables of the script: runs that first committed to the table after this one, the windows that they have
# replaced, those that this commit replaces, and later runs that have deleted what had vanished.
LATER, PASSED, WINDOWS = "_tidegate_later", "_tidegate_passed", "_tidegate_windows"
DELETING = "_tidegate_deleting"

REPLACED, DELETED = "has replaced the table", "has deleted what had vanished from the table"


def declare() -> list[str]:
    return [
        f"DECLARE {LATER} ARRAY<STRING>",
        f"DECLARE {PASSED} ARRAY<DATE>",
        f"DECLARE {DELETING} ARRAY<STRING>",
    ]


def find(session: Session, table: Table[Any]) -> Iterator[str]:
    """Statements that fill the variables, and fail where a later run has replaced the whole table, or
    deleted what had vanished from it.

    They take @table and @run_id.
    """
    commits = session.path(COMMITS)
    first = f"SELECT MIN(number) FROM {commits} WHERE table_name = @table AND run_id = @run_id"
    yield (
        f"SET {LATER} = ARRAY(SELECT run_id FROM {commits} WHERE table_name = @table GROUP BY run_id"
        f" HAVING MIN(number) > ({first}) ORDER BY MIN(number))"
    )
    if table.write == "replace":
        told = f"CONCAT('tidegate: run ', {LATER}[OFFSET(0)], ' {REPLACED} ', @table, ' since')"
        yield f"IF ARRAY_LENGTH({LATER}) > 0 THEN RAISE USING MESSAGE = {told}; END IF"
    if table.write == "merge":
        yield (
            f"SET {DELETING} = ARRAY(SELECT run_id FROM {commits} WHERE table_name = @table AND deleted > 0"
            f" AND run_id IN UNNEST({LATER}) ORDER BY number)"
        )
        told = f"CONCAT('tidegate: run ', {DELETING}[OFFSET(0)], ' {DELETED} ', @table, ' since')"
        yield f"IF ARRAY_LENGTH({DELETING}) > 0 THEN RAISE USING MESSAGE = {told}; END IF"
    if table.write == "replace_windows":
        yield (
            f"SET {PASSED} = ARRAY(SELECT DISTINCT w FROM {commits} AS c, UNNEST(c.windows) AS w"
            f" WHERE c.table_name = @table AND c.run_id IN UNNEST({LATER}))"
        )
        yield (
            f"SET {WINDOWS} = ARRAY(SELECT w FROM UNNEST({WINDOWS}) AS w WITH OFFSET AS o"
            f" WHERE w NOT IN UNNEST({PASSED}) ORDER BY o)"
        )


def outside(column: str = WINDOW_COLUMN) -> str:
    """A condition on s: the row is of no window that a later run has replaced."""
    return f"(s.{quote(column)} IS NULL OR s.{quote(column)} NOT IN UNNEST({PASSED}))"
