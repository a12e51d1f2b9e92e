"""SendGrid's routes. Source of facts: the vendor's OpenAPI files (v3); `README.md` beside this file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from tidegate.connectors.sendgrid import routes
from tidegate.connectors.sendgrid.schemas import (
    ApiBounce,
    ApiCampaign,
    ApiContact,
    ApiInvalidEmail,
    ApiList,
    ApiMessage,
    ApiSingleSend,
    ApiSpamReport,
    ApiTemplate,
    ApiUnsubscribe,
)
from tidegate.connectors.sendgrid.stats import ApiCategoryStat, ApiSingleSendStat, ApiStat
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import Call, HttpClient
from tidegate.http_tools.origins import origin_of
from tidegate.http_tools.pagination import NextUrlPaginator, OffsetPaginator, Steps

S = TypeVar("S", bound=ReadContract)

MAX_STATS_DAYS = 366
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class SendGridConnector:
    """Each method returns a `Call` that sends nothing yet; impossible times raise `ValueError` at once.

    Spans of time are half-open, `[start, end)`; those of days include both. Exports of contacts lie on other
    origins than the API: `export_origins` are those that may be asked, without the credential; the first look
    at an export comes after `export_look_s` seconds.
    """

    def __init__(
        self, client: HttpClient, *, export_origins: Collection[str] = (), export_look_s: float = 2.0
    ) -> None:
        self.client = client
        self._export_origins = frozenset(map(origin_of, export_origins))
        self._export_look_s = export_look_s

    def get_campaigns(self) -> Call[ApiCampaign]:
        """Campaigns of the legacy Marketing Campaigns. They have no date to filter by."""
        return self.client.pages(
            "GET",
            "/v3/campaigns",
            reads=ApiCampaign,
            items="result",
            # What it gives unasked: no maximum is told, and a page that was capped would look like the last.
            paginator=OffsetPaginator(limit=10, identity="id"),
        )

    def get_single_sends(self) -> Call[ApiSingleSend]:
        """Single sends of Marketing Campaigns."""
        return self.client.pages(
            "GET",
            "/v3/marketing/singlesends",
            reads=ApiSingleSend,
            items="result",
            paginator=NextUrlPaginator("_metadata.next"),
            params={"page_size": 100},
        )

    def get_single_send_stats(self) -> Call[ApiSingleSendStat]:
        """Counts of all single sends, for each variation and phase of an A/B test."""
        return self.client.pages(
            "GET",
            "/v3/marketing/stats/singlesends",
            reads=ApiSingleSendStat,
            items="results",
            paginator=NextUrlPaginator("_metadata.next"),
            params={"page_size": 50},
        )

    def get_stats(self, first_day: date, last_day: date) -> Call[ApiStat]:
        """Counts of all emails, day by day, at most 366 days."""
        days = _check_days(first_day, last_day)
        return self.client.call(
            "GET",
            "/v3/stats",
            reads=ApiStat,
            # what it gives unasked is not documented: as many as there are days
            params={**_days(first_day, last_day), "limit": days},
        )

    def get_category_stats(self, first_day: date, last_day: date) -> Call[ApiCategoryStat]:
        """Counts of the emails of each category, day by day, at most 366 days; thirteen months are kept.

        The API wants the names of categories, ten at most: all that it lists are asked for.
        """
        _check_days(first_day, last_day)
        return self.client.pages(
            "GET",
            "/v3/categories/stats",
            reads=ApiCategoryStat,
            route=routes.category_stats,
            params=_days(first_day, last_day),
        )

    def get_bounces(self, start: datetime | None = None, end: datetime | None = None) -> Call[ApiBounce]:
        """Addresses that bounced, by the time at which they came on the list."""
        return self._suppressions("bounces", ApiBounce, start, end)

    def get_blocks(self, start: datetime | None = None, end: datetime | None = None) -> Call[ApiBounce]:
        """Addresses whose server refused an email."""
        return self._suppressions("blocks", ApiBounce, start, end)

    def get_invalid_emails(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Call[ApiInvalidEmail]:
        """Addresses that are none."""
        return self._suppressions("invalid_emails", ApiInvalidEmail, start, end)

    def get_spam_reports(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Call[ApiSpamReport]:
        """Recipients who reported an email as spam."""
        return self._suppressions("spam_reports", ApiSpamReport, start, end)

    def get_unsubscribes(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Call[ApiUnsubscribe]:
        """Recipients who unsubscribed from everything."""
        return self._suppressions("unsubscribes", ApiUnsubscribe, start, end)

    def get_lists(self) -> Call[ApiList]:
        """Contact lists of Marketing Campaigns."""
        return self.client.pages(
            "GET",
            "/v3/marketing/lists",
            reads=ApiList,
            items="result",
            paginator=NextUrlPaginator("_metadata.next"),
            params={"page_size": 1000},
        )

    def get_templates(self) -> Call[ApiTemplate]:
        """Transactional templates of both generations, with their versions."""
        return self.client.pages(
            "GET",
            "/v3/templates",
            reads=ApiTemplate,
            items="result",
            paginator=NextUrlPaginator("_metadata.next"),
            # unasked it gives the legacy ones only
            params={"generations": "legacy,dynamic", "page_size": 200},
        )

    def get_messages(self, start: datetime, end: datetime) -> Call[ApiMessage]:
        """Messages whose last event lies in `[start, end)`, to the second, oldest seconds first.

        The API gives a thousand and no more: a span with more is halved until it has fewer. SendGrid keeps
        three days of them, thirty at most.
        """
        first, last = _seconds(start, end)
        return self.client.pages(
            "GET",
            "/v3/messages",
            reads=ApiMessage,
            items="messages",
            route=partial(routes.messages, first, last),
            params={"limit": routes.MOST_MESSAGES},
        )

    def get_contacts(
        self, *, list_ids: Sequence[str] = (), segment_ids: Sequence[str] = ()
    ) -> Call[ApiContact]:
        """Contacts, all of them unless lists or segments are named, by an asynchronous export."""
        return self.client.pages(
            "GET",
            "/v3/marketing/contacts/exports",
            reads=ApiContact,
            route=partial(self._export, list(list_ids), list(segment_ids)),
        )

    def _export(self, lists: list[str], segments: list[str]) -> Steps:
        """Where files may lie, and how often to look, is no part of what is asked: a run that is resumed may
        have it otherwise.
        """
        return routes.contact_export(lists, segments, self._export_look_s, self._export_origins)

    def _suppressions(
        self, name: str, reads: type[S], start: datetime | None, end: datetime | None
    ) -> Call[S]:
        """`start_time` and `end_time` are epoch seconds, both included."""
        times: dict[str, Any] = {}
        if start is not None and end is not None:
            times["start_time"], times["end_time"] = _seconds(start, end)
        elif start is not None:
            times["start_time"] = _floor(start)
        elif end is not None:
            times["end_time"] = _last(end)
        return self.client.pages(
            "GET",
            f"/v3/suppression/{name}",
            reads=reads,
            paginator=OffsetPaginator(limit=500),
            params=times,
        )


def _seconds(start: datetime, end: datetime) -> tuple[int, int]:
    """The first and the last epoch second of `[start, end)`; one second at least."""
    first, last = _floor(start), _last(end)
    if end < start:
        raise ValueError(f"end ({end}) is before start ({start})")
    return first, max(first, last)


def _floor(moment: datetime) -> int:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} says no time zone: give an aware datetime")
    return (moment - _EPOCH) // _SECOND


def _last(end: datetime) -> int:
    """The last second that begins before `end`."""
    return _floor(end - timedelta(microseconds=1))


def _days(first_day: date, last_day: date) -> dict[str, Any]:
    return {"start_date": first_day, "end_date": last_day, "aggregated_by": "day"}


def _check_days(first_day: date, last_day: date) -> int:
    if isinstance(first_day, datetime) or isinstance(last_day, datetime):
        raise TypeError(f"whole days are asked for, give dates and not {first_day} and {last_day}")
    days = (last_day - first_day).days + 1
    if days < 1:
        raise ValueError(f"last_day ({last_day}) is before first_day ({first_day})")
    if days > MAX_STATS_DAYS:
        raise ValueError(f"at most {MAX_STATS_DAYS} days at once, not {days} ({first_day} to {last_day})")
    return days
