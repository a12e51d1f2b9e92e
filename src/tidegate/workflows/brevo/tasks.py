"""What Brevo's tables ask for, and how their rows are made."""

from __future__ import annotations

from datetime import date, timedelta

from tidegate.connectors.brevo.client import BrevoConnector
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
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.workflows.brevo import config, transform


@task(transform=transform.to_clean_campaign, into=config.CAMPAIGNS)
def campaigns(brevo: BrevoConnector) -> Call[ApiCampaign]:
    """All email campaigns with their global statistics, which change long after the sending."""
    return brevo.get_email_campaigns()


@task(transform=transform.to_clean_template, into=config.TEMPLATES)
def templates(brevo: BrevoConnector) -> Call[ApiTemplate]:
    """All transactional templates."""
    return brevo.get_smtp_templates()


# Events arrive late and carry no id, so days are replaced whole and the last three are asked for again.
@task(
    transform=transform.to_clean_event,
    into=config.EVENTS,
    windows=Windows(days=1, refetch=3, start=timedelta(days=30)),
)
def events(brevo: BrevoConnector, window: Window) -> Call[ApiEvent]:
    """Transactional email events, by the account's own days."""
    return brevo.get_email_event_report(window.first_day, window.last_day)


# A contact that is changed while the API answers may show up a little later: hence the look-back.
@task(
    transform=transform.to_clean_contact,
    into=config.CONTACTS,
    cursor=Cursor("modified_at", start=date(2010, 1, 1), lookback=timedelta(hours=1)),
)
def contacts(brevo: BrevoConnector, window: Window) -> Call[ApiContact]:
    """Contacts that were changed since the last run."""
    return brevo.get_contacts(modified_since=window.start)


@task(transform=transform.to_clean_sender, into=config.SENDERS)
def senders(brevo: BrevoConnector) -> Call[ApiSenderIdentity]:
    """All senders of emails."""
    return brevo.get_senders()


# Days, for a longer window would end in the future, which Brevo refuses elsewhere. Openings and clicks of the
# last week still come.
@task(
    transform=transform.to_clean_report,
    into=config.REPORTS,
    windows=Windows(days=1, refetch=7, start=timedelta(days=30)),
)
def reports(brevo: BrevoConnector, window: Window) -> Call[ApiEmailReport]:
    """Counts of transactional emails by day."""
    return brevo.get_smtp_report(window.first_day, window.last_day)


@task(transform=transform.to_clean_blocked_contact, into=config.BLOCKED_CONTACTS)
def blocked_contacts(brevo: BrevoConnector) -> Call[ApiBlockedContact]:
    """All who get no transactional emails any more, 98 new ones a request."""
    return brevo.get_transac_blocked_contacts()


@task(transform=transform.to_clean_list, into=config.LISTS)
def lists(brevo: BrevoConnector) -> Call[ApiList]:
    """All lists of contacts with their counts."""
    return brevo.get_lists()


@task(transform=transform.to_clean_folder, into=config.FOLDERS)
def folders(brevo: BrevoConnector) -> Call[ApiFolder]:
    """All folders of lists with their counts."""
    return brevo.get_folders()


@task(transform=transform.to_clean_segment, into=config.SEGMENTS)
def segments(brevo: BrevoConnector) -> Call[ApiSegment]:
    """All segments of contacts."""
    return brevo.get_segments()


@task(transform=transform.to_clean_sms_campaign, into=config.SMS_CAMPAIGNS)
def sms_campaigns(brevo: BrevoConnector) -> Call[ApiSmsCampaign]:
    """All SMS campaigns with their counts, which change after the sending."""
    return brevo.get_sms_campaigns()


@task(
    transform=transform.to_clean_sms_event,
    into=config.SMS_EVENTS,
    windows=Windows(days=1, refetch=3, start=timedelta(days=30)),
)
def sms_events(brevo: BrevoConnector, window: Window) -> Call[ApiSmsEvent]:
    """Transactional SMS events, by the account's own days; 98 new ones a request."""
    return brevo.get_sms_events(window.first_day, window.last_day)
