"""All events by account-local day, made when a day is first looked at."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.event_plan import DayPlan, date_text, hours_of
from tidegate.sandbox.brevo.event_rows import EventWriter

_VANISHING_DAYS = 3
_NEW_MESSAGES_FROM = 9_000_000  # above any number that made-up data of a million rows uses

Filters = list[tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of some days, each day oldest first."""

    days: list[list[bytes]]

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.days))

    def page(self, offset: int, limit: int, *, newest_first: bool) -> list[bytes]:
        """`limit` rows from `offset` on; only the days that the page touches are copied from."""
        picked: list[bytes] = []
        for rows in reversed(self.days) if newest_first else self.days:
            missing = limit - len(picked)
            if missing <= 0:
                break
            if offset < len(rows):
                picked += _slice(rows, offset, missing, newest_first=newest_first)
            offset = max(offset - len(rows), 0)
        return picked


class EventLog:
    """Rows in creation order. Whoever changes it holds the sandbox's lock."""

    def __init__(self, seed: int, writer: EventWriter, plans: list[DayPlan]) -> None:
        self._seed = seed
        self._writer = writer
        self._plans = {plan.day: plan for plan in plans}
        self._days: dict[date, list[bytes]] = {}
        self._added = 0

    def prepare(self) -> None:
        """Make every day now; a benchmark would rather wait here than in its first request."""
        for day in self._plans:
            self._rows(day)

    def days(self) -> list[date]:
        """The days that hold, or held, an event; ascending."""
        return sorted({*self._plans, *self._days})

    def select(self, first: date, last: date, filters: Filters | None = None) -> Selection:
        """The rows of the days `first` to `last`, both inclusive.

        A filter is a group of JSON members of which a row must contain one. Looking for
        `"event":"opened"` in the bytes is exact, because a quote inside a value stands there as `\\"`.
        """
        days = [self._rows(day) for day in self.days() if first <= day <= last]
        for group in filters or []:
            days = [[row for row in rows if any(member in row for member in group)] for rows in days]
        return Selection(days)

    def append(self, rng: random.Random, now_ms: int) -> None:
        """A new event, dated now, at the end of today."""
        day = clock.local_day(now_ms)
        date_and_offset = date_text(hours_of(day), now_ms - clock.midnight_ms(day))
        number = _NEW_MESSAGES_FROM + self._added
        stamp = day.strftime("%Y%m%d").encode()
        row = self._writer.encode(date_and_offset, stamp, number, rng.randrange(3), rng.getrandbits(64))
        self._rows(day).append(row)
        self._added += 1

    def remove_recent(self, rng: random.Random, today: date) -> bool:
        """Take away one event of the last three days; older ones never change. False if there is none."""
        recent = [self._rows(today - timedelta(days=back)) for back in range(_VANISHING_DAYS)]
        held = [rows for rows in recent if rows]
        if not held:
            return False
        rows = rng.choice(held)
        del rows[rng.randrange(len(rows))]
        return True

    def past_the_end(self, first: date, last: date, offset: int) -> bytes:
        """Brevo answers some requests past the end with `{}`, without the key: here every other one."""
        bare = draws.number(self._seed, "end", first, last, offset) % 2
        return b"{}" if bare else b'{"events":[]}'

    def _rows(self, day: date) -> list[bytes]:
        if day not in self._days:
            plan = self._plans.get(day)
            before = self._plans.get(day - timedelta(days=1))
            self._days[day] = self._writer.rows_of(plan, before) if plan else []
        return self._days[day]


def _slice(rows: list[bytes], offset: int, limit: int, *, newest_first: bool) -> list[bytes]:
    if not newest_first:
        return rows[offset : offset + limit]
    stop = len(rows) - offset
    return rows[max(stop - limit, 0) : stop][::-1]
