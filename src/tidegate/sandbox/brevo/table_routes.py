"""Routes that are a table and its paging, and little else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from operator import attrgetter

import orjson

from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.campaign_route import sending_window
from tidegate.sandbox.brevo.envelope import PAGING, envelope, joined
from tidegate.sandbox.brevo.event_route import days_of
from tidegate.sandbox.brevo.params import Query, RefusedError, invalid
from tidegate.sandbox.brevo.sms import SMS_KINDS
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.table import Row, Table, page

Get = Callable[[Query, Store], bytes]

SINCE = frozenset({"modifiedSince", "createdSince"})
SMS_CAMPAIGN_PARAMETERS = PAGING | {"status", "startDate", "endDate"}
SMS_EVENT_PARAMETERS = PAGING | {"startDate", "endDate", "days", "event", "phoneNumber", "tags"}
COMPANY_PARAMETERS = frozenset({"page", "limit", "sort"}) | SINCE
DEAL_PARAMETERS = PAGING | SINCE
BLOCKED_PARAMETERS = PAGING | {"startDate", "endDate", "senders"}
# Neither default nor maximum is documented; the default is the website's, the maximum a guess.
_CRM_DEFAULT, _CRM_MOST = 50, 100
_SMS_DAYS = 90
_SMS_STATUSES = ("suspended", "archive", "sent", "queued", "draft", "inProcess")


def listing(name: str, key: str, default: int, most: int) -> Get:
    """A page of the table `name`, filtered by time where the route takes such parameters."""
    table: Callable[[Store], Table] = attrgetter(name)

    def get(query: Query, store: Store) -> bytes:
        return envelope(key, _since(query, table(store).rows), query.paging(default, most))

    return get


def items(name: str) -> Get:
    """A page of deals: no count beside."""
    table: Callable[[Store], Table] = attrgetter(name)

    def get(query: Query, store: Store) -> bytes:
        limit, offset, newest_first = query.paging(_CRM_DEFAULT, _CRM_MOST)
        rows = page(_since(query, table(store).rows), offset, limit, newest_first=newest_first)
        return b"{%b}" % joined("items", (row.body for row in rows))

    return get


def get_companies(query: Query, store: Store) -> bytes:
    """By page number, from 1; no count beside."""
    limit, _, newest_first = query.paging(_CRM_DEFAULT, _CRM_MOST)
    number = query.integer("page")
    number = 1 if number is None else number
    if number < 1:
        raise RefusedError("out_of_range", "page must be 1 or more")
    rows = _since(query, store.companies.rows)
    rows = page(rows, (number - 1) * limit, limit, newest_first=newest_first)
    return b"{%b}" % joined("items", (row.body for row in rows))


def get_senders(_query: Query, store: Store) -> bytes:
    """All at once."""
    return b"{%b}" % joined("senders", (row.body for row in store.senders.rows))


def get_sms_campaigns(query: Query, store: Store) -> bytes:
    """500 by default, 1000 at most; the dates as for email campaigns."""
    paging, status = query.paging(500, 1000), query.text("status", _SMS_STATUSES)
    window = sending_window(query, status, store.clock.now_ms() * 1000)
    rows = store.sms_campaigns.rows
    if status is not None:
        rows = [row for row in rows if row.record()["status"] == status]
    if window is not None:
        rows = [row for row in rows if window[0] <= _sent_us(row) <= window[1]]
    return envelope("campaigns", rows, paging)


def _sent_us(row: Row) -> int:
    sent = row.record().get("sentDate")
    return clock.parse_us(sent) if isinstance(sent, str) else -1


def get_sms_events(query: Query, store: Store) -> bytes:
    """50 by default, 100 at most, by account-local days, without a count; past the end `{}`."""
    limit, offset, newest_first = query.paging(50, 100)
    first, last = days_of(query, store.clock.today(), most=_SMS_DAYS, default=30)
    rows = sms_events(store, first, last)
    event, number, tags = query.text("event", SMS_KINDS), query.text("phoneNumber"), query.texts("tags")
    if event or number or tags:
        loaded = [(row, orjson.loads(row)) for row in rows]
        rows = [
            row
            for row, told in loaded
            if (event in (None, told["event"]))
            and number in (None, str(told["phoneNumber"]))
            and (tags is None or told.get("tag") in tags)
        ]
    rows = (rows[::-1] if newest_first else rows)[offset : offset + limit]
    return b"{%b}" % joined("events", rows) if rows else b"{}"


def sms_events(store: Store, first: date, last: date) -> list[bytes]:
    """Those of the days `first` to `last`, both inclusive."""
    return [row for day, rows in store.sms_events.items() if first <= day <= last for row in rows]


def get_blocked_contacts(query: Query, store: Store) -> bytes:
    """50 by default, 100 at most, by account-local days of the blocking."""
    paging = query.paging(50, 100)
    query.both_or_neither("startDate", "endDate")
    first, last, senders = query.day("startDate"), query.day("endDate"), query.text("senders")
    rows = store.blocked_contacts.rows
    if first is not None and last is not None:
        if first > last:
            raise invalid("startDate must be lower than or equal to endDate")
        rows = [row for row in rows if first <= clock.local_day(row.created_ms) <= last]
    if senders is not None:
        rows = [row for row in rows if row.record()["senderEmail"] in senders.split(",")]
    return envelope("contacts", rows, paging)


def _since(query: Query, rows: list[Row]) -> list[Row]:
    """Those changed, or made, strictly after an instant."""
    if (since := query.instant_us("modifiedSince")) is not None:
        rows = [row for row in rows if row.modified_ms * 1000 > since]
    if (since := query.instant_us("createdSince")) is not None:
        rows = [row for row in rows if row.created_ms * 1000 > since]
    return rows
