"""From what SendGrid sends to what the warehouse holds, field by field."""

from __future__ import annotations

from datetime import date

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
    ApiTemplateVersion,
    ApiUnsubscribe,
)
from tidegate.connectors.sendgrid.stats import ApiCategoryStat, ApiSingleSendStat, ApiStat
from tidegate.contracts.map import Apply, Default, Explode, Map
from tidegate.engine.context import Context
from tidegate.workflows.sendgrid.schemas import (
    CleanBlock,
    CleanBounce,
    CleanCampaign,
    CleanContact,
    CleanInvalidEmail,
    CleanList,
    CleanMessage,
    CleanSingleSend,
    CleanSpamReport,
    CleanTemplate,
    CleanTemplateVersion,
    CleanUnsubscribe,
)
from tidegate.workflows.sendgrid.stats import (
    CleanCategoryStat,
    CleanCounts,
    CleanMetrics,
    CleanSingleSendStat,
    CleanStat,
)


def domain(email: str) -> str | None:
    return email.rpartition("@")[2].lower() if "@" in email else None


_DOMAIN = Apply(domain, "email")

to_clean_campaign = Map(
    ApiCampaign,
    CleanCampaign,
    campaign_id="id",
    status=Apply(str.lower, "status"),  # "Draft" here, "draft" of single sends
    list_ids=Default("list_ids", []),
    segment_ids=Default("segment_ids", []),
    categories=Default("categories", []),
)

to_clean_single_send = Map(
    ApiSingleSend,
    CleanSingleSend,
    single_send_id="id",
    abtest_type="abtest.type",
    abtest_winner_criteria="abtest.winner_criteria",
    abtest_percentage="abtest.test_percentage",
    abtest_duration="abtest.duration",
    abtest_winning_template_id="abtest.winning_template_id",
    abtest_winner_selected_at="abtest.winner_selected_at",
    abtest_expiration_date="abtest.expiration_date",
)

to_clean_single_send_stat = Map(
    ApiSingleSendStat,
    CleanSingleSendStat,
    single_send_id="id",
    aggregation=Default("aggregation", "total"),
    **{name: f"stats.{name}" for name in CleanCounts.model_fields},
)

_METRICS = {name: f"stats.metrics.{name}" for name in CleanMetrics.model_fields}

_of_all = Explode(ApiStat, CleanStat, "stats", day="date", **_METRICS)

_of_categories = Explode(
    ApiCategoryStat, CleanCategoryStat, "stats", day="date", category="stats.name", **_METRICS
)


def to_clean_stats(stat: ApiStat, ctx: Context) -> list[CleanStat]:
    """Zeros of days to come, which are asked for with the rest of their cell, are no counts."""
    return [row for row in _of_all(stat) if not _is_to_come(row, row.day, ctx)]


def to_clean_category_stats(stat: ApiCategoryStat, ctx: Context) -> list[CleanCategoryStat]:
    """As `to_clean_stats`."""
    return [row for row in _of_categories(stat) if not _is_to_come(row, row.day, ctx)]


def _is_to_come(counts: CleanMetrics, day: date, ctx: Context) -> bool:
    """A day may have begun for the account that has not for the run: its counts tell."""
    return day > ctx.run_time.date() and not any(getattr(counts, name) for name in CleanMetrics.model_fields)


to_clean_list = Map(ApiList, CleanList, list_id="id")

to_clean_version = Map(ApiTemplateVersion, CleanTemplateVersion, version_id="id", is_active="active")


def versions(found: list[ApiTemplateVersion]) -> list[CleanTemplateVersion]:
    return [to_clean_version(each) for each in found]


to_clean_template = Map(
    ApiTemplate,
    CleanTemplate,
    template_id="id",
    versions=Default(Apply(versions, "versions"), []),
)

to_clean_bounce = Map(ApiBounce, CleanBounce, email_domain=_DOMAIN, created_at="created")

to_clean_block = Map(ApiBounce, CleanBlock, email_domain=_DOMAIN, created_at="created")

to_clean_invalid_email = Map(ApiInvalidEmail, CleanInvalidEmail, email_domain=_DOMAIN, created_at="created")

to_clean_spam_report = Map(ApiSpamReport, CleanSpamReport, email_domain=_DOMAIN, created_at="created")

to_clean_unsubscribe = Map(ApiUnsubscribe, CleanUnsubscribe, email_domain=_DOMAIN, created_at="created")

to_clean_message = Map(
    ApiMessage,
    CleanMessage,
    message_id="msg_id",
    to_domain=Apply(domain, "to_email"),
    opens="opens_count",
    clicks="clicks_count",
    last_event_at="last_event_time",
)

to_clean_contact = Map(
    ApiContact,
    CleanContact,
    email_domain=_DOMAIN,
    alternate_emails=Default("alternate_emails", []),
    custom_fields=Default("custom_fields", {}),
)
