"""`GET /smtp/statistics/reports`: the events of each local day, counted; 10 by default, at most 30."""

from __future__ import annotations

from datetime import date

import orjson

from tidegate.sandbox.brevo.envelope import PAGING, joined
from tidegate.sandbox.brevo.event_route import days_of
from tidegate.sandbox.brevo.params import Query
from tidegate.sandbox.brevo.store import Store

REPORT_PARAMETERS = PAGING | {"startDate", "endDate", "days", "tag"}
_MOST_DAYS = 30
_TOTALS = {
    "requests": "requests",
    "delivered": "delivered",
    "hardBounces": "hardBounces",
    "softBounces": "softBounces",
    "clicks": "clicks",
    "opens": "opened",
    "spamReports": "spam",
    "blocked": "blocked",
    "invalid": "invalid",
    "unsubscribed": "unsubscribed",
}
_UNIQUE = {"uniqueClicks": "clicks", "uniqueOpens": "opened"}


def get_reports(query: Query, store: Store) -> bytes:
    """The body of the answer: a row for each day that has an event."""
    limit, offset, newest_first = query.paging(10, 30)
    first, last = days_of(query, store.clock.today(), most=_MOST_DAYS, default=_MOST_DAYS)
    rows = reports(store, first, last, query.text("tag"))
    rows = rows[::-1] if newest_first else rows
    return b"{%b}" % joined("reports", map(orjson.dumps, rows[offset : offset + limit]))


def reports(store: Store, first: date, last: date, tag: str | None = None) -> list[dict[str, object]]:
    """Those of the days `first` to `last`, both inclusive, in order."""
    rows = []
    for day in store.events.days():
        if first <= day <= last:
            events = [orjson.loads(row) for row in store.events.select(day, day).days[0]]
            events = [each for each in events if tag in (None, each.get("tag"))]
            if events:
                rows.append({"date": day.isoformat(), **_counted(events)})
    return rows


def _counted(events: list[dict[str, str]]) -> dict[str, int]:
    kinds = [each["event"] for each in events]
    return {name: kinds.count(kind) for name, kind in _TOTALS.items()} | {
        name: len({each["messageId"] for each in events if each["event"] == kind})
        for name, kind in _UNIQUE.items()
    }
