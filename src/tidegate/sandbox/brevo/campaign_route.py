"""`GET /emailCampaigns`: 50 by default, 100 at most, with filters by status, type and sent date."""

from __future__ import annotations

from typing import Any

import orjson

from tidegate.sandbox.brevo.campaigns import sent_us
from tidegate.sandbox.brevo.clock import DAY_MS
from tidegate.sandbox.brevo.envelope import PAGING, counted
from tidegate.sandbox.brevo.params import Query, RefusedError, invalid
from tidegate.sandbox.brevo.statistics import only
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.table import page

CAMPAIGN_PARAMETERS = PAGING | {"type", "status", "statistics", "startDate", "endDate", "excludeHtmlContent"}
_STATUSES = ("suspended", "archive", "sent", "queued", "draft", "inProcess", "inReview")
_STATISTICS = ("globalStats", "linksStats", "statsByDomain")
_TWO_YEARS_US = 2 * 366 * DAY_MS * 1000
_SIX_MONTHS_US = 183 * DAY_MS * 1000

Record = dict[str, Any]


def get_campaigns(query: Query, store: Store) -> bytes:
    """The body of the answer."""
    limit, offset, newest_first = query.paging(50, 100)
    status = query.text("status", _STATUSES)
    kind = query.text("type", ("classic", "trigger"))
    window = sending_window(query, status, store.clock.now_ms() * 1000)
    rows = store.campaigns.rows
    if (status, kind, window) != (None, None, None):  # else all records would be read for each page
        rows = [row for row in rows if _wanted(row.record(), status, kind, window)]
    picked = page(rows, offset, limit, newest_first=newest_first)
    wanted, no_html = query.text("statistics", _STATISTICS), query.flag("excludeHtmlContent")
    now_us = store.clock.now_ms() * 1000
    slim = (_slim(row.record(), wanted, now_us, no_html=bool(no_html)) for row in picked)
    return counted("campaigns", map(orjson.dumps, slim), len(rows))


def sending_window(query: Query, status: str | None, now_us: int) -> tuple[int, int] | None:
    """Brevo: both or neither, only with status absent or `sent`, at most two years, not in the future."""
    query.both_or_neither("startDate", "endDate")
    start, end = query.instant_us("startDate"), query.instant_us("endDate")
    if start is None or end is None:
        return None
    if status not in (None, "sent"):
        raise invalid("startDate and endDate are only available if status is not passed or is sent")
    if start > end:
        raise invalid("startDate must not be later than endDate")
    if end > now_us:
        raise RefusedError("out_of_range", "endDate must not be in the future")
    if end - start > _TWO_YEARS_US:
        raise RefusedError("out_of_range", "The range of dates must not be longer than two years")
    return start, end


def _wanted(record: Record, status: str | None, kind: str | None, window: tuple[int, int] | None) -> bool:
    # The query says inProcess, the response in_process; the response says Classic for a classic now and then.
    if status is not None and record["status"] != {"inProcess": "in_process"}.get(status, status):
        return False
    if kind is not None and record["type"].lower() != kind:
        return False
    if window is None:
        return True
    sent = sent_us(record)
    return sent is not None and window[0] <= sent <= window[1]


def _slim(record: Record, wanted: str | None, now_us: int, *, no_html: bool) -> Record:
    if no_html:
        record["htmlContent"] = ""  # "returned as empty string", the key stays
    sent = sent_us(record)
    recent = sent is None or now_us - sent <= _SIX_MONTHS_US
    record["statistics"] = only(record["statistics"], wanted, recent=recent)
    return record
