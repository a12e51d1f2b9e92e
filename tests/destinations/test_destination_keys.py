"""A table whose rows have keys made by tidegate, over every destination (`suite.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from tests.destinations.suite import APPEND, EQUAL, LATEST, NOW, Row, commit, row, stored
from tidegate.contracts.table import KEY_COLUMN
from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.destinations.exceptions import SchemaChangeError
from tidegate.utils.encoding import Encoder


def commit_keyed(to: Destination, number: int, *rows: tuple[str, str], deletes: bool = False) -> Landed:
    """Rows of a key and a text."""

    def draw() -> Iterator[pa.RecordBatch]:
        batch = Encoder(Row).encode([Row(id=1, text=text) for _, text in rows])
        keys = pa.array([key for key, _ in rows], pa.string())
        yield batch.append_column(pa.field(KEY_COLUMN, pa.string(), nullable=False), keys)

    seen = to.cursor("api.rows").version
    return to.commit(
        Commit(
            f"k{number}", f"run-{number}", "api.rows", EQUAL, seen, None, NOW, draw, deletes_vanished=deletes
        )
    )


def test_rows_are_merged_by_the_key_that_is_a_column_of_the_table(destination: Destination) -> None:
    commit_keyed(destination, 1, ("k1", "a"), ("k2", "a"))
    assert commit_keyed(destination, 2, ("k2", "a"), ("k3", "a"), deletes=True) == Landed(2, 0, deleted=1)
    assert stored(destination, KEY_COLUMN, "text") == [("k2", "a"), ("k3", "a")]
    assert destination.differences(EQUAL) == []


def test_rows_without_keys_are_adopted_by_a_person_only(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "old")])
    with pytest.raises(SchemaChangeError, match=f"adopt rows without {KEY_COLUMN}") as caught:
        destination.prepare(EQUAL)
    assert caught.value.allow == ("adopt",)


def test_adopted_rows_vanish_with_the_first_commit_that_deletes(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "old")])
    destination.apply(EQUAL, destination.differences(EQUAL))
    assert commit_keyed(destination, 1, ("k1", "a")) == Landed(1, 0)
    assert stored(destination, "text") == [("a",), ("old",)]
    assert commit_keyed(destination, 2, ("k1", "a"), deletes=True) == Landed(1, 0, deleted=1)
    assert stored(destination, "text") == [("a",)]


def test_a_table_that_gets_keys_of_its_own_keeps_the_column_out_of_use(destination: Destination) -> None:
    commit_keyed(destination, 1, ("k1", "a"))
    commit(destination, LATEST, [row(2, "b")], id="c2")
    assert stored(destination, "id", "text") == [(1, "a"), (2, "b")]
