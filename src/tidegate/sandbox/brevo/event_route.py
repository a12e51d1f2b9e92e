"""`GET /smtp/statistics/events`: 2500 by default, 5000 at most, by account-local days, without a count."""

from __future__ import annotations

from datetime import date, timedelta

from tidegate.sandbox.brevo.envelope import PAGING, joined
from tidegate.sandbox.brevo.event_log import Filters
from tidegate.sandbox.brevo.event_rows import KINDS, field
from tidegate.sandbox.brevo.params import Query, RefusedError, invalid
from tidegate.sandbox.brevo.store import Store

EVENT_PARAMETERS = PAGING | {
    "startDate",
    "endDate",
    "days",
    "event",
    "email",
    "tags",
    "messageId",
    "templateId",
}
_MOST_DAYS = 90
_DEFAULT_DAYS = 30


def get_events(query: Query, store: Store) -> bytes:
    """The body of the answer; past the end it is `{}` about every other time."""
    limit, offset, newest_first = query.paging(2500, 5000)
    first, last = days_of(query, store.clock.today(), most=_MOST_DAYS, default=_DEFAULT_DAYS)
    selection = store.events.select(first, last, _filters(query))
    if offset >= selection.total:
        return store.events.past_the_end(first, last, offset)
    return b"{%b}" % joined("events", selection.page(offset, limit, newest_first=newest_first))


def days_of(query: Query, today: date, *, most: int, default: int) -> tuple[date, date]:
    """First and last day, both inclusive.

    Brevo: a pair of dates, at most so many days apart, or a number of `days`, never both.
    """
    query.both_or_neither("startDate", "endDate")
    first, last, days = query.day("startDate"), query.day("endDate"), query.integer("days")
    if first is not None and last is not None:
        if days is not None:
            raise invalid("days is not compatible with startDate and endDate")
        if first > last:
            raise invalid("startDate must be lower than or equal to endDate")
        if (last - first).days > most:
            raise RefusedError("out_of_range", f"The dates must be at most {most} days apart")
        return first, last
    days = default if days is None else days
    if not 1 <= days <= most:
        raise RefusedError("out_of_range", f"days must be between 1 and {most}")
    return today - timedelta(days=days - 1), today


def _filters(query: Query) -> Filters:
    filters: Filters = []
    if (event := query.text("event", KINDS)) is not None:
        # `bounces` taken as all bounces is a guess: the vendor lists it beside hard and soft ones.
        kinds = ("bounces", "hardBounces", "softBounces") if event == "bounces" else (event,)
        filters.append(tuple(field("event", kind) for kind in kinds))
    for name, key in (("email", "email"), ("messageId", "messageId")):
        if (value := query.text(name)) is not None:
            filters.append((field(key, value),))
    if (template := query.integer("templateId")) is not None:
        filters.append((field("templateId", template) + b"}",))  # always the last member of a row
    if (tags := query.texts("tags")) is not None:
        filters.append(tuple(field("tag", tag) for tag in tags))
    return filters
