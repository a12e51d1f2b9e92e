"""How many events each account-local day holds, and when that day begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tidegate.sandbox.brevo import clock

ROWS_A_MESSAGE = 3
_WEEKEND_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day: its rows are number `first_row` to `first_row + rows - 1` of all.

    `hours` are the local hours that pass in it with their UTC offset: 23 or 25 where the clocks change.
    """

    day: date
    span_ms: int
    rows: int
    first_row: int
    hours: tuple[tuple[bytes, bytes], ...]

    @property
    def first_message(self) -> int:
        """Number of the day's first message; a message makes about three events."""
        return self.first_row // ROWS_A_MESSAGE


def plan_days(rows: int, days: int, start_ms: int) -> list[DayPlan]:
    """`rows` spread over the `days` days that end with the day of `start_ms`, fewer at weekends.

    Today gets the share of it that has passed, so no event is later than `start_ms`.
    """
    today = clock.local_day(start_ms)
    calendar = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    spans = [
        min(clock.midnight_ms(day + timedelta(days=1)), start_ms) - clock.midnight_ms(day) for day in calendar
    ]
    bounds = _cumulative([_weight(day, span) for day, span in zip(calendar, spans, strict=True)], rows)
    return [
        DayPlan(day, span, stop - begin, begin, hours_of(day))
        for day, span, (begin, stop) in zip(calendar, spans, pairwise(bounds), strict=True)
    ]


def hours_of(day: date) -> tuple[tuple[bytes, bytes], ...]:
    """As `(b"2026-01-15T00", b"+01:00")`, one for each hour that passes in the day."""
    begin, end = clock.midnight_ms(day), clock.midnight_ms(day + timedelta(days=1))
    stamps = [clock.iso_local(at) for at in range(begin, end, clock.HOUR_MS)]
    return tuple((stamp[:13].encode(), stamp[-6:].encode()) for stamp in stamps)


def date_text(hours: tuple[tuple[bytes, bytes], ...], elapsed_ms: int) -> bytes:
    """The date of an event so long after its day's midnight, as `2026-01-15T09:30:00.123+01:00`."""
    hour, rest = divmod(elapsed_ms, clock.HOUR_MS)
    minute, rest = divmod(rest, 60_000)
    second, milli = divmod(rest, 1000)
    head, offset = hours[hour]
    return b"%b:%02d:%02d.%03d%b" % (head, minute, second, milli, offset)


def _weight(day: date, span_ms: int) -> float:
    # Never nothing: at midnight sharp today is the only day of `days=1`, and the rows must go somewhere.
    share = _WEEKEND_SHARE if day.weekday() >= 5 else 1.0
    return max(span_ms, 1) * share


def _cumulative(weights: list[float], rows: int) -> list[int]:
    total, so_far, bounds = sum(weights), 0.0, [0]
    for weight in weights:
        so_far += weight
        bounds.append(round(rows * so_far / total))
    bounds[-1] = rows
    return bounds
