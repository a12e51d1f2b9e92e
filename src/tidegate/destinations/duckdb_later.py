"""Rows of an earlier run, brought in once more: what later runs have written in the meantime stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.destinations.base import Commit
from tidegate.destinations.batches import without_windows
from tidegate.destinations.exceptions import CommitLostError

if TYPE_CHECKING:
    import duckdb

LATER_RUNS = "_tidegate_later"

_FIND = f"""
CREATE TEMP TABLE {LATER_RUNS} AS
SELECT run_id FROM _tidegate_commits WHERE table_name = $table GROUP BY run_id
HAVING min(number) > (SELECT min(number) FROM _tidegate_commits WHERE table_name = $table AND run_id = $run)
"""  # noqa: S608 - a name of our own
_WINDOWS = f"""
SELECT DISTINCT unnest(windows) FROM _tidegate_commits
WHERE table_name = $table AND run_id IN (SELECT run_id FROM {LATER_RUNS})
"""  # noqa: S608
_DELETED = f"""
SELECT run_id FROM _tidegate_commits
WHERE table_name = $table AND deleted > 0 AND run_id IN (SELECT run_id FROM {LATER_RUNS})
ORDER BY number LIMIT 1
"""  # noqa: S608


def without_later(connection: duckdb.DuckDBPyConnection, commit: Commit) -> Commit:
    """The commit, less the windows that later runs have replaced. Raises `CommitLostError` where one has
    replaced the table, or deleted what had vanished from it. Makes the temporary table `LATER_RUNS`, which a
    merge looks at.
    """
    connection.execute(_FIND, {"table": commit.table.name, "run": commit.run_id})
    later = connection.execute(f"SELECT run_id FROM {LATER_RUNS} LIMIT 1").fetchall()  # noqa: S608
    if later and commit.table.write == "replace":
        raise lost(commit, later[0][0], "replaced")
    if later and commit.table.write == "merge":
        found = connection.execute(_DELETED, {"table": commit.table.name}).fetchall()
        if found:
            raise lost(commit, found[0][0], "deleted what had vanished from")
    if later and commit.table.write == "replace_windows":
        found = connection.execute(_WINDOWS, {"table": commit.table.name}).fetchall()
        return without_windows(commit, {window for (window,) in found})
    return commit


def lost(commit: Commit, run: str, did: str) -> CommitLostError:
    """For what a later run has done to the table."""
    return CommitLostError(
        f"{commit.task}: run {run} has {did} the table {commit.table.name} since",
        hint="Nothing was written: an earlier run never takes the place of a later one.",
    )
