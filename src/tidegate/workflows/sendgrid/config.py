"""The SendGrid tables and how rows get in."""

from __future__ import annotations

from typing import TypeVar

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
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
    CleanUnsubscribe,
)
from tidegate.workflows.sendgrid.stats import CleanCategoryStat, CleanSingleSendStat, CleanStat

W = TypeVar("W", bound=WriteContract)

# No version: a campaign has no date, so the row fetched later wins.
CAMPAIGNS = Table("sendgrid_campaigns", CleanCampaign, key=("campaign_id",), write="merge")

SINGLE_SENDS = Table(
    "sendgrid_single_sends", CleanSingleSend, key=("single_send_id",), version="updated_at", write="merge"
)

# No version: counts rise without a date of their own.
SINGLE_SEND_STATS = Table(
    "sendgrid_single_send_stats",
    CleanSingleSendStat,
    key=("single_send_id", "ab_variation", "ab_phase", "aggregation"),
    write="merge",
)

# Counts of a day change for some days, and a category may vanish from it: windows are replaced whole.
STATS = Table("sendgrid_stats", CleanStat, partition_by="day", write="replace_windows")

CATEGORY_STATS = Table(
    "sendgrid_category_stats",
    CleanCategoryStat,
    partition_by="day",
    cluster_by=("category",),
    write="replace_windows",
)

LISTS = Table("sendgrid_lists", CleanList, key=("list_id",), write="merge", delete_vanished=True)

TEMPLATES = Table(
    "sendgrid_templates", CleanTemplate, key=("template_id",), version="updated_at", write="merge"
)


def _suppressed(name: str, model: type[W]) -> Table[W]:
    """Addresses come on a list at a moment that does not change; full refreshes tell which went off it."""
    return Table(
        name,
        model,
        key=("email", "created_at"),
        partition_by="created_at",
        write="merge",
        delete_vanished=True,
        partition_immutable=True,
    )


BOUNCES = _suppressed("sendgrid_bounces", CleanBounce)
BLOCKS = _suppressed("sendgrid_blocks", CleanBlock)
INVALID_EMAILS = _suppressed("sendgrid_invalid_emails", CleanInvalidEmail)
SPAM_REPORTS = _suppressed("sendgrid_spam_reports", CleanSpamReport)
UNSUBSCRIBES = _suppressed("sendgrid_unsubscribes", CleanUnsubscribe)

# One row a message, not one a window: the time of its last event moves, and takes it from window to window.
MESSAGES = Table(
    "sendgrid_messages",
    CleanMessage,
    key=("message_id",),
    version="last_event_at",
    partition_by="last_event_at",
    write="merge",
)

# Every export holds all contacts, so that each run tells which are gone.
CONTACTS = Table(
    "sendgrid_contacts",
    CleanContact,
    key=("contact_id",),
    version="updated_at",
    write="merge",
    delete_vanished=True,
)
