"""What a run sets out to do: windows, look-backs, backfills, and a cursor that never lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import AwareDatetime

from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.base import CursorRow
from tidegate.engine.moves import Moves, next_cursors, reached
from tidegate.engine.over import Each, slice_id
from tidegate.engine.plan import WHOLE, Plan, Range, TaskPlan, plan_task
from tidegate.engine.tasks import Task, task
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import UsageError

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


class ApiRow(ReadContract):
    id: int
    at: AwareDatetime


class CleanRow(WriteContract):
    row_id: int


def clean(row: ApiRow) -> CleanRow:
    return CleanRow(row_id=row.id)


def by_windows(windows: Windows) -> Task[Any, Any, Any]:
    @task(transform=clean, into=Table("t", CleanRow, write="replace_windows"), windows=windows)
    def rows(_: object, window: Window) -> Call[ApiRow]:
        raise AssertionError(window)

    return rows


def by_cursor(cursor: Cursor) -> Task[Any, Any, Any]:
    @task(transform=clean, into=Table("t", CleanRow, key=("row_id",), write="merge"), cursor=cursor)
    def rows(_: object, window: Window) -> Call[ApiRow]:
        raise AssertionError(window)

    return rows


DAILY = by_windows(Windows(days=1, refetch=3, start=timedelta(days=30)))
SINCE = by_cursor(Cursor("at", start=date(2024, 1, 1), lookback=timedelta(hours=6)))


def cells(plan: TaskPlan) -> list[date | None]:
    return [each.cell for each in plan.slices]


def days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def done(plan: TaskPlan, high: datetime | None = None) -> dict[str, datetime | None]:
    """All its slices, with the highest value of each."""
    return {each.id: high for each in plan.slices}


def test_a_first_run_by_windows_goes_from_its_start_to_today() -> None:
    plan = plan_task(DAILY, CursorRow(), Range(), NOW)
    assert cells(plan) == days(date(2026, 2, 8), date(2026, 3, 10))


def test_a_later_run_asks_again_for_the_last_windows() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(11)), Range(), NOW)
    assert cells(plan) == days(date(2026, 3, 8), date(2026, 3, 10))


def test_a_run_after_a_pause_misses_no_day() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(5)), Range(), NOW)
    assert cells(plan) == days(date(2026, 3, 2), date(2026, 3, 10))


def test_the_cursor_of_windows_is_the_end_of_the_last_one() -> None:
    plan = plan_task(DAILY, CursorRow(), Range(), NOW)
    assert next_cursors(plan, DAILY, done(plan)) == Moves(at(11))


def test_windows_of_several_days_are_refetched_as_many_as_told() -> None:
    weekly = by_windows(Windows(days=7, refetch=2))
    plan = plan_task(weekly, CursorRow(4, datetime(2026, 3, 5, tzinfo=UTC)), Range(), NOW)
    assert cells(plan) == [date(2026, 2, 19), date(2026, 2, 26), date(2026, 3, 5)]


def test_a_backfill_widens_to_whole_cells() -> None:
    weekly = by_windows(Windows(days=7, refetch=1))
    plan = plan_task(weekly, CursorRow(), Range(date(2026, 1, 7), date(2026, 1, 16)), NOW)
    assert all((cell - date(1970, 1, 1)).days % 7 == 0 for cell in cells(plan) if cell)
    assert plan.slices[0].start is not None
    assert plan.slices[0].start.date() <= date(2026, 1, 7)
    assert plan.slices[-1].end is not None
    assert plan.slices[-1].end.date() > date(2026, 1, 16)


def test_a_backfill_of_the_past_leaves_the_cursor() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(9)), Range(date(2026, 1, 1), date(2026, 1, 3)), NOW)
    assert cells(plan) == days(date(2026, 1, 1), date(2026, 1, 3))
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_a_backfill_behind_a_gap_leaves_the_cursor() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(2)), Range(date(2026, 3, 5), None), NOW)
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_a_backfill_that_closes_up_moves_the_cursor() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(5)), Range(date(2026, 3, 1), None), NOW)
    assert next_cursors(plan, DAILY, done(plan)) == Moves(at(11))


def test_a_first_run_from_a_later_day_stores_no_cursor_over_the_gap() -> None:
    for one in (DAILY, SINCE):
        plan = plan_task(one, CursorRow(), Range(date(2026, 3, 9), None), NOW)
        assert next_cursors(plan, one, done(plan, at(10))) == Moves()


def test_until_alone_in_the_past_asks_for_that_day() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(9)), Range(None, date(2026, 2, 1)), NOW)
    assert cells(plan) == [date(2026, 2, 1)]
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_a_full_refresh_begins_at_the_start_and_never_moves_the_cursor_back() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(20)), Range(full_refresh=True), NOW)
    assert cells(plan)[0] == date(2026, 2, 8)
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_a_full_refresh_that_begins_behind_the_cursor_leaves_it() -> None:
    """A start that moves with the days is later than the cursor of a task that has paused for long."""
    paused = CursorRow(4, datetime(2026, 1, 5, tzinfo=UTC))
    plan = plan_task(DAILY, paused, Range(full_refresh=True), NOW)
    assert cells(plan)[0] == date(2026, 2, 8)
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_without_a_refetch_the_window_that_holds_the_present_is_asked_for_again_when_it_is_over() -> None:
    once = by_windows(Windows(refetch=0, start=date(2026, 3, 9)))
    plan = plan_task(once, CursorRow(), Range(), NOW)
    assert cells(plan) == days(date(2026, 3, 9), date(2026, 3, 10))
    reached = next_cursors(plan, once, done(plan)).cursor
    plan = plan_task(once, CursorRow(1, reached), Range(), NOW + timedelta(days=1))
    assert cells(plan) == days(date(2026, 3, 10), date(2026, 3, 11))


def test_a_first_backfill_before_the_start_leaves_the_start_where_it_is() -> None:
    plan = plan_task(DAILY, CursorRow(), Range(None, date(2020, 1, 1)), NOW)
    assert cells(plan) == [date(2020, 1, 1)]
    assert next_cursors(plan, DAILY, done(plan)) == Moves()


def test_windows_follow_the_declared_zone() -> None:
    auckland = by_windows(Windows(zone="Pacific/Auckland", start=date(2026, 3, 10)))
    plan = plan_task(auckland, CursorRow(), Range(), NOW)
    assert cells(plan) == days(date(2026, 3, 10), date(2026, 3, 11))  # it is the 11th there


def test_a_first_run_since_asks_from_the_start() -> None:
    (only,) = plan_task(SINCE, CursorRow(), Range(), NOW).slices
    assert (only.id, only.start, only.end) == (WHOLE, datetime(2024, 1, 1, tzinfo=UTC), NOW)


def test_a_later_run_since_looks_back() -> None:
    (only,) = plan_task(SINCE, CursorRow(2, at(9, 12)), Range(), NOW).slices
    assert only.start == at(9, 6)


def test_the_cursor_since_is_the_highest_value_that_came() -> None:
    plan = plan_task(SINCE, CursorRow(2, at(9)), Range(), NOW)
    assert next_cursors(plan, SINCE, {WHOLE: at(9, 11)}) == Moves(at(9, 11))


def test_the_cursor_since_never_passes_the_bound_of_the_run() -> None:
    plan = plan_task(SINCE, CursorRow(2, at(9)), Range(), NOW)
    assert next_cursors(plan, SINCE, {WHOLE: datetime(2099, 1, 1, tzinfo=UTC)}) == Moves(NOW)


def test_where_nothing_came_the_cursor_stays() -> None:
    plan = plan_task(SINCE, CursorRow(2, at(9)), Range(), NOW)
    assert next_cursors(plan, SINCE, {WHOLE: None}) == Moves()


def test_rows_of_the_look_back_alone_do_not_move_the_cursor_back() -> None:
    plan = plan_task(SINCE, CursorRow(2, at(9)), Range(), NOW)
    assert next_cursors(plan, SINCE, {WHOLE: at(8, 22)}) == Moves()


def test_a_task_without_cursor_is_one_slice_and_stores_none() -> None:
    @task(transform=clean, into=Table("t", CleanRow, key=("row_id",), write="merge"))
    def rows(_: object) -> Call[ApiRow]:
        raise AssertionError

    plan = plan_task(rows, CursorRow(7), Range(), NOW)
    assert [each.id for each in plan.slices] == [WHOLE]
    assert next_cursors(plan, rows, {WHOLE: NOW}) == Moves()


def test_a_plan_reads_back_as_it_was_saved(tmp_path: Path) -> None:
    tasks = (plan_task(DAILY, CursorRow(1, at(9)), Range(), NOW), plan_task(SINCE, CursorRow(), Range(), NOW))
    plan = Plan("r", "w", {"tasks": [], "from": None}, "x.duckdb", NOW, tasks)
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Range(date(2026, 3, 5), date(2026, 3, 4)), "--from 2026-03-05 is after --until 2026-03-04"),
        (Range(date(2026, 3, 11), None), "--from 2026-03-11 lies in the future"),
        (Range(None, date(2027, 1, 1)), "--until 2027-01-01 lies in the future"),
        (Range(date(2026, 1, 1), full_refresh=True), "--full-refresh"),
    ],
)
def test_impossible_days_are_refused(asked: Range, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        asked.check(NOW.date())


def test_days_that_a_task_cannot_use_are_told() -> None:
    @task(transform=clean, into=Table("t", CleanRow, key=("row_id",), write="merge"))
    def whole(_: object) -> Call[ApiRow]:
        raise AssertionError

    asked = Range(date(2026, 3, 1), date(2026, 3, 2))
    assert "has no windows" in plan_task(whole, CursorRow(), asked, NOW).warnings[0]
    assert "--until" in plan_task(SINCE, CursorRow(), asked, NOW).warnings[0]
    assert plan_task(DAILY, CursorRow(), asked, NOW).warnings == ()


def test_a_cursor_that_is_no_field_of_the_read_model_is_refused_when_declared() -> None:
    with pytest.raises(ValueError, match="'updated', not a field of ApiRow"):
        by_cursor(Cursor("updated", start=date(2024, 1, 1)))


def test_a_task_with_a_cursor_appends_nothing() -> None:
    """The rows at the border come with every run: they would be doubled each time."""
    for write in ("append", "replace"):
        with pytest.raises(ValueError, match=f"write='{write}' would"):
            task(
                transform=clean, into=Table("t", CleanRow, write=write), cursor=Cursor("at", date(2024, 1, 1))
            )


def test_a_task_with_windows_needs_a_table_by_windows() -> None:
    with pytest.raises(ValueError, match="belong together"):
        task(transform=clean, into=Table("t", CleanRow), windows=Windows())


def test_a_task_function_that_takes_no_window_is_refused_where_one_is_declared() -> None:
    declared = task(transform=clean, into=Table("t", CleanRow, write="replace_windows"), windows=Windows())

    def rows(_: object) -> Call[ApiRow]:
        raise AssertionError

    with pytest.raises(TypeError, match="takes the connector and a window"):
        declared(rows)


@task(
    transform=clean,
    into=Table("t", CleanRow, key=("row_id",), write="merge"),
    cursor=Cursor("at", start=date(2024, 1, 1), lookback=timedelta(hours=6)),
    over=Each("account", ["north", "south"]),
)
def split(_: object, window: Window, account: str) -> Call[ApiRow]:
    raise AssertionError((window, account))


SPLIT: Task[Any, Any, Any] = split
NORTH, SOUTH = (slice_id(None, SPLIT.over, [each]) for each in ("north", "south"))
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def starts(plan: TaskPlan) -> dict[str, datetime | None]:
    return {each.id: each.start for each in plan.slices}


def test_each_slice_begins_at_its_own_cursor_and_a_new_one_at_the_start() -> None:
    plan = plan_task(SPLIT, CursorRow(3, None, {NORTH: at(9, 12)}), Range(), NOW)
    assert starts(plan) == {NORTH: at(9, 6), SOUTH: FIRST}


def test_a_cursor_that_was_set_for_the_task_is_that_of_slices_that_have_none() -> None:
    plan = plan_task(SPLIT, CursorRow(3, at(5), {NORTH: at(9, 12)}), Range(), NOW)
    assert starts(plan) == {NORTH: at(9, 6), SOUTH: at(4, 18)}
    moved = {NORTH: at(9, 11), SOUTH: at(4, 20)}
    assert next_cursors(plan, SPLIT, moved) == Moves()
    assert next_cursors(plan, SPLIT, {SOUTH: at(5, 1)}) == Moves(slices={SOUTH: at(5, 1)})


def test_each_slice_moves_its_own_cursor_never_back_and_never_past_the_bound() -> None:
    plan = plan_task(SPLIT, CursorRow(3, None, {NORTH: at(9, 12)}), Range(), NOW)
    highs = {NORTH: at(9, 10), SOUTH: datetime(2099, 1, 1, tzinfo=UTC)}
    moves = next_cursors(plan, SPLIT, highs)
    assert moves == Moves(slices={SOUTH: NOW})
    assert reached(plan, moves) == at(9, 12)
    assert next_cursors(plan, SPLIT, {NORTH: None, SOUTH: None}) == Moves()


def test_a_backfill_moves_the_cursors_of_slices_that_have_come_so_far() -> None:
    row = CursorRow(3, None, {NORTH: at(9, 12)})
    plan = plan_task(SPLIT, row, Range(date(2026, 3, 9)), NOW)
    assert starts(plan) == {NORTH: at(9), SOUTH: at(9)}
    assert next_cursors(plan, SPLIT, done(plan, at(10))) == Moves(slices={NORTH: at(10)})


def test_a_slice_that_has_come_further_than_until_asks_for_nothing_before_it() -> None:
    row = CursorRow(3, None, {NORTH: at(9, 12), SOUTH: at(2)})
    plan = plan_task(SPLIT, row, Range(None, date(2026, 3, 4)), NOW)
    windows = {each.id: (each.start, each.end) for each in plan.slices if each.window is not None}
    assert windows == {NORTH: (at(5), at(5)), SOUTH: (at(1, 18), at(5))}
    assert next_cursors(plan, SPLIT, done(plan, at(10))) == Moves(slices={SOUTH: at(5)})


def test_a_full_refresh_begins_at_the_start_of_every_slice() -> None:
    plan = plan_task(SPLIT, CursorRow(3, None, {NORTH: at(9, 12)}), Range(full_refresh=True), NOW)
    assert starts(plan) == {NORTH: FIRST, SOUTH: FIRST}
    assert next_cursors(plan, SPLIT, done(plan, at(10))) == Moves(slices={NORTH: at(10), SOUTH: at(10)})


def test_a_full_refresh_of_slices_asks_for_everything_unless_one_has_come_further_than_the_clock() -> None:
    later = NOW + timedelta(hours=1)
    for row, everything in (
        (CursorRow(3, None, {NORTH: at(9), SOUTH: at(9)}), True),
        (CursorRow(3, None, {NORTH: at(9), SOUTH: later}), False),
        (CursorRow(3, later, {NORTH: at(9)}), False),
    ):
        assert plan_task(SPLIT, row, Range(full_refresh=True), NOW).everything is everything
    assert not plan_task(SPLIT, CursorRow(), Range(), NOW).everything
    assert not plan_task(SPLIT, CursorRow(), Range(None, NOW.date(), full_refresh=True), NOW).everything


def test_windows_that_are_done_behind_one_that_is_not_do_not_move_the_cursor() -> None:
    plan = plan_task(DAILY, CursorRow(4, at(9)), Range(), NOW)
    *_, last_but_one, last = plan.slices
    whole = done(plan)
    assert next_cursors(plan, DAILY, {each: None for each in whole if each != last.id}) == Moves(last.start)
    assert next_cursors(plan, DAILY, {each: None for each in whole if each != last_but_one.id}) == Moves()


def test_a_plan_with_cursors_of_slices_reads_back_as_it_was_saved(tmp_path: Path) -> None:
    plan = plan_task(SPLIT, CursorRow(3, at(5), {NORTH: at(9, 12)}), Range(), NOW)
    assert plan.freeze(tmp_path / "plan.split.json") == TaskPlan.load(tmp_path / "plan.split.json")
