"""What one commit makes of a manifest: new files, and the manifest that names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import LOADED_AT_COLUMN, RUN_COLUMN
from tidegate.destinations.base import Commit, CursorRow, Landed
from tidegate.destinations.batches import batch_schema, fitted, joined, without_windows
from tidegate.destinations.duckdb_alter import refuse_unsafe
from tidegate.destinations.duckdb_later import lost
from tidegate.destinations.exceptions import CommitLostError, DestinationError
from tidegate.destinations.parquet_files import empty_file, read_rows, without_rows, write_files
from tidegate.destinations.parquet_folder import Changing
from tidegate.destinations.parquet_manifest import DataFile, Manifest, StoredCommit, StoredCursor, StoredTable
from tidegate.destinations.parquet_merge import Merge, merging
from tidegate.destinations.parquet_quarantine import quarantined
from tidegate.destinations.parquet_schema import changed, changes_of
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_ONCE, _BYTES_AT_ONCE = 20_000, 16 << 20


def committed(change: Changing, commit: Commit) -> tuple[Manifest, Landed]:
    """The manifest after the commit, all files of which are durable, and what the commit did."""
    manifest = _with_cursor(change.before, commit)
    changes = changes_of(manifest, commit.table)
    refuse_unsafe(commit.table, changes)
    is_new = manifest.table(commit.table.name) is None
    manifest, done = changed(change, manifest, commit.table, changes, commit.loaded_at)
    later = later_runs(manifest, commit)
    if commit.again is not None:
        commit = _without_later(manifest, commit, later)
    manifest, loaded, superseded, deleted = _with_rows(change, manifest, commit, later)
    manifest, put = quarantined(change, manifest, commit)
    landed = Landed(loaded, superseded, put, commit.windows, () if is_new else done, deleted)
    return manifest.with_commit(commit.commit_id, _note(commit, landed)), landed


def moved(manifest: Manifest, task: str, row: CursorRow, commit_id: str | None) -> Manifest:
    """Compare and swap: the row takes the place of that of the version before its own."""
    cursor, seen = manifest.cursors.get(task), row.version - 1
    if (cursor.row.version if cursor else 0) != seen:
        raise CommitLostError(
            f"{task}: its cursor has moved on from version {seen} since it was looked at",
            hint="nothing was written; a new run goes on from where the other one came",
        )
    return manifest.with_cursor(task, StoredCursor(row, commit_id))


def later_runs(manifest: Manifest, commit: Commit) -> frozenset[str]:
    """Runs that first committed to the table after the commit's run did."""
    first: dict[str, int] = {}
    for number, each in enumerate(manifest.commits.values()):
        if each.table == commit.table.name:
            first.setdefault(each.run_id, number)
    own = first.get(commit.run_id)
    return frozenset(run for run, number in first.items() if own is not None and number > own)


def _with_cursor(manifest: Manifest, commit: Commit) -> Manifest:
    cursor = manifest.cursors.get(commit.task)
    row = (cursor.row if cursor else CursorRow()).committed(commit)
    return moved(manifest, commit.task, row, commit.commit_id)


def _note(commit: Commit, landed: Landed) -> StoredCommit:
    return StoredCommit(
        run_id=commit.run_id,
        task=commit.task,
        table=commit.table.name,
        loaded=landed.loaded,
        superseded=landed.superseded,
        quarantined=landed.quarantined,
        windows=landed.windows,
        deleted=landed.deleted,
        committed_at=datetime.now(UTC),
    )


def _without_later(manifest: Manifest, commit: Commit, later: frozenset[str]) -> Commit:
    if later and commit.table.write == "replace":
        raise lost(commit, min(later), "replaced")
    of_table = (each for each in manifest.commits.values() if each.table == commit.table.name)
    theirs = [each for each in of_table if each.run_id in later]
    deleting = [each.run_id for each in theirs if each.deleted]
    if deleting and commit.table.write == "merge":
        raise lost(commit, deleting[0], "deleted what had vanished from")
    if later and commit.table.write == "replace_windows":
        windows = (each.windows for each in theirs)
        return without_windows(commit, {day for days in windows for day in days})
    return commit


def _with_rows(
    change: Changing, manifest: Manifest, commit: Commit, later: frozenset[str]
) -> tuple[Manifest, int, int, int]:
    """The manifest with the rows in it; how many were loaded, superseded, and deleted as vanished."""
    name = manifest.name_of(commit.table.name) or commit.table.name
    table = manifest.tables[name]
    files = _room(change, name, table, commit)
    superseded = deleted = 0
    if commit.table.write == "merge":
        files, loaded, superseded, deleted = _merged(change, name, table, files, commit, later)
    else:
        new = write_files(change, name, table.columns, _rows(commit, table))
        files, loaded = (*files, *new), sum(file.rows for file in new)
    files = tuple(file for file in files if file.rows) or (empty_file(change, name, table.columns),)
    return manifest.with_table(name, StoredTable(table.columns, files)), loaded, superseded, deleted


def _room(change: Changing, name: str, table: StoredTable, commit: Commit) -> tuple[DataFile, ...]:
    """The table's files without what the commit's rows take the place of; a merge sees to that key by key."""
    mode, again = commit.table.write, commit.again
    if again is not None and not again.replaces:
        return table.files
    if mode == "replace_windows":
        return tuple(file for file in table.files if file.window not in commit.windows)
    if mode == "replace":
        return ()
    if again is None:
        return table.files

    import pyarrow as pa
    import pyarrow.compute as pc

    def of_run(batch: pa.RecordBatch) -> pa.BooleanArray:
        return pc.equal(batch.column(RUN_COLUMN), pa.scalar(commit.run_id))

    return without_rows(change, name, table.columns, table.files, of_run, [RUN_COLUMN])


def _merged(
    change: Changing,
    name: str,
    table: StoredTable,
    files: Sequence[DataFile],
    commit: Commit,
    later: frozenset[str],
) -> tuple[tuple[DataFile, ...], int, int, int]:
    """Files that hold rows to be replaced are written anew, together with the rows that go in.

    Two passes over the batches, so that no copy of the whole run is staged.
    """
    import pyarrow.compute as pc

    files = files or (empty_file(change, name, table.columns),)
    with merging(commit, change.path, files, later, change.scratch()) as merge:
        touched = [file for file in files if merge.is_touched(file)]

        def rows() -> Iterator[pa.RecordBatch]:
            for file, position, batch in read_rows(change.path, touched, table.columns):
                yield batch.filter(pc.invert(merge.replaced(file, position, batch.num_rows)))
            yield from _rows(commit, table, merge)

        new = write_files(change, name, table.columns, rows())
    left = tuple(file for file in files if file not in touched)
    return (*left, *new), merge.kept, merge.given - merge.kept, merge.deleted


def _rows(commit: Commit, table: StoredTable, merge: Merge | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of the commit with all columns of the table, or those of them that a merge has chosen."""
    schema, position = batch_schema(commit.table), 0
    fitting = (fitted(batch, schema, commit.table.name) for batch in commit.batches())
    for batch in joined(fitting, _ROWS_AT_ONCE, _BYTES_AT_ONCE):
        if merge is not None:
            yield _stored(batch.filter(merge.chosen(position, batch.num_rows)), commit, table)
        else:
            yield _stored(batch, commit, table)
        position += batch.num_rows
    if merge is not None and position != merge.given:
        raise DestinationError(
            f"{commit.task}: the batches held {merge.given} rows, and {position} when drawn again"
        )


def _stored(batch: pa.RecordBatch, commit: Commit, table: StoredTable) -> pa.RecordBatch:
    """The batch with tidegate's own columns, in the order and of the types of the table."""
    import pyarrow as pa

    own: dict[str, Any] = {RUN_COLUMN: commit.run_id, LOADED_AT_COLUMN: commit.loaded_at}
    columns = []
    for field in arrow_schema(table.columns):
        if field.name in batch.schema.names:
            columns.append(batch.column(field.name).cast(field.type))
        else:
            columns.append(pa.repeat(pa.scalar(own.get(field.name), field.type), batch.num_rows))
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(table.columns))
