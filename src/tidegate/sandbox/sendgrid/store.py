"""The whole account: everything made from one seed, each kind when it is first needed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property

from tidegate.sandbox.sendgrid import data
from tidegate.sandbox.sendgrid.data import Row
from tidegate.sandbox.sendgrid.messages import Messages

SUPPRESSIONS = ("bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes")
_STATS_DAYS = 380


class Store:
    """`rows` messages in the `days` days up to `now`; all else is fewer in proportion. The lists that it
    holds are those that requests see: tests change them.
    """

    def __init__(self, seed: int, rows: int, days: int, now: datetime) -> None:
        if rows < 0 or days < 1:
            raise ValueError("rows must not be negative, days must be 1 or more")
        if now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        self.now = now
        self._seed, self._rows, self._days = seed, rows, days
        self._suppressions: dict[str, list[Row]] = {}

    @cached_property
    def campaigns(self) -> list[Row]:
        return data.campaigns(self._seed, min(12 + self._rows // 200, 200))

    @cached_property
    def single_sends(self) -> list[Row]:
        return data.single_sends(self._seed, min(40 + self._rows // 20, 1000), self.now)

    @cached_property
    def single_send_stats(self) -> list[Row]:
        return data.single_send_stats(self._seed, self.single_sends)

    @cached_property
    def lists(self) -> list[Row]:
        return data.lists(self._seed, min(20 + self._rows // 4, 3000))

    @cached_property
    def templates(self) -> list[Row]:
        return data.templates(self._seed, min(20 + self._rows // 10, 900), self.now)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self._seed, self._rows, self._days, self.now)

    @cached_property
    def contacts(self) -> list[Row]:
        return data.contacts(self._seed, self._rows // 2, self.now)

    @cached_property
    def categories(self) -> list[str]:
        return data.categories(min(13 + self._rows // 100, 120))

    def suppressions(self, kind: str) -> list[Row]:
        """Oldest first."""
        if kind not in self._suppressions:
            count = self._rows // (3 + SUPPRESSIONS.index(kind))
            self._suppressions[kind] = data.suppressions(self._seed, kind, count, self.now)
        return self._suppressions[kind]

    def days(self, first: date, last: date | None) -> list[date]:
        """Those of the span that have statistics: none before the account was there, none after today."""
        today = self.now.date()
        first = max(first, today - timedelta(days=_STATS_DAYS))
        last = today if last is None else min(last, today)
        return [first + timedelta(days=at) for at in range((last - first).days + 1)]

    def to_come(self, last: date | None) -> list[date]:
        """The days after today that were asked for all the same: zeros are told of them."""
        today = self.now.date()
        return [today + timedelta(days=at) for at in range(1, ((last or today) - today).days + 1)]

    def stats(self, first: date, last: date | None) -> list[Row]:
        """By day."""
        return [
            {"date": day.isoformat(), "stats": [{"metrics": self._metrics("stats", day)}]}
            for day in [*self.days(first, last), *self.to_come(last)]
        ]

    def category_stats(self, names: list[str], first: date, last: date | None) -> list[Row]:
        """By day, with an item for each of the categories."""
        return [
            {
                "date": day.isoformat(),
                "stats": [
                    {"type": "category", "name": name, "metrics": self._metrics(name, day)} for name in names
                ],
            }
            for day in [*self.days(first, last), *self.to_come(last)]
        ]

    def _metrics(self, of: str, day: date) -> Row:
        return data.metrics(self._seed, of, day) if day <= self.now.date() else data.no_metrics()

    def truth(self, name: str) -> list[Row]:
        """Every row of a table as the API would send it now; statistics of all days that have any."""
        if name in SUPPRESSIONS:
            return self.suppressions(name)
        if name == "messages":
            return self.messages.rows
        everything = self.days(date.min, None)[0]
        if name == "stats":
            return self.stats(everything, None)
        if name == "category_stats":
            return self.category_stats(self.categories, everything, None)
        found: list[Row] = getattr(self, name)
        return found
