"""The four Brevo tables and how rows get in."""

from __future__ import annotations

from tidegate.contracts.table import Table
from tidegate.workflows.brevo.schemas import CleanCampaign, CleanContact, CleanEvent, CleanTemplate

# No version: the counts of a campaign change without its modified_at, so the row fetched later wins.
CAMPAIGNS = Table("brevo_campaigns", CleanCampaign, key=("campaign_id",), write="merge")

TEMPLATES = Table(
    "brevo_templates", CleanTemplate, key=("template_id",), version="modified_at", write="merge"
)

# Events have no id to merge by, and equal ones are two events: a window is replaced whole.
EVENTS = Table("brevo_events", CleanEvent, partition_by="occurred_at", write="replace_windows")

CONTACTS = Table("brevo_contacts", CleanContact, key=("contact_id",), version="modified_at", write="merge")
