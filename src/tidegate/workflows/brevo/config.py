"""Brevo's tables and how rows get in.

Things that rows of other tables name by their id stay when Brevo deletes them: a report on last year's
campaigns still finds its lists. Where a count changes without the time of the last change, there is no
version: the row fetched later wins.
"""

from __future__ import annotations

from tidegate.contracts.table import Table
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
from tidegate.workflows.brevo.schemas_sales import (
    CleanCategory,
    CleanCompany,
    CleanDeal,
    CleanOrder,
    CleanProduct,
)

CAMPAIGNS = Table("brevo_campaigns", CleanCampaign, key=("campaign_id",), write="merge")

SENDERS = Table("brevo_senders", CleanSender, key=("sender_id",), write="merge")

TEMPLATES = Table(
    "brevo_templates", CleanTemplate, key=("template_id",), version="modified_at", write="merge"
)

# Events have no id to merge by, and equal ones are two events: a window is replaced whole.
EVENTS = Table("brevo_events", CleanEvent, partition_by="occurred_at", write="replace_windows")

# Brevo counts for some days on: a window is replaced whole.
REPORTS = Table("brevo_reports", CleanEmailReport, write="replace_windows")

# No id either, and of a contact who is unblocked nothing comes any more: the list is replaced whole.
BLOCKED_CONTACTS = Table("brevo_blocked_contacts", CleanBlockedContact, write="replace")

CONTACTS = Table("brevo_contacts", CleanContact, key=("contact_id",), version="modified_at", write="merge")

LISTS = Table("brevo_lists", CleanList, key=("list_id",), write="merge")

FOLDERS = Table("brevo_folders", CleanFolder, key=("folder_id",), write="merge")

SEGMENTS = Table("brevo_segments", CleanSegment, key=("segment_id",), write="merge", delete_vanished=True)

SMS_CAMPAIGNS = Table("brevo_sms_campaigns", CleanSmsCampaign, key=("campaign_id",), write="merge")

SMS_EVENTS = Table("brevo_sms_events", CleanSmsEvent, partition_by="occurred_at", write="replace_windows")

COMPANIES = Table("brevo_companies", CleanCompany, key=("company_id",), version="modified_at", write="merge")

DEALS = Table("brevo_deals", CleanDeal, key=("deal_id",), version="modified_at", write="merge")

ORDERS = Table("brevo_orders", CleanOrder, key=("order_id",), version="updated_at", write="merge")

PRODUCTS = Table("brevo_products", CleanProduct, key=("product_id",), version="modified_at", write="merge")

CATEGORIES = Table(
    "brevo_categories", CleanCategory, key=("category_id",), version="modified_at", write="merge"
)
