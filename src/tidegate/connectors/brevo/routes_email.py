"""Email: campaigns, and the templates, events and reports of transactional emails."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from tidegate.connectors.brevo.checks import check_days, check_sending_times
from tidegate.connectors.brevo.routes import Routes
from tidegate.connectors.brevo.schemas import (
    ApiBlockedContact,
    ApiCampaign,
    ApiEmailReport,
    ApiEvent,
    ApiSenderIdentity,
    ApiTemplate,
)
from tidegate.http_tools.clients import Call
from tidegate.http_tools.pagination import OffsetPaginator, SinglePage

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
MAX_REPORT_DAYS = 30


class EmailRoutes(Routes):
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
        check_sending_times(start, end, status)
        params = {
            "status": status,
            "type": campaign_type,
            "statistics": statistics,
            "excludeHtmlContent": exclude_html_content,
            "startDate": start,
            "endDate": end,
        }
        return self._listing("/emailCampaigns", ApiCampaign, "campaigns", limit=100, params=params)

    def get_senders(self) -> Call[ApiSenderIdentity]:
        """The names and addresses that emails can be sent under, all at once: Brevo has no pages here."""
        return self.client.pages(
            "GET", "/senders", reads=ApiSenderIdentity, items="senders", paginator=SinglePage()
        )

    def get_smtp_templates(self, *, active: bool | None = None) -> Call[ApiTemplate]:
        """Templates of transactional emails in order of creation, all of them unless `active` says which.

        Brevo cannot filter them by time of change.
        """
        params = {"templateStatus": active}
        return self._listing("/smtp/templates", ApiTemplate, "templates", limit=1000, params=params)

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
        check_days(first_day, last_day, "events", MAX_EVENT_DAYS)
        params = {
            "startDate": first_day,
            "endDate": last_day,
            "event": event,
            "email": email,
            "messageId": message_id,
            "templateId": template_id,
        }
        return self._uncounted("/smtp/statistics/events", ApiEvent, "events", limit=5000, params=params)

    def get_smtp_report(
        self, first_day: date | None = None, last_day: date | None = None, *, tag: str | None = None
    ) -> Call[ApiEmailReport]:
        """Counts of transactional emails by day, oldest first, from `first_day` to `last_day`, both included.

        Both or neither, at most 30 days. A page holds 30: fewer days than that are one request.
        """
        check_days(first_day, last_day, "reports", MAX_REPORT_DAYS)
        params = {"startDate": first_day, "endDate": last_day, "tag": tag}
        return self._uncounted("/smtp/statistics/reports", ApiEmailReport, "reports", limit=30, params=params)

    def get_transac_blocked_contacts(
        self, first_day: date | None = None, last_day: date | None = None
    ) -> Call[ApiBlockedContact]:
        """Who gets no transactional emails any more, and from which sender: those blocked from `first_day` to
        `last_day`, both included, or all. Who is unblocked is in it no more.
        """
        check_days(first_day, last_day, "blocked contacts")
        return self.client.pages(
            "GET",
            "/smtp/blockedContacts",
            reads=ApiBlockedContact,
            items="contacts",
            paginator=OffsetPaginator(limit=100, identity=None, total="count"),  # a row has no id
            params={"startDate": first_day, "endDate": last_day, "sort": "asc"},
        )
