"""What `deletes_vanished` does in a commit, over every destination (`suite.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.destinations.suite import DESTINATIONS, LATEST, MERGE, NOW, Row, commit, row, stored
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, CursorRow, Destination, Landed
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.utils.encoding import Encoder
from tidegate.utils.errors import TidegateError


def test_rows_whose_key_did_not_come_are_deleted_and_counted_apart(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a"), row(2, "b"), row(3, "c")], id="c1")
    landed = commit(destination, LATEST, [row(2, "new"), row(4, "d")], id="c2", deletes_vanished=True)
    assert landed == Landed(loaded=2, superseded=0, deleted=2)
    assert stored(destination, "id", "text") == [(2, "new"), (4, "d")]


def test_without_it_nothing_is_deleted(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a"), row(2, "b")], id="c1")
    assert commit(destination, LATEST, [row(2, "new")], id="c2") == Landed(1, 0)
    assert stored(destination, "id") == [(1,), (2,)]


def test_key_that_came_with_an_older_version_has_not_vanished(destination: Destination) -> None:
    commit(destination, MERGE, [row(1, "kept", 5), row(2, "gone", 5)], id="c1")
    landed = commit(destination, MERGE, [row(1, "late", 4)], id="c2", deletes_vanished=True)
    assert landed == Landed(loaded=0, superseded=1, deleted=1)
    assert stored(destination, "id", "text") == [(1, "kept")]


def test_first_commit_has_nothing_to_delete(destination: Destination) -> None:
    assert commit(destination, LATEST, [row(1, "a")], deletes_vanished=True) == Landed(1, 0)
    assert stored(destination, "id") == [(1,)]


def test_commit_of_no_rows_deletes_all_where_it_is_told_to(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a"), row(2, "b")], id="c1")
    assert commit(destination, LATEST, [], id="c2", deletes_vanished=True) == Landed(0, 0, deleted=2)
    assert stored(destination, "id") == []


def test_same_commit_again_and_landed_tell_what_it_deleted(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a"), row(2, "b")], id="c1")
    first = commit(destination, LATEST, [row(2, "b")], id="c2", seen=1, deletes_vanished=True)
    again = commit(destination, LATEST, [row(3, "c")], id="c2", seen=1, deletes_vanished=True)
    assert first == again == destination.landed("c2") == Landed(1, 0, deleted=1)
    assert stored(destination, "id") == [(2,)]


class TwoPart(Row):
    place: str


PLACED = Table("rows", TwoPart, key=("id", "place"), write="merge")


def test_key_of_two_columns_has_vanished_where_either_differs(destination: Destination) -> None:
    encoder = Encoder(TwoPart)

    def commit_pairs(number: int, *pairs: tuple[int, str]) -> Landed:
        batch = encoder.encode([TwoPart(id=id, place=place) for id, place in pairs])  # noqa: A001
        deletes = number > 0
        return destination.commit(
            Commit(
                f"c{number}", "r", "api.rows", PLACED, number, None, NOW, lambda: iter([batch]),
                deletes_vanished=deletes,
            )
        )  # fmt: skip

    commit_pairs(0, (1, "a"), (1, "b"), (2, "a"))
    assert commit_pairs(1, (1, "b"), (2, "b")) == Landed(2, 0, deleted=2)
    assert stored(destination, "id", "place") == [(1, "b"), (2, "b")]


class SourceBrokeError(TidegateError):
    pass


def test_error_while_rows_are_drawn_deletes_nothing(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a"), row(2, "b")], id="c1", cursor=NOW)

    def broken() -> Iterator[pa.RecordBatch]:
        yield Encoder(Row).encode([row(1, "after")])
        raise SourceBrokeError("part 2 is damaged")

    with pytest.raises(SourceBrokeError):
        destination.commit(
            Commit("c2", "r2", "api.rows", LATEST, 1, None, NOW, broken, deletes_vanished=True)
        )
    assert stored(destination, "text") == [("a",), ("b",)]
    assert destination.cursor("api.rows") == CursorRow(1, NOW)
    assert destination.landed("c2") is None


_runs = st.lists(
    st.tuples(
        st.booleans(), st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(1, 4)), max_size=8)
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.extended
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=_runs)
def test_merges_that_delete_agree_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[bool, list[tuple[int, int | None]]]],
) -> None:
    for make in DESTINATIONS.values():
        destination = make(tmp_path_factory.mktemp("vanished"))
        model: dict[int, tuple[int, str]] = {}
        for number, (deletes, versions) in enumerate(runs):
            rows = [row(key, f"{number}.{i}", day) for i, (key, day) in enumerate(versions)]
            landed = commit(destination, MERGE, rows, id=f"c{number}", deletes_vanished=deletes)
            vanished = set(model) - {key for key, _ in versions} if deletes else set()
            assert (landed.deleted, landed.loaded + landed.superseded) == (len(vanished), len(rows))
            for key in vanished:
                del model[key]
            for (key, day), each in zip(versions, rows, strict=True):
                if key not in model or (day or 0) >= model[key][0]:
                    model[key] = (day or 0, each.text or "")
        assert stored(destination, "id", "text") == sorted((key, text) for key, (_, text) in model.items())


def test_a_commit_in_a_duckdb_file_that_knew_no_deleted_rows_is_found(tmp_path: Path) -> None:
    to = DuckDBDestination(tmp_path / "w.duckdb")
    first = commit(to, LATEST, [row(1, "a")])
    with duckdb.connect(str(to.path)) as connection:
        connection.execute("ALTER TABLE _tidegate_commits DROP COLUMN deleted")
    assert to.landed("c1") == first
    assert commit(to, LATEST, [row(2, "b")], id="c2", deletes_vanished=True).deleted == 1
