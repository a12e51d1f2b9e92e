"""What Brevo's four tables ask for, and how their rows are made."""

from __future__ import annotations

from datetime import date, timedelta

from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.workflows.brevo.config import CAMPAIGNS, CONTACTS, EVENTS, TEMPLATES
from tidegate.workflows.brevo.transform import (
    to_clean_campaign,
    to_clean_contact,
    to_clean_event,
    to_clean_template,
)


@task(transform=to_clean_campaign, into=CAMPAIGNS)
def campaigns(brevo: BrevoConnector) -> Call[ApiCampaign]:
    """All email campaigns with their global statistics, which change long after the sending."""
    return brevo.get_email_campaigns()


@task(transform=to_clean_template, into=TEMPLATES)
def templates(brevo: BrevoConnector) -> Call[ApiTemplate]:
    """All transactional templates."""
    return brevo.get_smtp_templates()


# Events arrive late and carry no id, so days are replaced whole and the last three are asked for again.
@task(
    transform=to_clean_event,
    into=EVENTS,
    windows=Windows(days=1, refetch=3, start=timedelta(days=30)),
)
def events(brevo: BrevoConnector, window: Window) -> Call[ApiEvent]:
    """Transactional email events, by the account's own days."""
    return brevo.get_email_event_report(window.first_day, window.last_day)


# A contact that is changed while the API answers may show up a little later: hence the look-back.
@task(
    transform=to_clean_contact,
    into=CONTACTS,
    cursor=Cursor("modified_at", start=date(2010, 1, 1), lookback=timedelta(hours=1)),
)
def contacts(brevo: BrevoConnector, window: Window) -> Call[ApiContact]:
    """Contacts that were changed since the last run."""
    return brevo.get_contacts(modified_since=window.start)
