"""Windows of time: the half-open span that one request or slice is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span `[start, end)`; both ends are aware and in the declared zone.

    APIs that filter by day, both days inclusive, take `first_day` and `last_day`.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a window needs aware ends, not {self.start} and {self.end}")
        if self.end < self.start:
            raise ValueError(f"a window cannot end ({self.end}) before it starts ({self.start})")

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The last day of which any part lies within the window."""
        return (self.end - timedelta(microseconds=1)).date() if self.end > self.start else self.end.date()

    def __str__(self) -> str:
        return f"{self.first_day}..{self.last_day}"


@dataclass(frozen=True, slots=True)
class Windows:
    """How a task splits time: a fixed grid of cells of `days` days, counted from 1970-01-01 in `zone`.

    One slice a cell. A first run begins `start` (a day, or so long before now); a later one asks again
    for the last `refetch` cells that were asked for, for sources that correct the past or deliver late.
    The cell that held the present counts as one of these: where runs are more frequent than cells, the last
    one that is over is asked for again with `refetch=2`. With `refetch=0` the cell that held the present is
    asked for again all the same, and no other.
    """

    days: int = 1
    refetch: int = 1
    start: date | timedelta = timedelta(days=30)
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if type(self.days) is not int or type(self.refetch) is not int or self.days < 1 or self.refetch < 0:
            raise ValueError("Windows takes whole days of at least 1 and a refetch of at least 0")
        if not isinstance(self.start, timedelta):
            _check_day("Windows", self.start)
        elif self.start < timedelta(0):
            raise ValueError("Windows cannot start in the future: start=timedelta(...) is so long before now")
        ZoneInfo(self.zone)

    def cell(self, day: date) -> date:
        """The first day of the cell that holds `day`."""
        return day - timedelta(days=(day - _EPOCH).days % self.days)

    def window(self, cell: date) -> Window:
        """The window of the cell that begins on `cell`; right over daylight-saving changes."""
        return Window(self.midnight(cell), self.midnight(cell + timedelta(days=self.days)))

    def zoned(self, window: Window) -> Window:
        """A window that was stored, whose ends have kept their offsets only, in its zone again.

        The same instants: else, where the zone is another one by now, it stays as it is.
        """
        zone = ZoneInfo(self.zone)
        found = Window(window.start.replace(tzinfo=zone), window.end.replace(tzinfo=zone))
        ends = [(each.start.timestamp(), each.end.timestamp()) for each in (found, window)]
        return found if ends[0] == ends[1] else window

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=ZoneInfo(self.zone))

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def first_day(self, now: datetime) -> date:
        """Where a first run begins."""
        return self.start if isinstance(self.start, date) else self.day_of(now - self.start)

    def cells(self, first: date, last: date) -> Iterator[date]:
        """Cells from the one that holds `first` to the one that holds `last`, both included, in order."""
        cell = self.cell(first)
        while cell <= last:
            yield cell
            cell += timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a task has come that asks for what changed since: the highest value seen of `field`.

    `field` names an attribute of the read model that holds a datetime. The next run asks from that value
    less `lookback`; a first run from `start`.
    """

    field: str
    start: date
    lookback: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        _check_day("Cursor", self.start)
        if self.lookback < timedelta(0):
            raise ValueError("a lookback of less than nothing would leave out what changed meanwhile")

    def first(self) -> datetime:
        return datetime.combine(self.start, time(), tzinfo=UTC)

    def since(self, value: datetime | None) -> datetime:
        """From when to ask, given the stored value (None before the first run)."""
        return self.first() if value is None else max(self.first(), value - self.lookback)


def _check_day(of: str, start: date) -> None:
    if type(start) is not date:
        raise TypeError(f"{of} starts on a day, date(2024, 1, 31), not {start!r}")
