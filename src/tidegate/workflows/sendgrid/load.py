"""The plain way: fetch, check, transform and load in a few lines, without tasks or engine."""

from __future__ import annotations

from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.schemas import ApiCampaign
from tidegate.destinations.base import Landed
from tidegate.engine.load import load
from tidegate.workflows.sendgrid.config import CAMPAIGNS
from tidegate.workflows.sendgrid.transform import to_clean_campaign


def load_campaigns(sendgrid: SendGridConnector, to: str) -> Landed:
    """All legacy campaigns of the account into `sendgrid_campaigns` at `to`."""
    rows = [ApiCampaign(**item) for item in sendgrid.get_campaigns().json()]
    return load([to_clean_campaign(row) for row in rows], into=CAMPAIGNS, to=to)
