"""A listing in creation order whose rows are kept as the JSON bytes that the API sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(slots=True)
class Row:
    """One record. `lists` is there for the filter by list of `/contacts` and empty elsewhere."""

    id: int
    created_ms: int
    modified_ms: int
    body: bytes
    lists: tuple[int, ...] = ()

    def record(self) -> dict[str, Any]:
        """The record as a new dict."""
        loaded: dict[str, Any] = orjson.loads(self.body)
        return loaded


def encode(record: Mapping[str, object]) -> bytes:
    """A record as JSON bytes of the size they need.

    What orjson returns sits in a block of some 4 KB, however short it is; 100,000 contacts would take 400 MB.
    """
    return bytes(memoryview(orjson.dumps(record)))


class Table:
    """Rows by ascending id. Whoever changes it holds the sandbox's lock."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._last_id = rows[-1].id if rows else 0

    def next_id(self) -> int:
        """A new id, higher than any before it: the id of a deleted record is never given again."""
        self._last_id += 1
        return self._last_id


def page(rows: list[Row], offset: int, limit: int, *, newest_first: bool) -> list[Row]:
    """`limit` rows from `offset` on, in the order asked for."""
    if not newest_first:
        return rows[offset : offset + limit]
    stop = max(len(rows) - offset, 0)
    return rows[max(stop - limit, 0) : stop][::-1]
