"""What the warehouse holds of SendGrid's statistics: the write contracts of counts."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from tidegate.contracts.base import WriteContract

# Of two bases the fields of the second come first: what tells a row stands before its counts.


class CleanCounts(WriteContract):
    """What SendGrid counts of every kind of email."""

    requests: int = Field(description="Emails that were asked to be sent")
    delivered: int = Field(description="Emails that the recipients' servers took")
    bounces: int = Field(description="Emails that the recipients' servers refused for good")
    bounce_drops: int = Field(description="Emails not sent, since the address had bounced before")
    invalid_emails: int = Field(description="Emails not sent, since the address is none")
    spam_reports: int = Field(description="Emails that recipients reported as spam")
    spam_report_drops: int = Field(description="Emails not sent, since the recipient had reported one before")
    unsubscribes: int = Field(description="Recipients who unsubscribed")
    opens: int = Field(description="Openings, repeated ones included")
    unique_opens: int = Field(description="Openings, one for each recipient")
    clicks: int = Field(description="Clicks, repeated ones included")
    unique_clicks: int = Field(description="Clicks, one for each recipient")


class CleanMetrics(CleanCounts):
    """What it counts of a day beside."""

    processed: int = Field(description="Emails that SendGrid took to be sent")
    deferred: int = Field(description="Attempts that the recipients' servers put off")
    blocks: int = Field(description="Emails that the recipients' servers refused for now")
    unsubscribe_drops: int = Field(description="Emails not sent, since the recipient had unsubscribed")


class OfDay(WriteContract):
    """What tells the counts of a day."""

    day: date = Field(description="Day of the account that the emails were sent on")


class OfCategory(OfDay):
    """What tells the counts of a day and a category."""

    category: str = Field(description="Category of the emails")


class OfSingleSend(WriteContract):
    """What tells the counts of a single send."""

    single_send_id: str = Field(description="SendGrid's id of the single send")
    ab_variation: str = Field(description="Variation of the A/B test; all without one")
    ab_phase: str = Field(description="Phase of the A/B test: test, send, or all")
    aggregation: str = Field(description="Span that the counts are of: total unless asked for otherwise")


class CleanStat(CleanMetrics, OfDay):
    """The counts of one day. They change for some days: events count on the day of their email."""


class CleanCategoryStat(CleanMetrics, OfCategory):
    """The counts of one day and one category. An email may have several, and counts in each."""


class CleanSingleSendStat(CleanCounts, OfSingleSend):
    """The counts of one single send, or of one variation and phase of its A/B test."""
