"""What SendGrid's tables ask for, and how their rows are made."""

from __future__ import annotations

from datetime import date, timedelta

from tidegate.connectors.sendgrid.client import SendGridConnector
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
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.workflows.sendgrid import config, transform

# Openings and clicks count on the day of their email, so that days change for a while: at least the last four
# weeks are asked for again, that is the cell of the present, which counts as done, and the one before it.
# Thirteen months are kept of categories.
_STATS = Windows(days=28, refetch=2, start=timedelta(days=364))
# An address may show up on a list a little later than it says.
_LISTED = Cursor("created", start=date(2009, 1, 1), lookback=timedelta(days=1))
_MESSAGES_KEPT = timedelta(days=30)


@task(transform=transform.to_clean_campaign, into=config.CAMPAIGNS)
def campaigns(sendgrid: SendGridConnector) -> Call[ApiCampaign]:
    """All campaigns of the legacy Marketing Campaigns."""
    return sendgrid.get_campaigns()


@task(transform=transform.to_clean_single_send, into=config.SINGLE_SENDS)
def single_sends(sendgrid: SendGridConnector) -> Call[ApiSingleSend]:
    """All single sends."""
    return sendgrid.get_single_sends()


@task(transform=transform.to_clean_single_send_stat, into=config.SINGLE_SEND_STATS)
def single_send_stats(sendgrid: SendGridConnector) -> Call[ApiSingleSendStat]:
    """Counts of all single sends, which change long after the sending."""
    return sendgrid.get_single_send_stats()


@task(transform=transform.to_clean_stats, into=config.STATS, windows=_STATS)
def stats(sendgrid: SendGridConnector, window: Window) -> Call[ApiStat]:
    """Counts of all emails, by day."""
    return sendgrid.get_stats(window.first_day, window.last_day)


@task(transform=transform.to_clean_category_stats, into=config.CATEGORY_STATS, windows=_STATS)
def category_stats(sendgrid: SendGridConnector, window: Window) -> Call[ApiCategoryStat]:
    """Counts of the emails of each category, by day."""
    return sendgrid.get_category_stats(window.first_day, window.last_day)


@task(transform=transform.to_clean_bounce, into=config.BOUNCES, cursor=_LISTED)
def bounces(sendgrid: SendGridConnector, window: Window) -> Call[ApiBounce]:
    """Addresses that bounced since the last run; all of them, and none else, with --full-refresh."""
    return sendgrid.get_bounces(window.start, window.end)


@task(transform=transform.to_clean_block, into=config.BLOCKS, cursor=_LISTED)
def blocks(sendgrid: SendGridConnector, window: Window) -> Call[ApiBounce]:
    """Addresses that were blocked since the last run; all of them, and none else, with --full-refresh."""
    return sendgrid.get_blocks(window.start, window.end)


@task(transform=transform.to_clean_invalid_email, into=config.INVALID_EMAILS, cursor=_LISTED)
def invalid_emails(sendgrid: SendGridConnector, window: Window) -> Call[ApiInvalidEmail]:
    """Addresses found invalid since the last run; all of them, and none else, with --full-refresh."""
    return sendgrid.get_invalid_emails(window.start, window.end)


@task(transform=transform.to_clean_spam_report, into=config.SPAM_REPORTS, cursor=_LISTED)
def spam_reports(sendgrid: SendGridConnector, window: Window) -> Call[ApiSpamReport]:
    """Reports of spam since the last run; all of them, and none else, with --full-refresh."""
    return sendgrid.get_spam_reports(window.start, window.end)


@task(transform=transform.to_clean_unsubscribe, into=config.UNSUBSCRIBES, cursor=_LISTED)
def unsubscribes(sendgrid: SendGridConnector, window: Window) -> Call[ApiUnsubscribe]:
    """Who unsubscribed since the last run; all of them, and none else, with --full-refresh."""
    return sendgrid.get_unsubscribes(window.start, window.end)


@task(transform=transform.to_clean_list, into=config.LISTS)
def lists(sendgrid: SendGridConnector) -> Call[ApiList]:
    """All contact lists."""
    return sendgrid.get_lists()


@task(transform=transform.to_clean_template, into=config.TEMPLATES)
def templates(sendgrid: SendGridConnector) -> Call[ApiTemplate]:
    """All transactional templates with their versions."""
    return sendgrid.get_templates()


# Events reach the feed late: an hour is asked for again.
@task(
    transform=transform.to_clean_message,
    into=config.MESSAGES,
    cursor=Cursor("last_event_time", start=date(2024, 1, 1), lookback=timedelta(hours=1)),
)
def messages(sendgrid: SendGridConnector, window: Window) -> Call[ApiMessage]:
    """Messages to which something happened since the last run, in the thirty days that SendGrid keeps."""
    return sendgrid.get_messages(max(window.start, window.end - _MESSAGES_KEPT), window.end)


@task(transform=transform.to_clean_contact, into=config.CONTACTS)
def contacts(sendgrid: SendGridConnector) -> Call[ApiContact]:
    """All contacts, by an export."""
    return sendgrid.get_contacts()
