"""As `transform.py`, of companies, deals and the shop."""

from __future__ import annotations

from decimal import Decimal

from tidegate.connectors.brevo.schemas_sales import ApiCompany, ApiDeal
from tidegate.connectors.brevo.schemas_shop import ApiCategory, ApiOrder, ApiOrderLine, ApiProduct
from tidegate.contracts.map import Apply, Default, Map, Required
from tidegate.workflows.brevo.schemas_sales import (
    CleanCategory,
    CleanCompany,
    CleanDeal,
    CleanOrder,
    CleanProduct,
    OrderLine,
)


def amount(value: Decimal | float) -> Decimal:
    """To nine decimals: a price that was divided by three has more than any warehouse holds."""
    return round(Decimal(str(value)), 9)


def lines(products: list[ApiOrderLine]) -> list[OrderLine]:
    return [
        OrderLine(
            product_id=each.product_id,
            variant_id=each.variant_id,
            quantity=amount(each.quantity),
            price=amount(each.price),
        )
        for each in products
    ]


to_clean_company = Map(
    ApiCompany,
    CleanCompany,
    company_id="id",
    name="attributes.name",
    domain="attributes.domain",
    owner="attributes.owner",
    revenue=Apply(amount, "attributes.revenue"),
    contact_ids=Default("linked_contacts_ids", []),
    deal_ids=Default("linked_deals_ids", []),
    created_at=Required("attributes.created_at"),
    modified_at="last_updated_at",
)

to_clean_deal = Map(
    ApiDeal,
    CleanDeal,
    deal_id="id",
    name="attributes.deal_name",
    owner="attributes.deal_owner",
    pipeline_id="attributes.pipeline",
    stage_id="attributes.deal_stage",
    amount=Apply(amount, "attributes.amount"),
    contact_ids=Default("linked_contacts_ids", []),
    company_ids=Default("linked_companies_ids", []),
    created_at=Required("attributes.created_at"),
    stage_updated_at="attributes.stage_updated_at",
    last_activity_at="attributes.last_activity_date",
    modified_at="last_updated_date",
)

to_clean_order = Map(
    ApiOrder,
    CleanOrder,
    order_id="id",
    amount=Apply(amount, "amount"),
    lines=Apply(lines, "products"),
    coupons=Default("coupons", []),
    billing_country_code="billing.country_code",
    billing_country="billing.country",
    billing_region="billing.region",
    billing_city="billing.city",
    billing_post_code="billing.post_code",
    payment_method="billing.payment_method",
)

to_clean_product = Map(
    ApiProduct,
    CleanProduct,
    product_id="id",
    price=Apply(amount, "price"),
    stock=Apply(amount, "stock"),
    category_ids=Default("categories", []),
    meta="meta_info",
    is_deleted=Default("is_deleted", False),
)

to_clean_category = Map(ApiCategory, CleanCategory, category_id="id")
