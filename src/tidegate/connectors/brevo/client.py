"""Brevo's routes. Source of facts: Brevo API v3 reference, February 2026; `README.md` beside this file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.http_tools.clients import Call, HttpClient
from tidegate.http_tools.pagination import OffsetPaginator

# What the filters take. Answers spell some differently (`in_process`), and may hold more.
CampaignType = Literal["classic", "trigger"]
CampaignStatus = Literal["suspended", "archive", "sent", "queued", "draft", "inProcess", "inReview"]
CampaignStatistics = Literal["globalStats", "linksStats", "statsByDomain"]
EventType = Literal[
    "bounces",
    "hardBounces",
    "softBounces",
    "delivered",
    "spam",
    "requests",
    "opened",
    "clicks",
    "invalid",
    "deferred",
    "blocked",
    "unsubscribed",
    "error",
    "loadedByProxy",
]

MAX_EVENT_DAYS = 90
MAX_CAMPAIGN_YEARS = 2


class BrevoConnector:
    """Each method returns a `Call` that sends nothing yet; impossible dates raise `ValueError` at once.

    Every listing is asked for oldest first: Brevo's own order is newest first, where a row that arrives
    while the listing is read moves all the others.
    """

    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def get_email_campaigns(
        self,
        *,
        status: CampaignStatus | None = None,
        campaign_type: CampaignType | None = None,
        statistics: CampaignStatistics | None = "globalStats",
        exclude_html_content: bool = True,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Call[ApiCampaign]:
        """Email campaigns in order of creation; `start` and `end` filter by the time of sending.

        Both or neither of them, at most two years, with `status` absent or "sent" only; Brevo refuses an
        `end` in the future. Statistics count the events of the last six months only.
        """
        _check_sending_times(start, end, status)
        return self.client.pages(
            "GET",
            "/emailCampaigns",
            reads=ApiCampaign,
            items="campaigns",
            paginator=OffsetPaginator(limit=100, identity="id", total="count"),
            params={
                "status": status,
                "type": campaign_type,
                "statistics": statistics,
                "excludeHtmlContent": exclude_html_content,
                "startDate": start,
                "endDate": end,
                "sort": "asc",
            },
        )

    def get_smtp_templates(self, *, active: bool | None = None) -> Call[ApiTemplate]:
        """Templates of transactional emails in order of creation, all of them unless `active` says which.

        Brevo cannot filter them by time of change.
        """
        return self.client.pages(
            "GET",
            "/smtp/templates",
            reads=ApiTemplate,
            items="templates",
            paginator=OffsetPaginator(limit=1000, identity="id", total="count"),
            params={"templateStatus": active, "sort": "asc"},
        )

    def get_email_event_report(
        self,
        first_day: date | None = None,
        last_day: date | None = None,
        *,
        event: EventType | None = None,
        email: str | None = None,
        message_id: str | None = None,
        template_id: int | None = None,
    ) -> Call[ApiEvent]:
        """Events of transactional emails, oldest first, from `first_day` to `last_day`, both included.

        Both or neither, at most 90 days; without them Brevo takes the last 30. Whose days is not
        documented, so an event's UTC date may lie a day outside. Ask for all templates at once: with one
        listing per template the quota of 300 requests an hour is soon spent.
        """
        _check_days(first_day, last_day)
        return self.client.pages(
            "GET",
            "/smtp/statistics/events",
            reads=ApiEvent,
            items="events",
            # An event has no id and the answer no count; past the end Brevo may send `{}`.
            paginator=OffsetPaginator(limit=5000, identity=None, total=None),
            empty_object_ends=True,
            params={
                "startDate": first_day,
                "endDate": last_day,
                "event": event,
                "email": email,
                "messageId": message_id,
                "templateId": template_id,
                "sort": "asc",
            },
        )

    def get_contacts(self, modified_since: datetime | None = None) -> Call[ApiContact]:
        """Contacts in order of creation: all, or those modified after `modified_since`."""
        _check_aware(modified_since)
        return self.client.pages(
            "GET",
            "/contacts",
            reads=ApiContact,
            items="contacts",
            paginator=OffsetPaginator(limit=1000, identity="id", total="count"),
            params={"modifiedSince": modified_since, "sort": "asc"},
        )


def _check_aware(*moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.utcoffset() is None:
            raise ValueError(f"{moment} says no time zone: give an aware datetime")


def _check_sending_times(start: datetime | None, end: datetime | None, status: str | None) -> None:
    _check_aware(start, end)
    if start is None and end is None:
        return
    if start is None or end is None:
        raise ValueError(f"campaigns: give both start and end or neither, not {start} and {end}")
    if status not in {None, "sent"}:
        raise ValueError(f"campaigns: start and end go with status 'sent' or none, not {status!r}")
    if end < start:
        raise ValueError(f"campaigns: end ({end}) is before start ({start})")
    if _years_before(end, MAX_CAMPAIGN_YEARS) > _years_before(start, 0):
        raise ValueError(f"campaigns: at most {MAX_CAMPAIGN_YEARS} years at once, not {start} to {end}")


def _years_before(moment: datetime, years: int) -> tuple[int, ...]:
    """A tuple and not a datetime, so that 29 February has a place in every year."""
    utc = moment.astimezone(UTC)
    return (utc.year - years, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond)


def _check_days(first_day: date | None, last_day: date | None) -> None:
    if isinstance(first_day, datetime) or isinstance(last_day, datetime):
        raise TypeError(f"events: whole days are asked for, give dates and not {first_day} and {last_day}")
    if first_day is None and last_day is None:
        return
    if first_day is None or last_day is None:
        raise ValueError(
            f"events: give both first_day and last_day or neither, not {first_day} and {last_day}"
        )
    if last_day < first_day:
        raise ValueError(f"events: last_day ({last_day}) is before first_day ({first_day})")
    days = (last_day - first_day).days + 1
    if days > MAX_EVENT_DAYS:
        raise ValueError(
            f"events: at most {MAX_EVENT_DAYS} days at once, not {days} ({first_day} to {last_day})"
        )
