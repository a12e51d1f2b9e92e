"""From what Brevo sends to what the warehouse holds, field by field."""

from __future__ import annotations

from tidegate.connectors.brevo.schemas import (
    ApiBlockedContact,
    ApiCampaign,
    ApiContact,
    ApiEmailReport,
    ApiEvent,
    ApiFolder,
    ApiList,
    ApiSegment,
    ApiSenderIdentity,
    ApiTemplate,
)
from tidegate.connectors.brevo.schemas_sms import ApiSmsCampaign, ApiSmsEvent
from tidegate.contracts.map import Apply, Day, Default, Map
from tidegate.workflows.brevo.schemas import (
    CleanBlockedContact,
    CleanCampaign,
    CleanContact,
    CleanEmailReport,
    CleanEvent,
    CleanFolder,
    CleanList,
    CleanSegment,
    CleanSender,
    CleanSmsCampaign,
    CleanSmsEvent,
    CleanTemplate,
)


def domain(email: str) -> str | None:
    return email.rpartition("@")[2].lower() if "@" in email else None


to_clean_campaign = Map(
    ApiCampaign,
    CleanCampaign,
    campaign_id="id",
    type=Apply(str.lower, "type"),  # Brevo sends "classic" and "Classic"
    sender_id="sender.id",
    sender_name="sender.name",
    sender_email="sender.email",
    list_ids="recipients.lists",
    excluded_list_ids="recipients.exclusion_lists",
    sent_at="sent_date",
    sent="statistics.global_stats.sent",
    delivered="statistics.global_stats.delivered",
    deferred="statistics.global_stats.deferred",
    soft_bounces="statistics.global_stats.soft_bounces",
    hard_bounces="statistics.global_stats.hard_bounces",
    opens="statistics.global_stats.viewed",
    unique_opens="statistics.global_stats.unique_views",
    trackable_opens="statistics.global_stats.trackable_views",
    estimated_opens="statistics.global_stats.estimated_views",
    apple_mpp_opens="statistics.global_stats.apple_mpp_opens",
    clicks="statistics.global_stats.clickers",  # "Number of total clicks", whatever its name says
    unique_clicks="statistics.global_stats.unique_clicks",
    unsubscriptions="statistics.global_stats.unsubscriptions",
    complaints="statistics.global_stats.complaints",
)

to_clean_template = Map(
    ApiTemplate,
    CleanTemplate,
    template_id="id",
    sender_id="sender.id",
    sender_name="sender.name",
    sender_email="sender.email",
)

to_clean_event = Map(
    ApiEvent,
    CleanEvent,
    event_type="event",
    email_domain=Apply(domain, "email"),
    occurred_at="date",
    occurred_on=Day("date"),
    sender="from_",
)

to_clean_contact = Map(
    ApiContact,
    CleanContact,
    contact_id="id",
    is_email_blacklisted="email_blacklisted",
    is_sms_blacklisted="sms_blacklisted",
    unsubscribed_list_ids=Default("list_unsubscribed", []),
)

to_clean_sender = Map(ApiSenderIdentity, CleanSender, sender_id="id", is_active="active")

to_clean_report = Map(ApiEmailReport, CleanEmailReport, day="date")

to_clean_blocked_contact = Map(
    ApiBlockedContact, CleanBlockedContact, reason_code="reason.code", reason="reason.message"
)

to_clean_folder = Map(ApiFolder, CleanFolder, folder_id="id")

to_clean_list = Map(ApiList, CleanList, list_id="id")

to_clean_segment = Map(
    ApiSegment, CleanSegment, segment_id="id", name="segment_name", category="category_name"
)

to_clean_sms_campaign = Map(
    ApiSmsCampaign,
    CleanSmsCampaign,
    campaign_id="id",
    list_ids="recipients.lists",
    excluded_list_ids="recipients.exclusion_lists",
    sent_at="sent_date",
    sent="statistics.sent",
    delivered="statistics.delivered",
    processing="statistics.processing",
    answered="statistics.answered",
    soft_bounces="statistics.soft_bounces",
    hard_bounces="statistics.hard_bounces",
    unsubscriptions="statistics.unsubscriptions",
)

to_clean_sms_event = Map(
    ApiSmsEvent, CleanSmsEvent, event_type="event", occurred_at="date", occurred_on=Day("date")
)
