"""What SendGrid sends of statistics: the read contracts of counts, by day, category and single send."""

from __future__ import annotations

from datetime import date

from tidegate.contracts.base import ReadContract


class ApiMetrics(ReadContract):
    """Of one day, or of one day and category. Every count is there, if only as 0."""

    requests: int
    processed: int
    delivered: int
    deferred: int
    blocks: int
    bounces: int
    bounce_drops: int
    invalid_emails: int
    spam_reports: int
    spam_report_drops: int
    unsubscribes: int
    unsubscribe_drops: int
    opens: int
    unique_opens: int
    clicks: int
    unique_clicks: int


class ApiTotal(ReadContract, left_out=("type", "name")):
    metrics: ApiMetrics


class ApiStat(ReadContract):
    """One item of `GET /v3/stats`: a day, whose list has one item."""

    date: date
    stats: list[ApiTotal]


class ApiCategoryTotal(ReadContract, left_out=("type",)):
    name: str
    metrics: ApiMetrics


class ApiCategoryStat(ReadContract):
    """One item of `GET /v3/categories/stats`: a day, with an item for each category that was asked for."""

    date: date
    stats: list[ApiCategoryTotal]


class ApiSingleSendCounts(ReadContract):
    requests: int
    delivered: int
    bounces: int
    bounce_drops: int
    invalid_emails: int
    spam_reports: int
    spam_report_drops: int
    unsubscribes: int
    opens: int
    unique_opens: int
    clicks: int
    unique_clicks: int


class ApiSingleSendStat(ReadContract):
    """One item of `GET /v3/marketing/stats/singlesends`: several for a single send with an A/B test."""

    id: str
    ab_variation: str
    ab_phase: str
    aggregation: str | None = None
    stats: ApiSingleSendCounts
