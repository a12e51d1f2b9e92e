"""The manifest of a Parquet folder: which files hold which table, and all that goes with them.

One JSON document is the whole state of the folder; what it does not name does not count.

    {"format": 1, "version": 7,
     "tables": {"orders": {"columns": [...], "files": [{"path": "orders/7-....parquet", "rows": 3, ...}]}},
     "cursors": {"shop.orders": {...}}, "commits": {"<commit id>": {...}}}
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from tidegate.destinations.base import CursorRow, Landed
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.columns import Column

MANIFEST = "manifest.json"

_FORMAT = 1
# What a column keeps; lengths, attributes and steps are the contract's.
_OF_COLUMN = ("name", "kind", "nullable", "repeated", "precision", "scale", "description")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file, never changed once it is named. `path` is relative to the folder.

    All its rows are of one `window`, where the table is written by windows; else `window` is None.
    """

    path: str
    rows: int
    bytes: int
    window: date | None = None


@dataclass(frozen=True, slots=True)
class StoredTable:
    columns: tuple[Column, ...]
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """`commit_id` is None where a person set the cursor before the task ever committed."""

    row: CursorRow
    commit_id: str | None


@dataclass(frozen=True, slots=True)
class StoredCommit:
    run_id: str
    task: str
    table: str
    loaded: int
    superseded: int
    quarantined: int
    windows: tuple[date, ...]
    committed_at: datetime
    deleted: int = 0

    @property
    def landed(self) -> Landed:
        return Landed(self.loaded, self.superseded, self.quarantined, self.windows, deleted=self.deleted)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`version` counts the times that it was replaced. `commits` are in the order in which they landed."""

    version: int = 0
    tables: dict[str, StoredTable] = field(default_factory=dict)
    cursors: dict[str, StoredCursor] = field(default_factory=dict)
    commits: dict[str, StoredCommit] = field(default_factory=dict)

    def name_of(self, table: str) -> str | None:
        """The spelling that this table's name has here: case does not tell two tables apart."""
        return next((name for name in self.tables if name.lower() == table.lower()), None)

    def table(self, name: str) -> StoredTable | None:
        found = self.name_of(name)
        return None if found is None else self.tables[found]

    def with_table(self, name: str, table: StoredTable) -> Manifest:
        return replace(self, tables={**self.tables, self.name_of(name) or name: table})

    def with_cursor(self, task: str, cursor: StoredCursor) -> Manifest:
        return replace(self, cursors={**self.cursors, task: cursor})

    def with_commit(self, commit_id: str, commit: StoredCommit) -> Manifest:
        return replace(self, commits={**self.commits, commit_id: commit})

    @property
    def paths(self) -> set[str]:
        return {file.path for table in self.tables.values() for file in table.files}


def read_manifest(folder: Path) -> Manifest:
    """The manifest as it stands; an empty one where there is none. `DestinationError` for a damaged one."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Manifest()
    except OSError as error:
        raise DestinationError(f"{path}: {error.strerror}", hint="check the folder") from error
    try:
        return _parsed(orjson.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise DestinationError(
            f"{path}: is no manifest that this version reads: {error}",
            hint="name another folder, or put the manifest back from a backup",
        ) from error


def manifest_bytes(manifest: Manifest) -> bytes:
    return orjson.dumps({
        "format": _FORMAT,
        "version": manifest.version,
        "tables": {
            name: {
                "columns": [_column_value(column) for column in table.columns],
                "files": [asdict(file) for file in table.files],
            }
            for name, table in manifest.tables.items()
        },
        "cursors": {
            task: {**asdict(cursor.row), "commit_id": cursor.commit_id}
            for task, cursor in manifest.cursors.items()
        },
        "commits": {commit_id: asdict(commit) for commit_id, commit in manifest.commits.items()},
    })  # fmt: skip


def _parsed(value: Any) -> Manifest:
    if value["format"] != _FORMAT:
        raise ValueError(f"format {value['format']}")
    return Manifest(
        version=value["version"],
        tables={
            name: StoredTable(
                tuple(_column(column) for column in table["columns"]),
                tuple(DataFile(**{**file, "window": _day(file["window"])}) for file in table["files"]),
            )
            for name, table in value["tables"].items()
        },
        cursors={task: _cursor(cursor) for task, cursor in value["cursors"].items()},
        commits={commit_id: _commit(commit) for commit_id, commit in value["commits"].items()},
    )


def _column_value(column: Column) -> dict[str, Any]:
    value = {name: getattr(column, name) for name in _OF_COLUMN if getattr(column, name) not in (None, False)}
    if column.fields:
        value["fields"] = [_column_value(each) for each in column.fields]
    return value


def _column(value: dict[str, Any]) -> Column:
    return Column(**{**value, "fields": tuple(_column(each) for each in value.get("fields", ()))})


def _cursor(value: dict[str, Any]) -> StoredCursor:
    slices = {name: datetime.fromisoformat(each) for name, each in value.get("slices", {}).items()}
    return StoredCursor(CursorRow(value["version"], _instant(value["value"]), slices), value["commit_id"])


def _commit(value: dict[str, Any]) -> StoredCommit:
    windows = tuple(date.fromisoformat(day) for day in value["windows"])
    committed_at = datetime.fromisoformat(value["committed_at"])
    return StoredCommit(**{**value, "windows": windows, "committed_at": committed_at})


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
