"""The plain way: fetch, check, transform and load in a few lines, without tasks or engine."""

from __future__ import annotations

from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.schemas import ApiCampaign
from tidegate.destinations.base import Landed
from tidegate.engine.load import load
from tidegate.workflows.brevo.config import CAMPAIGNS
from tidegate.workflows.brevo.transform import to_clean_campaign


def load_campaigns(brevo: BrevoConnector, to: str) -> Landed:
    """All campaigns of the account into `brevo_campaigns` at `to`."""
    rows = [ApiCampaign(**item) for item in brevo.get_email_campaigns().json()]
    return load([to_clean_campaign(row) for row in rows], into=CAMPAIGNS, to=to)
