"""SMS: campaigns, and the events of transactional ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from tidegate.connectors.brevo.checks import check_days, check_sending_times
from tidegate.connectors.brevo.routes import Routes
from tidegate.connectors.brevo.schemas_sms import ApiSmsCampaign, ApiSmsEvent
from tidegate.http_tools.clients import Call

SmsCampaignStatus = Literal["suspended", "archive", "sent", "queued", "draft", "inProcess"]
SmsEventType = Literal[
    "bounces",
    "hardBounces",
    "softBounces",
    "delivered",
    "sent",
    "accepted",
    "unsubscription",
    "replies",
    "blocked",
    "rejected",
    "skipped",
]


class SmsRoutes(Routes):
    def get_sms_campaigns(
        self,
        *,
        status: SmsCampaignStatus | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Call[ApiSmsCampaign]:
        """SMS campaigns in order of creation; `start` and `end` as for email campaigns."""
        check_sending_times(start, end, status, "SMS campaigns")
        params = {"status": status, "startDate": start, "endDate": end}
        return self._listing("/smsCampaigns", ApiSmsCampaign, "campaigns", limit=1000, params=params)

    def get_sms_events(
        self,
        first_day: date | None = None,
        last_day: date | None = None,
        *,
        event: SmsEventType | None = None,
        phone_number: str | None = None,
    ) -> Call[ApiSmsEvent]:
        """Events of transactional SMS, oldest first, from `first_day` to `last_day`, both included or neither
        given. Whose days is not documented. A page holds 100 events, and the quota is 100 requests an hour.
        """
        check_days(first_day, last_day, "SMS events")
        params = {
            "startDate": first_day,
            "endDate": last_day,
            "event": event,
            "phoneNumber": phone_number,
        }
        return self._uncounted(
            "/transactionalSMS/statistics/events", ApiSmsEvent, "events", limit=100, params=params
        )
