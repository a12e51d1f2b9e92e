"""Questions that are asked of Brevo's tables again and again, as views."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal
from tidegate.contracts.view import View
from tidegate.workflows.brevo.config import EVENTS


class EventsDaily(WriteContract):
    """Transactional emails by day, template, tag and recipient.

    Emails are counted once a day, however often Brevo tells of them: over several days they add up to more
    than there are emails.
    """

    day: date = Field(description="UTC date on which the events happened, not that of the sending")
    template_id: int | None = Field(description="Template that the emails were made from; null for none")
    tag: str | None = Field(description="Tag of the emails; null for none")
    email: Annotated[str, Personal()] = Field(description="Address of the recipient")
    requested: int = Field(description="Emails that Brevo was asked to send")
    delivered: int = Field(description="Emails that arrived at the recipient's mail server")
    opens: int = Field(description="Openings, repeated ones included, those by mail proxies excluded")
    unique_opens: int = Field(description="Emails that were opened, those by mail proxies excluded")
    proxy_opens: int = Field(
        description="Emails that a mail proxy loaded, as Apple's does whether anybody reads them or not"
    )
    clicks: int = Field(description="Clicks on links, repeated ones included")
    unique_clicks: int = Field(description="Emails in which a link was clicked")
    unsubscribed: int = Field(description="Emails by which the recipient unsubscribed")


# Brevo sends now and then the very same event twice, which counts twice where repeated ones are included: it
# cannot be told from two that happened in the same millisecond.
EVENTS_DAILY = View(
    "brevo_events_daily",
    EventsDaily,
    over=(EVENTS,),
    sql="""
        SELECT
            occurred_on AS day,
            template_id,
            tag,
            email,
            count(DISTINCT CASE WHEN event_type = 'requests' THEN message_id END) AS requested,
            count(DISTINCT CASE WHEN event_type = 'delivered' THEN message_id END) AS delivered,
            count(CASE WHEN event_type = 'opened' THEN message_id END) AS opens,
            count(DISTINCT CASE WHEN event_type = 'opened' THEN message_id END) AS unique_opens,
            count(DISTINCT CASE WHEN event_type = 'loadedByProxy' THEN message_id END) AS proxy_opens,
            count(CASE WHEN event_type = 'clicks' THEN message_id END) AS clicks,
            count(DISTINCT CASE WHEN event_type = 'clicks' THEN message_id END) AS unique_clicks,
            count(DISTINCT CASE WHEN event_type = 'unsubscribed' THEN message_id END) AS unsubscribed
        FROM {brevo_events}
        GROUP BY occurred_on, template_id, tag, email
    """,
)
