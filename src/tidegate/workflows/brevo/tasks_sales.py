"""As `tasks.py`, of companies, deals and the shop: all ask for what changed since the last run."""

from __future__ import annotations

from datetime import date, timedelta

from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.schemas_sales import ApiCompany, ApiDeal
from tidegate.connectors.brevo.schemas_shop import ApiCategory, ApiOrder, ApiProduct
from tidegate.contracts.windows import Cursor, Window
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.workflows.brevo import config, transform_sales

START, LOOKBACK = date(2010, 1, 1), timedelta(hours=1)


@task(
    transform=transform_sales.to_clean_company,
    into=config.COMPANIES,
    cursor=Cursor("last_updated_at", start=START, lookback=LOOKBACK),
)
def companies(brevo: BrevoConnector, window: Window) -> Call[ApiCompany]:
    """Companies that were changed since the last run."""
    return brevo.get_companies(modified_since=window.start)


@task(
    transform=transform_sales.to_clean_deal,
    into=config.DEALS,
    cursor=Cursor("last_updated_date", start=START, lookback=LOOKBACK),
)
def deals(brevo: BrevoConnector, window: Window) -> Call[ApiDeal]:
    """Deals that were changed since the last run."""
    return brevo.get_deals(modified_since=window.start)


# The time of an order's last change is the shop's word, and the shop may tell Brevo a day later.
@task(
    transform=transform_sales.to_clean_order,
    into=config.ORDERS,
    cursor=Cursor("updated_at", start=START, lookback=timedelta(days=1)),
)
def orders(brevo: BrevoConnector, window: Window) -> Call[ApiOrder]:
    """Orders that were changed since the last run."""
    return brevo.get_orders(modified_since=window.start)


@task(
    transform=transform_sales.to_clean_product,
    into=config.PRODUCTS,
    cursor=Cursor("modified_at", start=START, lookback=LOOKBACK),
)
def products(brevo: BrevoConnector, window: Window) -> Call[ApiProduct]:
    """Products that were changed since the last run."""
    return brevo.get_products(modified_since=window.start)


@task(
    transform=transform_sales.to_clean_category,
    into=config.CATEGORIES,
    cursor=Cursor("modified_at", start=START, lookback=LOOKBACK),
)
def categories(brevo: BrevoConnector, window: Window) -> Call[ApiCategory]:
    """Categories of products that were changed since the last run."""
    return brevo.get_categories(modified_since=window.start)
