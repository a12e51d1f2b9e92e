"""A table of the warehouse: its name, its only schema (the write contract) and how rows get in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel

from tidegate.utils.schemas import Column, columns_of

W = TypeVar("W", bound=BaseModel)

WriteMode = Literal["append", "replace", "replace_windows", "merge"]

# Columns that tidegate adds to every table; a contract may not use the prefix.
RESERVED_PREFIX = "_tidegate_"
RUN_COLUMN = "_tidegate_run"
LOADED_AT_COLUMN = "_tidegate_loaded_at"
WINDOW_COLUMN = "_tidegate_window"
KEY_COLUMN = "_tidegate_key"

# What `Table(key=SYNTHETIC_KEY)` says: the rows have no id, so tidegate makes one of what they hold.
SYNTHETIC_KEY = (KEY_COLUMN,)

_KEY = Column(
    KEY_COLUMN,
    "string",
    description="Key made by tidegate of what the row holds, as it has no id of its own.",
)
_TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# https://cloud.google.com/bigquery/docs/labels-intro#requirements, less the letters of other alphabets
_LABEL_KEY, _LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Table(Generic[W]):
    """Where the rows of a task go. Checked when it is made: a contract that cannot be carried raises here.

    `key` are the columns that tell two rows of a `merge` apart; `version` is the column that orders the
    versions of a key (a row older than the table's is superseded; of equals, and without a version, the
    one fetched later wins). `partition_by` and `cluster_by` are carried to destinations that know them.
    `delete_vanished`, of a `merge`: rows that a full refresh does not bring any more are deleted with it.
    `partition_immutable`, of a `merge`: the partition column of a key never changes, so that only the
    partitions of the rows that come have to be looked into. `labels` go to destinations that know them.
    `commit="slice"`: each slice of the task lands in a commit of its own, so that one that fails leaves the
    others landed; else all rows of a run land together.
    `key=SYNTHETIC_KEY`, of any way to write: rows have no id, and get one in a column `_tidegate_key`.
    """

    name: str
    model: type[W]
    key: tuple[str, ...] = ()
    version: str | None = None
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
    write: WriteMode = "append"
    delete_vanished: bool = False
    partition_immutable: bool = False
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    commit: Literal["run", "slice"] = "run"
    columns: tuple[Column, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        own = (_KEY,) if self.has_synthetic_key else ()
        object.__setattr__(self, "columns", (*columns_of(self.model), *own))
        self._check()

    @property
    def has_synthetic_key(self) -> bool:
        return tuple(self.key) == SYNTHETIC_KEY

    def _check(self) -> None:
        if not _TABLE_NAME.fullmatch(self.name) or self.name.lower().startswith(RESERVED_PREFIX):
            raise ValueError(
                f"table name {self.name!r}: use letters, digits and _; no digit or {RESERVED_PREFIX} in front"
            )
        by_name = {column.name: column for column in self.columns}
        for name in (column.name for column in self.columns if column is not _KEY):
            if name.lower().startswith(RESERVED_PREFIX):
                raise ValueError(
                    f"table {self.name}: column {name} has the reserved prefix {RESERVED_PREFIX}"
                )
        self._check_synthetic_key()
        for role, names in self._roles():
            for name in names:
                if name not in by_name:
                    known = ", ".join(by_name)
                    raise ValueError(
                        f"table {self.name}: {role} names {name!r}, not one of its columns ({known})"
                    )
        self._check_merge(by_name)
        self._check_commit()
        self._check_partition(by_name)

    def _check_merge(self, by_name: dict[str, Column]) -> None:
        for name in self.key:
            if (
                by_name[name].nullable
                or by_name[name].repeated
                or by_name[name].kind in {"record", "json", "float"}
            ):
                raise ValueError(f"table {self.name}: key column {name} must be required and of a plain type")
        if self.write == "merge" and not self.key:
            raise ValueError(
                f"table {self.name}: write='merge' needs key=(...), the columns that tell rows apart"
            )
        if self.version is not None and (
            by_name[self.version].repeated or by_name[self.version].kind in {"record", "json"}
        ):
            raise ValueError(f"table {self.name}: version column {self.version} must be of a plain type")
        if self.version is not None and self.write != "merge":
            raise ValueError(f"table {self.name}: version is for write='merge'")
        if self.delete_vanished and self.write != "merge":
            raise ValueError(
                f"table {self.name}: delete_vanished is for write='merge'; write={self.write!r} "
                + ("never deletes" if self.write == "append" else "keeps nothing that it is not given")
            )

    def _check_commit(self) -> None:
        if self.commit == "slice" and (self.write == "replace" or self.delete_vanished):
            why = "write='replace'" if self.write == "replace" else "delete_vanished"
            raise ValueError(
                f"table {self.name}: commit='slice' does not go with {why}: each slice would take away what"
                " the one before it brought"
            )

    def _check_partition(self, by_name: dict[str, Column]) -> None:
        column = by_name.get(self.partition_by or "")
        if column is not None and (column.repeated or column.kind not in {"date", "datetime", "timestamp"}):
            raise ValueError(
                f"table {self.name}: partition_by names {column.name}, which is no date and no time stamp"
            )
        if self.partition_immutable and (self.write != "merge" or column is None):
            raise ValueError(
                f"table {self.name}: partition_immutable is for write='merge' with a partition_by"
            )
        for key, value in self.labels.items():
            if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                raise ValueError(
                    f"table {self.name}: label {key!r}: {value!r}: use lower-case letters, digits, _ "
                    "and -, 63 at most; a key begins with a letter"
                )

    def _check_synthetic_key(self) -> None:
        if KEY_COLUMN in self.key and not self.has_synthetic_key:
            raise ValueError(f"table {self.name}: key=SYNTHETIC_KEY is the whole key: it goes with no column")
        if self.has_synthetic_key and self.version is not None:
            raise ValueError(
                f"table {self.name}: version goes with a key of its own: rows of one synthetic key are equal"
            )

    def _roles(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (
            ("key", self.key),
            ("version", (self.version,) if self.version else ()),
            ("partition_by", (self.partition_by,) if self.partition_by else ()),
            ("cluster_by", self.cluster_by),
        )
