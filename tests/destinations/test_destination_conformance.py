"""The text of `destinations/base.py` as claims, over every destination (`suite.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.destinations.suite import (
    APPEND,
    DESTINATIONS,
    LATEST,
    MERGE,
    NOW,
    REPLACE,
    WINDOWS,
    Row,
    batches,
    commit,
    row,
    stored,
)
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import WINDOW_COLUMN, Table
from tidegate.destinations.base import Commit, CursorRow, Destination, Landed, ReadsColumns
from tidegate.destinations.exceptions import CommitLostError, DestinationError, SchemaChangeError
from tidegate.utils.encoding import Encoder
from tidegate.utils.errors import TidegateError


def test_new_destination_knows_nothing(destination: Destination) -> None:
    destination.prepare(APPEND)
    assert destination.cursor("api.rows") == CursorRow(version=0, value=None)
    assert destination.landed("c1") is None
    assert destination.freshness() == []
    with pytest.raises(DestinationError, match="rows"):
        destination.sample("rows", 1)


def test_rows_arrive_with_run_and_time_of_loading(destination: Destination) -> None:
    at = datetime(2026, 1, 1, 2, tzinfo=UTC)
    given_row = Row(id=1, text="é\U0001f600", at=at, tags=["b", "a"], extra={"n": 1})
    assert commit(destination, APPEND, [given_row]) == Landed(loaded=1, superseded=0)
    assert stored(
        destination, "id", "text", "at", "tags", "extra", "_tidegate_run", "_tidegate_loaded_at"
    ) == [(1, "é\U0001f600", at, ["b", "a"], '{"n":1}', "run-c1", NOW)]


def test_same_commit_again_gives_its_first_result_and_writes_nothing(destination: Destination) -> None:
    first = commit(destination, APPEND, [row(1, "a")], cursor=NOW, seen=0)
    again = commit(destination, APPEND, [row(1, "a"), row(2, "b")], cursor=NOW, seen=0)
    assert again == first == Landed(1, 0)
    assert stored(destination, "id") == [(1,)]
    assert destination.cursor("api.rows") == CursorRow(1, NOW)


def test_landed_commit_is_found_and_another_one_is_not(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "a"), row(2, "b")])
    assert destination.landed("c1") == Landed(2, 0)
    assert destination.landed("c2") is None


@pytest.mark.parametrize("seen", [0, 2])
def test_of_two_runs_that_began_at_the_same_cursor_one_is_lost(destination: Destination, seen: int) -> None:
    commit(destination, APPEND, [row(1, "a")], id="winner", cursor=NOW)
    with pytest.raises(CommitLostError):
        commit(destination, APPEND, [row(2, "b")], id="loser", seen=seen, cursor=NOW + timedelta(days=1))
    assert stored(destination, "id") == [(1,)]
    assert destination.cursor("api.rows") == CursorRow(1, NOW)
    assert destination.landed("loser") is None


def test_cursor_without_a_value_keeps_the_stored_one(destination: Destination) -> None:
    commit(destination, APPEND, [], id="c1", cursor=NOW)
    commit(destination, APPEND, [], id="c2", cursor=None)
    assert destination.cursor("api.rows") == CursorRow(2, NOW)


def test_tasks_have_cursors_of_their_own(destination: Destination) -> None:
    commit(destination, APPEND, [], id="c1", task="api.a", cursor=NOW)
    commit(destination, APPEND, [], id="c2", task="api.b")
    assert destination.cursor("api.a") == CursorRow(1, NOW)
    assert destination.cursor("api.b") == CursorRow(1, None)


def test_empty_commit_makes_the_table(destination: Destination) -> None:
    assert commit(destination, APPEND, []) == Landed(0, 0)
    assert stored(destination, "id") == []


def test_append_adds(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "a")], id="c1")
    commit(destination, APPEND, [row(1, "a")], id="c2")
    assert stored(destination, "id", "_tidegate_run") == [(1, "run-c1"), (1, "run-c2")]


def test_replace_leaves_only_the_new_rows(destination: Destination) -> None:
    commit(destination, REPLACE, [row(1, "a"), row(2, "b")], id="c1")
    assert commit(destination, REPLACE, [row(3, "c")], id="c2") == Landed(1, 0)
    assert stored(destination, "id") == [(3,)]


def test_windows_are_replaced_by_the_cell_that_was_asked_for(destination: Destination) -> None:
    one, two, three = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
    commit(
        destination, WINDOWS, [row(1, "a"), row(2, "b"), row(3, "c")], id="c1", cells=[one, two, three],
        windows=[one, two, three],
    )  # fmt: skip
    # The second cell came back empty, and the first one with a row dated in the third.
    commit(destination, WINDOWS, [row(9, "z", 3)], id="c2", cells=[one], windows=[one, two])
    assert stored(destination, "id", WINDOW_COLUMN) == [(3, three), (9, one)]


def test_merge_keeps_the_newest_version_whatever_the_order(destination: Destination) -> None:
    rows = [row(1, "new", 3), row(1, "old", 2), row(2, "only", 1)]
    assert commit(destination, MERGE, rows) == Landed(loaded=2, superseded=1)
    assert stored(destination, "id", "text") == [(1, "new"), (2, "only")]


def test_merge_drops_a_row_older_than_the_tables_and_lets_an_equal_one_replace(
    destination: Destination,
) -> None:
    commit(destination, MERGE, [row(1, "kept", 5), row(2, "replaced", 5)], id="c1")
    landed = commit(destination, MERGE, [row(1, "late", 4), row(2, "same day", 5)], id="c2")
    assert landed == Landed(loaded=1, superseded=1)
    assert stored(destination, "id", "text") == [(1, "kept"), (2, "same day")]


def test_merge_takes_a_row_without_version_as_the_oldest(destination: Destination) -> None:
    commit(destination, MERGE, [row(1, "first", 1), row(2, "undated")], id="c1")
    landed = commit(destination, MERGE, [row(1, "undated"), row(2, "dated", 1)], id="c2")
    assert landed == Landed(loaded=1, superseded=1)
    assert stored(destination, "id", "text") == [(1, "first"), (2, "dated")]


def test_merge_without_version_keeps_what_was_fetched_later(destination: Destination) -> None:
    commit(destination, LATEST, [row(1, "a", 9)], id="c1")
    assert commit(destination, LATEST, [row(1, "b"), row(1, "c"), row(1, "d")], id="c2") == Landed(1, 2)
    assert stored(destination, "text") == [("d",)]


_versions = st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(1, 4)), max_size=12)


@pytest.mark.extended
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(_versions, min_size=1, max_size=3))
def test_merge_agrees_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    runs: list[list[tuple[int, int | None]]],
) -> None:
    for make in DESTINATIONS.values():
        destination = make(tmp_path_factory.mktemp("merge"))
        model: dict[int, tuple[int, str]] = {}
        for number, versions in enumerate(runs):
            rows = [row(key, f"{number}.{i}", day) for i, (key, day) in enumerate(versions)]
            landed = commit(destination, MERGE, rows, id=f"c{number}")
            for (key, day), each in zip(versions, rows, strict=True):
                if key not in model or (day or 0) >= model[key][0]:
                    model[key] = (day or 0, each.text or "")
            assert landed.loaded + landed.superseded == len(rows)
            assert landed.loaded == sum(text.startswith(f"{number}.") for _, text in model.values())
        assert stored(destination, "id", "text") == sorted((key, text) for key, (_, text) in model.items())


class SourceBrokeError(TidegateError):
    pass


@pytest.mark.parametrize("table", [APPEND, REPLACE, MERGE], ids=lambda table: table.write)
def test_error_while_rows_are_drawn_comes_out_as_itself_and_nothing_lands(
    destination: Destination, table: Table[Row]
) -> None:
    commit(destination, table, [row(1, "before", 1)], id="c1", cursor=NOW)

    def broken() -> Iterator[pa.RecordBatch]:
        yield Encoder(Row).encode([row(1, "after", 2)])
        raise SourceBrokeError("part 2 is damaged")

    with pytest.raises(SourceBrokeError, match="part 2 is damaged"):
        destination.commit(Commit("c2", "r2", "api.rows", table, 1, None, NOW, broken))
    assert stored(destination, "text") == [("before",)]
    assert destination.cursor("api.rows") == CursorRow(1, NOW)
    assert destination.landed("c2") is None


def test_batches_that_are_other_ones_when_drawn_again_land_as_they_were_first_or_not_at_all(
    destination: Destination,
) -> None:
    rows = [row(1, "old", 1), row(1, "new", 2), row(2, "only", 1)]
    drawn: list[None] = []

    def draw() -> Iterator[pa.RecordBatch]:
        drawn.append(None)
        return batches(rows if len(drawn) == 1 else [*rows, row(3, "more", 1)])()

    try:
        landed = destination.commit(Commit("c1", "r1", "api.rows", MERGE, 0, None, NOW, draw))
    except DestinationError:
        assert destination.landed("c1") is None
        assert destination.cursor("api.rows") == CursorRow()
    else:
        assert (landed.loaded, landed.superseded, len(drawn)) == (2, 1, 1)


def test_batch_of_other_types_is_refused_and_nothing_lands(destination: Destination) -> None:
    def other() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"id": ["not a number"]})

    with pytest.raises(DestinationError, match="id"):
        destination.commit(Commit("c1", "r1", "api.rows", APPEND, 0, None, NOW, other))
    assert destination.landed("c1") is None


def test_batches_may_have_their_columns_in_another_order(destination: Destination) -> None:
    def turned() -> Iterator[pa.RecordBatch]:
        batch = Encoder(Row).encode([row(1, "a")])
        yield batch.select(batch.schema.names[::-1])

    destination.commit(Commit("c1", "r1", "api.rows", APPEND, 0, None, NOW, turned))
    assert stored(destination, "id", "text") == [(1, "a")]


def test_freshness_tells_the_last_commit_of_every_task(destination: Destination) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    commit(destination, APPEND, [row(1, "a")], id="c1", task="api.b", cursor=NOW)
    commit(destination, APPEND, [row(2, "b"), row(3, "c")], id="c2", task="api.b")
    commit(destination, APPEND, [], id="c3", task="api.a")
    found = destination.freshness()
    assert [(f.task, f.table, f.run_id, f.cursor, f.rows) for f in found] == [
        ("api.a", "rows", "run-c3", None, 3),
        ("api.b", "rows", "run-c2", NOW, 3),
    ]
    assert all(before < f.committed_at <= datetime.now(UTC) + timedelta(seconds=5) for f in found)


def test_sample_gives_at_most_so_many_rows(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "a"), row(2, "b")])
    names, rows = destination.sample("rows", 1)
    assert names[:2] == ["id", "text"]
    assert len(rows) == 1


def test_the_values_of_a_column_come_once_each_in_order_without_nulls(destination: Destination) -> None:
    commit(destination, APPEND, [row(3, "b"), Row(id=1), row(2, "a"), row(4, "b")])
    assert isinstance(destination, ReadsColumns)
    assert destination.values("rows", "text") == ["a", "b"]
    assert destination.values("rows", "id") == [1, 2, 3, 4]
    for table, column in (("rows", "nothing"), ("nothing", "id")):
        with pytest.raises(DestinationError, match="nothing"):
            destination.values(table, column)


class Narrow(WriteContract):
    id: str
    other: int


def test_prepare_names_every_change_that_needs_a_person(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "a")])
    destination.prepare(APPEND)
    with pytest.raises(
        SchemaChangeError, match=r"rows does not fit Narrow: retype id.*; drop text"
    ) as caught:
        destination.prepare(Table("rows", Narrow))
    assert caught.value.allow == ("retype", "drop")


def test_prepare_creates_nothing(destination: Destination, tmp_path: Path) -> None:
    destination.prepare(APPEND)
    destination.cursor("api.rows")
    assert list(tmp_path.iterdir()) == []
    assert destination.freshness() == []
