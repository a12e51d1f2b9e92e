"""From what Brevo sends to what the warehouse holds. Pure functions, one row in and one row out."""

from __future__ import annotations

from datetime import UTC

from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiGlobalStats, ApiTemplate
from tidegate.workflows.brevo.schemas import CleanCampaign, CleanContact, CleanEvent, CleanTemplate

_NO_STATS = ApiGlobalStats()


def to_clean_campaign(campaign: ApiCampaign) -> CleanCampaign:
    stats = campaign.statistics.global_stats or _NO_STATS
    return CleanCampaign(
        campaign_id=campaign.id,
        name=campaign.name,
        type=campaign.type.lower(),  # Brevo sends "classic" and "Classic"
        status=campaign.status,
        subject=campaign.subject,
        subject_a=campaign.subject_a,
        subject_b=campaign.subject_b,
        tag=campaign.tag,
        sender_id=campaign.sender.id,
        sender_name=campaign.sender.name,
        sender_email=campaign.sender.email,
        list_ids=campaign.recipients.lists,
        excluded_list_ids=campaign.recipients.exclusion_lists,
        created_at=campaign.created_at,
        modified_at=campaign.modified_at,
        scheduled_at=campaign.scheduled_at,
        sent_at=campaign.sent_date,
        sent=stats.sent,
        delivered=stats.delivered,
        deferred=stats.deferred,
        soft_bounces=stats.soft_bounces,
        hard_bounces=stats.hard_bounces,
        opens=stats.viewed,
        unique_opens=stats.unique_views,
        trackable_opens=stats.trackable_views,
        estimated_opens=stats.estimated_views,
        apple_mpp_opens=stats.apple_mpp_opens,
        clicks=stats.clickers,  # "Number of total clicks", whatever its name says
        unique_clicks=stats.unique_clicks,
        unsubscriptions=stats.unsubscriptions,
        complaints=stats.complaints,
    )


def to_clean_template(template: ApiTemplate) -> CleanTemplate:
    return CleanTemplate(
        template_id=template.id,
        name=template.name,
        subject=template.subject,
        is_active=template.is_active,
        tag=template.tag,
        sender_id=template.sender.id,
        sender_name=template.sender.name,
        sender_email=template.sender.email,
        created_at=template.created_at,
        modified_at=template.modified_at,
    )


def to_clean_event(event: ApiEvent) -> CleanEvent:
    return CleanEvent(
        message_id=event.message_id,
        event_type=event.event,
        email=event.email,
        email_domain=event.email.rpartition("@")[2].lower() if "@" in event.email else None,
        occurred_at=event.date,
        occurred_on=event.date.astimezone(UTC).date(),
        subject=event.subject,
        reason=event.reason,
        tag=event.tag,
        ip=event.ip,
        link=event.link,
        sender=event.from_,
        template_id=event.template_id,
    )


def to_clean_contact(contact: ApiContact) -> CleanContact:
    return CleanContact(
        contact_id=contact.id,
        email=contact.email,
        is_email_blacklisted=contact.email_blacklisted,
        is_sms_blacklisted=contact.sms_blacklisted,
        list_ids=contact.list_ids,
        unsubscribed_list_ids=contact.list_unsubscribed or [],
        attributes=contact.attributes,
        created_at=contact.created_at,
        modified_at=contact.modified_at,
    )
