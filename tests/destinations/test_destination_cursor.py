"""A cursor that a person moves: by compare and swap, beside the commits of runs, over every destination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.destinations.suite import APPEND, NOW, commit, row, stored
from tidegate.destinations.base import CursorRow, Destination
from tidegate.destinations.exceptions import CommitLostError

TASK = "api.rows"
EARLIER = datetime(2025, 12, 1, tzinfo=UTC)


def test_it_is_set_back_and_no_row_changes(destination: Destination) -> None:
    commit(destination, APPEND, [row(1, "a")], cursor=NOW)
    assert destination.set_cursor(TASK, EARLIER, seen=1) == CursorRow(2, EARLIER)
    assert destination.cursor(TASK) == CursorRow(2, EARLIER)
    assert stored(destination, "id") == [(1,)]
    (fresh,) = destination.freshness()
    assert (fresh.run_id, fresh.cursor) == ("run-c1", EARLIER)


def test_without_a_value_it_is_as_before_the_first_run_but_for_its_version(destination: Destination) -> None:
    commit(destination, APPEND, [], cursor=NOW)
    assert destination.set_cursor(TASK, None, seen=1) == CursorRow(2, None)
    assert destination.cursor(TASK) == CursorRow(2, None)
    commit(destination, APPEND, [], id="c2", cursor=NOW)
    assert destination.cursor(TASK) == CursorRow(3, NOW)


def test_a_task_that_never_committed_gets_one_and_is_not_told_to_be_fresh(destination: Destination) -> None:
    assert destination.set_cursor(TASK, NOW, seen=0) == CursorRow(1, NOW)
    assert destination.cursor(TASK) == CursorRow(1, NOW)
    assert destination.freshness() == []
    commit(destination, APPEND, [row(1, "a")], cursor=NOW)
    assert [each.task for each in destination.freshness()] == [TASK]


@pytest.mark.parametrize("seen", [0, 2])
def test_a_version_that_is_not_the_rows_changes_nothing(destination: Destination, seen: int) -> None:
    commit(destination, APPEND, [], cursor=NOW)
    with pytest.raises(CommitLostError, match=TASK):
        destination.set_cursor(TASK, EARLIER, seen=seen)
    assert destination.cursor(TASK) == CursorRow(1, NOW)


def test_a_run_that_began_before_does_not_land(destination: Destination) -> None:
    commit(destination, APPEND, [], cursor=NOW)
    destination.set_cursor(TASK, EARLIER, seen=1)
    with pytest.raises(CommitLostError):
        commit(destination, APPEND, [row(1, "a")], id="c2", seen=1, cursor=NOW + timedelta(days=1))
    assert destination.cursor(TASK) == CursorRow(2, EARLIER)


def test_it_is_an_instant_whatever_its_offset(destination: Destination) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-5, minutes=-30)))
    destination.set_cursor(TASK, elsewhere, seen=0)
    assert destination.cursor(TASK) == CursorRow(1, NOW)


LATER = NOW + timedelta(days=2)


def test_slices_keep_cursors_of_their_own_and_a_commit_moves_those_that_it_names(
    destination: Destination,
) -> None:
    commit(destination, APPEND, [row(1, "a")], slices={"north": NOW, "south": EARLIER})
    assert destination.cursor(TASK) == CursorRow(1, None, {"north": NOW, "south": EARLIER})
    commit(destination, APPEND, [], id="c2", slices={"south": LATER, "west": NOW})
    after = CursorRow(2, None, {"north": NOW, "south": LATER, "west": NOW})
    assert destination.cursor(TASK) == after
    commit(destination, APPEND, [], id="c3", task="api.other", slices={"north": EARLIER})
    assert destination.cursor(TASK) == after


def test_a_commit_that_is_lost_moves_no_cursor_of_a_slice(destination: Destination) -> None:
    commit(destination, APPEND, [], slices={"north": NOW})
    with pytest.raises(CommitLostError):
        commit(destination, APPEND, [], id="c2", seen=0, slices={"north": LATER, "south": LATER})
    assert destination.cursor(TASK) == CursorRow(1, None, {"north": NOW})


def test_what_is_fresh_is_as_far_as_the_slice_that_is_furthest_behind(destination: Destination) -> None:
    commit(destination, APPEND, [], slices={"north": NOW, "south": EARLIER})
    (fresh,) = destination.freshness()
    assert (fresh.task, fresh.cursor) == (TASK, EARLIER)


def test_slices_that_have_gone_on_from_where_a_person_has_set_them_are_as_fresh_as_they_are(
    destination: Destination,
) -> None:
    commit(destination, APPEND, [], slices={"north": NOW, "south": NOW})
    destination.set_cursor(TASK, EARLIER, seen=1)
    assert destination.freshness()[0].cursor == EARLIER
    commit(destination, APPEND, [], id="c2", seen=2, slices={"north": LATER, "south": NOW})
    assert destination.freshness()[0].cursor == NOW


def test_a_person_moves_the_cursor_of_one_slice_or_of_all(destination: Destination) -> None:
    commit(destination, APPEND, [], cursor=NOW, slices={"north": NOW, "south": NOW})
    moved = destination.set_cursor(TASK, EARLIER, seen=1, slice_id="south")
    assert moved == CursorRow(2, NOW, {"north": NOW, "south": EARLIER}) == destination.cursor(TASK)
    moved = destination.set_cursor(TASK, None, seen=2, slice_id="north")
    assert moved == CursorRow(3, NOW, {"south": EARLIER}) == destination.cursor(TASK)
    moved = destination.set_cursor(TASK, LATER, seen=3)
    assert moved == CursorRow(4, LATER) == destination.cursor(TASK)
    with pytest.raises(CommitLostError):
        destination.set_cursor(TASK, NOW, seen=3, slice_id="south")
    assert destination.cursor(TASK) == CursorRow(4, LATER)


def test_the_cursor_of_a_slice_may_be_set_before_the_first_commit(destination: Destination) -> None:
    assert destination.set_cursor(TASK, NOW, seen=0, slice_id="north") == CursorRow(1, None, {"north": NOW})
    commit(destination, APPEND, [], slices={"south": LATER})
    assert destination.cursor(TASK) == CursorRow(2, None, {"north": NOW, "south": LATER})
