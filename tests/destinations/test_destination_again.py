"""Quarantine, and rows of an earlier run once more: the text of `destinations/base.py`, over every one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

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
    row,
    stored,
)
from tidegate.contracts.table import Table
from tidegate.destinations.base import Again, Commit, Destination, Landed
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import CommitLostError
from tidegate.destinations.quarantine import COLUMNS, QuarantinedRow, Rejected
from tidegate.engine.exceptions import DamagedStateError
from tidegate.utils.schemas import arrow_schema

TASK = "api.rows"
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def held(id: str, run: str, window: date | None = None) -> dict[str, Any]:  # noqa: A002
    return {
        "id": id,
        "task": TASK,
        "table_name": "rows",
        "run_id": run,
        "slice": "all",
        "window": window,
        "endpoint": "GET /rows",
        "page": 0,
        "position": 3,
        "row_id": "7",
        "stage": "read",
        "judge": "ApiRow",
        "errors": "[]",
        "payload": '{"id": "x"}',
        "raw": True,
        "contract": "c",
    }


def rejected(*rows: dict[str, Any]) -> Rejected:
    def draw() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist(list(rows), schema=arrow_schema(COLUMNS))

    return Rejected(len(rows), draw)


def commit(
    to: Destination,
    table: Table[Row],
    rows: Sequence[Row],
    run: str,
    *,
    cells: Sequence[date] = (),
    windows: Sequence[date] = (),
    aside: Rejected | None = None,
    again: Again | None = None,
    cursor: datetime | None = None,
    deletes_vanished: bool = False,
) -> Landed:
    seen = to.cursor(TASK).version
    return to.commit(
        Commit(
            commit_id=f"{run}-{seen}",
            run_id=run,
            task=TASK,
            table=table,
            seen=seen,
            cursor=cursor,
            loaded_at=NOW,
            batches=batches(rows, cells),
            windows=tuple(windows),
            rejected=aside or Rejected(),
            again=again,
            deletes_vanished=deletes_vanished,
        )
    )


def ids(to: Destination) -> list[str]:
    return sorted(each.id for each in to.quarantine())


def test_a_new_destination_holds_nothing_in_quarantine(destination: Destination) -> None:
    assert list(destination.quarantine()) == []
    commit(destination, APPEND, [row(1, "a")], "r1")
    assert list(destination.quarantine()) == []


def test_rejected_rows_are_kept_as_they_were_given(destination: Destination) -> None:
    one = held("a", "r1", MONDAY)
    landed = commit(destination, APPEND, [row(1, "a")], "r1", aside=rejected(one, held("b", "r1")))
    assert (landed.loaded, landed.quarantined) == (1, 2)
    assert destination.landed("r1-0") == landed
    assert [each for each in destination.quarantine() if each.id == "a"] == [QuarantinedRow(**one)]


def test_the_quarantine_is_asked_by_task_and_run(destination: Destination) -> None:
    commit(destination, APPEND, [], "r1", aside=rejected(held("a", "r1")))
    commit(destination, APPEND, [], "r2", aside=rejected(held("b", "r2")))
    assert [each.id for each in destination.quarantine(run_id="r2")] == ["b"]
    assert [each.id for each in destination.quarantine(task=TASK)] == ["a", "b"]
    assert list(destination.quarantine(task="api.others")) == []


def test_a_row_that_is_rejected_again_is_kept_once(destination: Destination) -> None:
    for run in ("r1", "r2"):
        commit(destination, LATEST, [], run, aside=rejected(held("a", run)))
    assert [each.run_id for each in destination.quarantine()] == ["r2"]


def test_the_same_row_on_two_pages_is_counted_and_kept_twice(destination: Destination) -> None:
    def draw() -> Iterator[pa.RecordBatch]:
        for page in range(4):
            told = held("a", "r2") | {"page": page, "payload": json.dumps("x" * (6 << 20))}
            yield pa.RecordBatch.from_pylist([told], schema=arrow_schema(COLUMNS))

    commit(destination, LATEST, [], "r1", aside=rejected(held("a", "r1")))
    landed = commit(destination, LATEST, [], "r2", aside=Rejected(4, draw))
    assert landed.quarantined == 4
    assert [(each.run_id, each.page) for each in destination.quarantine()] == [
        ("r2", page) for page in range(4)
    ]


def test_of_many_rejected_rows_some_are_in_memory_at_a_time(tmp_path: Path) -> None:
    pool, most, payload = pa.default_memory_pool(), 0, json.dumps("x" * (1 << 20))
    before = pool.bytes_allocated()

    def draw() -> Iterator[pa.RecordBatch]:
        nonlocal most
        for number in range(200):  # 200 MB
            told = held(f"{number}", "r1") | {"payload": payload}
            yield pa.RecordBatch.from_pylist([told], schema=arrow_schema(COLUMNS))
            most = max(most, pool.bytes_allocated() - before)

    commit(DuckDBDestination(tmp_path / "w.duckdb"), LATEST, [], "r1", aside=Rejected(200, draw))
    assert most < 130 << 20


def test_what_drawing_rejected_rows_raises_comes_out_as_itself(destination: Destination) -> None:
    def draw() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist([held("a", "r1")], schema=arrow_schema(COLUMNS))
        raise DamagedStateError("the part is damaged")

    with pytest.raises(DamagedStateError):
        commit(destination, APPEND, [row(1, "a")], "r1", aside=Rejected(2, draw))
    assert ids(destination) == []
    assert destination.landed("r1-0") is None


def test_rejects_leave_with_what_is_replaced(destination: Destination) -> None:
    both = rejected(held("m", "r1", MONDAY), held("t", "r1", TUESDAY))
    commit(destination, WINDOWS, [], "r1", windows=[MONDAY, TUESDAY], aside=both)
    commit(destination, WINDOWS, [], "r2", windows=[MONDAY])
    assert ids(destination) == ["t"]
    commit(destination, REPLACE, [], "r3")
    assert ids(destination) == []


@pytest.mark.parametrize("table", [APPEND, LATEST])
def test_a_run_once_more_takes_the_place_of_what_it_left(destination: Destination, table: Table[Row]) -> None:
    commit(
        destination, table, [row(1, "old"), row(2, "old")], "r1", aside=rejected(held("a", "r1")), cursor=NOW
    )
    commit(destination, table, [row(3, "other")], "r2", aside=rejected(held("b", "r2")))
    landed = commit(destination, table, [row(1, "new")], "r1", again=Again(replaces=True))
    assert (landed.loaded, landed.superseded) == (1, 0)
    assert stored(destination, "id", "text") == [(1, "new"), (3, "other")]
    assert ids(destination) == ["b"]
    assert destination.cursor(TASK).value == NOW


def test_added_rows_join_those_of_their_run_and_leave_the_quarantine(destination: Destination) -> None:
    aside = rejected(held("a", "r1"), held("b", "r1"))
    commit(destination, REPLACE, [row(1, "a")], "r1", aside=aside)
    commit(destination, REPLACE, [row(2, "b")], "r1", again=Again(replaces=False, released=("a",)))
    assert stored(destination, "id", "_tidegate_run") == [(1, "r1"), (2, "r1")]
    assert ids(destination) == ["b"]


def test_windows_of_a_later_run_are_left_alone(destination: Destination) -> None:
    days = [MONDAY, TUESDAY]
    commit(destination, WINDOWS, [row(1, "r1"), row(2, "r1")], "r1", cells=days, windows=days)
    commit(destination, WINDOWS, [], "r2", windows=[TUESDAY])
    aside = rejected(held("m", "r1", MONDAY), held("t", "r1", TUESDAY))
    landed = commit(
        destination, WINDOWS, [row(1, "new"), row(2, "new")], "r1",
        cells=days, windows=days, aside=aside, again=Again(replaces=True),
    )  # fmt: skip
    assert (landed.loaded, landed.quarantined, landed.windows) == (1, 1, (MONDAY,))
    assert stored(destination, "id", "text") == [(1, "new")]
    assert ids(destination) == ["m"]


def test_an_earlier_run_once_more_does_not_count_as_later(destination: Destination) -> None:
    commit(destination, WINDOWS, [], "r1", windows=[MONDAY])
    commit(destination, WINDOWS, [], "r2", windows=[MONDAY, TUESDAY])
    commit(destination, WINDOWS, [], "r1", windows=[MONDAY], again=Again(replaces=True))
    landed = commit(
        destination,
        WINDOWS,
        [row(1, "r2")],
        "r2",
        cells=[MONDAY],
        windows=[MONDAY],
        again=Again(replaces=True),
    )
    assert landed.loaded == 1


def test_a_table_that_a_later_run_replaced_is_lost_to_it(destination: Destination) -> None:
    commit(destination, REPLACE, [row(1, "r1")], "r1")
    commit(destination, REPLACE, [row(2, "r2")], "r2")
    with pytest.raises(CommitLostError, match="run r2 has replaced the table rows since"):
        commit(destination, REPLACE, [row(1, "new")], "r1", again=Again(replaces=True))
    assert stored(destination, "id") == [(2,)]


@pytest.mark.parametrize("replaces", [True, False])
def test_a_merge_once_more_brings_nothing_back_that_a_later_run_has_deleted_as_vanished(
    destination: Destination, replaces: bool
) -> None:
    commit(destination, LATEST, [row(1, "r1"), row(2, "r1")], "r1")
    commit(destination, LATEST, [row(1, "r2"), row(2, "r2")], "r2", deletes_vanished=True)
    commit(destination, LATEST, [row(1, "r1"), row(2, "r1")], "r1", again=Again(replaces))  # r2 deleted none
    commit(destination, LATEST, [row(1, "r3")], "r3", deletes_vanished=True)
    with pytest.raises(CommitLostError, match="r3 has deleted what had vanished from the table rows since"):
        commit(destination, LATEST, [row(2, "new")], "r1", again=Again(replaces))
    assert stored(destination, "id") == [(1,)]
    assert commit(destination, LATEST, [row(1, "new")], "r3", again=Again(replaces)).loaded == 1


@pytest.mark.extended
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([MERGE, LATEST]),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=4),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=4),
    st.booleans(),
)
def test_a_merge_once_more_never_goes_back_behind_a_later_run(
    tmp_path_factory: pytest.TempPathFactory,
    table: Table[Row],
    first: list[tuple[int, int]],
    second: list[tuple[int, int]],
    replaces: bool,
) -> None:
    """What a later run loaded stays, but for a version that is newer; else the replay changes nothing."""
    for make in DESTINATIONS.values():
        destination = make(tmp_path_factory.mktemp("again"))
        rows = {
            run: [row(key, run, day) for key, day in keys] for run, keys in (("r1", first), ("r2", second))
        }
        for run, given_rows in rows.items():
            commit(destination, table, given_rows, run)
        before = stored(destination, "id", "text", "at")
        commit(destination, table, rows["r1"], "r1", again=Again(replaces))
        assert stored(destination, "id", "text", "at") == before
