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
