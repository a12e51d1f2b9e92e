"""Keys for rows that have no id of their own: a hash of what a row holds, and of its number among its equals.

Equal rows of one slice are rows of their own, numbered as they come; as they are equal, it does not matter
which is which, and the same rows fetched again get the same keys. Equal rows of two windows of a grid, or of
two accounts, have other keys. The window of a task that asks "changed since" moves from run to run, and is no
part of the key: there the cursor's own column, which the write contract must have, tells the rows apart.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import KEY_COLUMN, Table
from tidegate.engine.exceptions import StorageError, StorageFullError
from tidegate.engine.over import stored
from tidegate.engine.plan import Slice
from tidegate.utils.canonical import canonical
from tidegate.utils.sqlite import is_full

if TYPE_CHECKING:
    import pyarrow as pa

_BYTES = 16  # of a key, which is written as 32 hexadecimal digits
_LOOKED_FOR = 16  # equal rows at a time
_HELD = 200_000  # digests that are counted in memory, in about 30 MB


class RowKeys:
    """Of one slice that is walked, or of one load. Used from one thread; close it, or use it as a context.

    Without a synthetic key in the table, batches pass as they are. `held` digests are counted in memory.
    """

    def __init__(self, table: Table[Any], of: Slice | None = None, *, held: int = _HELD) -> None:
        self._columns = [column for column in table.columns if column.name != KEY_COLUMN]
        self._counts = _Counts(held) if table.has_synthetic_key else None
        cell, values = (None, ()) if of is None else (of.cell, of.values)
        told = json.dumps([None if cell is None else cell.isoformat(), stored(values)], separators=(",", ":"))
        self._scope = sha256(told.encode()).digest()

    def schema(self, built: pa.Schema) -> pa.Schema:
        """That of the batches that `keyed` gives, of the schema of those that it is given."""
        import pyarrow as pa

        key = pa.field(KEY_COLUMN, pa.string(), nullable=False)
        return built if self._counts is None else built.append(key)

    def keyed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the column of keys. Batches come in the order of the rows."""
        import pyarrow as pa

        if self._counts is None:
            return batch
        digests = self.digests(batch)
        keys = list(map(_key, digests, self._counts.numbered(digests)))
        columns = [*batch.columns, pa.array(keys, pa.string())]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema(batch.schema))

    def digests(self, batch: pa.RecordBatch) -> list[bytes]:
        """Of each row; the same for equal rows of the slice."""
        scope = self._scope
        return [sha256(scope + row).digest()[:_BYTES] for row in canonical(self._columns, batch)]

    def follow(
        self,
        batches: Sequence[pa.RecordBatch],
        written: Callable[[], Iterable[pa.RecordBatch]],
        earlier: Iterable[pa.RecordBatch],
    ) -> list[pa.RecordBatch]:
        """The batches with keys that no row has: neither those `written` with theirs, nor those that had come
        `earlier` without. `written()` may be called more than once.
        """
        if self._counts is None:
            return list(batches)
        among = {digest for batch in batches for digest in self.digests(batch)}
        for digest, number in _numbers_taken(among, written).items():
            self._counts.set(digest, number)
        for batch in earlier:
            self._counts.numbered([digest for digest in self.digests(batch) if digest in among])
        return [self.keyed(batch) for batch in batches]

    def __enter__(self) -> RowKeys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._counts is not None:
            self._counts.close()


def _key(digest: bytes, number: int) -> str:
    """Of the row that so many equal ones came before."""
    return (digest if number == 0 else sha256(digest + number.to_bytes(8, "little")).digest())[:_BYTES].hex()


def _numbers_taken(
    digests: Collection[bytes], written: Callable[[], Iterable[pa.RecordBatch]]
) -> dict[bytes, int]:
    """By their keys in the batches: how many equal rows are there of each digest of which there is any."""
    taken: dict[bytes, int] = {}
    left = dict.fromkeys(digests, 0)
    while left:
        asked = {
            _key(digest, number): (digest, number + 1)
            for digest, first in left.items()
            for number in range(first, first + _LOOKED_FOR)
        }
        for batch in written():
            for digest, count in (asked[key] for key in batch.column(KEY_COLUMN).to_pylist() if key in asked):
                taken[digest] = max(taken.get(digest, 0), count)
        left = {each: taken[each] for each in left if taken.get(each, 0) == left[each] + _LOOKED_FOR}
    return taken


class _Counts:
    """How often each digest has come: in memory, and of more than `most` in a temporary database, which
    SQLite keeps in a file without a name.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[bytes, int] = {}
        self._spilled: sqlite3.Connection | None = None

    def numbered(self, digests: Sequence[bytes]) -> list[int]:
        """For each, how often it had come before."""
        try:
            numbers = []
            for digest in digests:
                number = self._held.get(digest)
                if number is None:
                    number = self._looked_up(digest)
                numbers.append(number)
                self._held[digest] = number + 1
            if len(self._held) > self._most:
                self._spill()
        except sqlite3.Error as error:
            raise (StorageFullError if is_full(error) else StorageError)(
                f"the keys of the rows do not fit into a temporary file: {error}",
                hint="Free some space, or name another folder in TMPDIR, and run the same command again.",
            ) from error
        return numbers

    def set(self, digest: bytes, count: int) -> None:
        self._held[digest] = count

    def _looked_up(self, digest: bytes) -> int:
        if self._spilled is None:
            return 0
        found = self._spilled.execute("SELECT count FROM seen WHERE digest = ?", (digest,)).fetchone()
        return 0 if found is None else int(found[0])

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = sqlite3.connect("", isolation_level=None)
            self._spilled.execute("PRAGMA journal_mode = OFF")
            self._spilled.execute("PRAGMA cache_size = -16384")  # kB
            self._spilled.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, count INT) WITHOUT ROWID")
        self._spilled.execute("BEGIN")
        self._spilled.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", sorted(self._held.items()))
        self._spilled.execute("COMMIT")
        self._held.clear()

    def close(self) -> None:
        if self._spilled is not None:
            self._spilled.close()
