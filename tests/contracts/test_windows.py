"""Windows: half-open spans, days for APIs that ask by day, and the fixed grid of cells."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.contracts.windows import Cursor, Window, Windows

PARIS = ZoneInfo("Europe/Paris")


def length(window: Window) -> timedelta:
    """Real time; subtracting two datetimes of one zone counts wall clocks."""
    return window.end.astimezone(UTC) - window.start.astimezone(UTC)


def test_last_day_is_inclusive() -> None:
    window = Windows(days=7, zone="Europe/Paris").window(date(2024, 5, 2))
    assert (window.first_day, window.last_day) == (date(2024, 5, 2), date(2024, 5, 8))


def test_last_day_of_a_window_that_ends_within_a_day_is_that_day() -> None:
    window = Window(datetime(2024, 5, 2, tzinfo=UTC), datetime(2024, 5, 3, 0, 0, 1, tzinfo=UTC))
    assert window.last_day == date(2024, 5, 3)


def test_empty_window_is_on_its_own_day() -> None:
    at = datetime(2024, 5, 2, tzinfo=UTC)
    assert Window(at, at).last_day == date(2024, 5, 2)


def test_window_needs_aware_ends_in_order() -> None:
    with pytest.raises(ValueError, match="aware"):
        Window(datetime(2024, 5, 2), datetime(2024, 5, 3))
    with pytest.raises(ValueError, match="before it starts"):
        Window(datetime(2024, 5, 3, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("night", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24)]
)
def test_day_of_a_clock_change_has_its_real_length(night: date, hours: int) -> None:
    window = Windows(zone="Europe/Paris").window(night)
    assert length(window) == timedelta(hours=hours)
    assert (window.first_day, window.last_day) == (night, night)


def test_cells_join_over_the_clock_change_without_gap_or_overlap() -> None:
    grid = Windows(days=7, zone="Europe/Paris")
    windows = [grid.window(cell) for cell in grid.cells(date(2024, 3, 1), date(2024, 11, 30))]
    assert all(a.end.astimezone(UTC) == b.start.astimezone(UTC) for a, b in pairwise(windows))


def test_cells_of_a_week_are_counted_from_1970() -> None:
    grid = Windows(days=7)
    assert grid.cell(date(1970, 1, 1)) == date(1970, 1, 1)
    assert grid.cell(date(1970, 1, 7)) == date(1970, 1, 1)
    assert grid.cell(date(1969, 12, 31)) == date(1969, 12, 25)


def test_days_widen_to_whole_cells() -> None:
    cells = list(Windows(days=7).cells(date(1970, 1, 3), date(1970, 1, 8)))
    assert cells == [date(1970, 1, 1), date(1970, 1, 8)]


@given(days=st.integers(1, 40), day=st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_every_day_lies_in_its_cell_and_the_cell_in_itself(days: int, day: date) -> None:
    grid = Windows(days=days)
    cell = grid.cell(day)
    assert cell <= day < cell + timedelta(days=days)
    assert grid.cell(cell) == cell


def test_instant_belongs_to_the_day_of_the_declared_zone() -> None:
    late = datetime(2024, 5, 1, 22, 30, tzinfo=UTC)
    assert Windows(zone="Europe/Paris").day_of(late) == date(2024, 5, 2)


def test_first_run_begins_on_the_given_day_or_so_long_before_now() -> None:
    now = datetime(2024, 5, 1, 23, tzinfo=UTC)
    assert Windows(start=date(2024, 1, 1)).first_day(now) == date(2024, 1, 1)
    assert Windows(start=timedelta(days=1), zone="Europe/Paris").first_day(now) == date(2024, 5, 1)


def test_grid_without_days_or_with_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Windows(days=0)
    with pytest.raises(KeyError):
        Windows(zone="Europe/Atlantis")


@pytest.mark.parametrize("start", [datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01"])
def test_a_start_that_is_no_day_is_refused(start: Any) -> None:
    with pytest.raises(TypeError, match="Windows starts on a day"):
        Windows(start=start)
    with pytest.raises(TypeError, match="Cursor starts on a day"):
        Cursor("at", start=start)


def test_what_would_leave_out_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="lookback of less than nothing"):
        Cursor("at", start=date(2024, 1, 1), lookback=timedelta(hours=-1))
    with pytest.raises(ValueError, match="cannot start in the future"):
        Windows(start=timedelta(days=-1))
    half: Any = 1.5
    with pytest.raises(ValueError, match="whole days"):
        Windows(days=half)


def test_cursor_looks_back_from_the_stored_value_but_not_before_the_start() -> None:
    cursor = Cursor("updated_at", start=date(2024, 1, 1), lookback=timedelta(days=1))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert cursor.since(None) == start
    assert cursor.since(start + timedelta(hours=3)) == start
    assert cursor.since(datetime(2024, 2, 2, tzinfo=UTC)) == datetime(2024, 2, 1, tzinfo=UTC)
