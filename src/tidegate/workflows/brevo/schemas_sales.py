"""What the warehouse holds of Brevo's companies, deals and shop: the write contracts. See `schemas.py`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal

# Brevo says nothing of currencies and decimals: rounded to the nine that every warehouse holds.
Amount = Annotated[Decimal, Field(max_digits=38, decimal_places=9)]


class CleanCompany(WriteContract):
    """One company. Companies deleted at Brevo stay."""

    company_id: str = Field(description="Brevo's id of the company")
    name: str | None = Field(description="Name of the company")
    domain: str | None = Field(description="Domain of its web site")
    owner: str | None = Field(description="Brevo's id of the user in charge of it")
    revenue: Amount | None = Field(description="Revenue, in the account's currency")
    contact_ids: list[int] = Field(description="Ids of the contacts linked to it")
    deal_ids: list[str] = Field(description="Ids of the deals linked to it")
    attributes: Annotated[dict[str, Any], Personal()] = Field(
        description="All attributes of the company, the account's own ones too"
    )
    created_at: AwareDatetime = Field(description="When the company was created")
    modified_at: AwareDatetime = Field(description="When the company was last modified")


class CleanDeal(WriteContract):
    """One deal. Deals deleted at Brevo stay."""

    deal_id: str = Field(description="Brevo's id of the deal")
    name: str | None = Field(description="Name of the deal")
    owner: str | None = Field(description="Brevo's id of the user in charge of it")
    pipeline_id: str | None = Field(description="Brevo's id of the pipeline that it is in")
    stage_id: str | None = Field(description="Brevo's id of the stage of the pipeline that it is in")
    amount: Amount | None = Field(description="Value of the deal, in the account's currency")
    contact_ids: list[int] = Field(description="Ids of the contacts linked to it")
    company_ids: list[str] = Field(description="Ids of the companies linked to it")
    attributes: Annotated[dict[str, Any], Personal()] = Field(
        description="All attributes of the deal, the account's own ones too"
    )
    created_at: AwareDatetime = Field(description="When the deal was created")
    stage_updated_at: AwareDatetime | None = Field(description="When it came into its stage")
    last_activity_at: AwareDatetime | None = Field(description="When somebody last did something about it")
    modified_at: AwareDatetime = Field(description="When the deal was last modified")


class OrderLine(BaseModel):
    """One product of an order."""

    product_id: str = Field(description="The shop's id of the product")
    variant_id: str | None = Field(description="The shop's id of its variant")
    quantity: Amount = Field(description="How many were ordered")
    price: Amount = Field(description="Price of one, in the order's currency")


class CleanOrder(WriteContract):
    """One order of the shop, as it stands: its status changes."""

    order_id: str = Field(description="The shop's id of the order")
    status: str = Field(description="State of the order in the shop's own words")
    amount: Amount = Field(description="All that it costs, shipping and taxes included")
    lines: list[OrderLine] = Field(description="The products ordered")
    coupons: list[str] = Field(description="Coupons that were applied to it")
    contact_id: int | None = Field(description="Brevo's id of the contact who ordered")
    email: Annotated[str | None, Personal()] = Field(description="Address of the contact who ordered")
    store_id: str | None = Field(description="Store where the order was placed")
    billing_country_code: str | None = Field(description="Country of the bill, two letters")
    billing_country: str | None = Field(description="Name of the country of the bill")
    billing_region: str | None = Field(description="Region of the bill")
    billing_city: Annotated[str | None, Personal()] = Field(description="City of the bill")
    billing_post_code: Annotated[str | None, Personal()] = Field(description="Post code of the bill")
    payment_method: str | None = Field(description="How it was paid")
    created_at: AwareDatetime = Field(description="When the order was made")
    updated_at: AwareDatetime = Field(description="When its status last changed, as the shop says")


class CleanProduct(WriteContract):
    """One product of the shop. Deleted ones stay, and say so."""

    product_id: str = Field(description="The shop's id of the product")
    parent_id: str | None = Field(description="The product that this one is a variant of")
    name: str = Field(description="Name of the product")
    sku: str | None = Field(description="The shop's number of the article")
    price: Amount | None = Field(description="Price of one")
    stock: Amount | None = Field(description="How many there are")
    category_ids: list[str] = Field(description="Ids of the categories that it is in")
    url: str | None = Field(description="Its page in the shop")
    meta: dict[str, Any] | None = Field(description="What the shop says beside: brand, description, ...")
    is_deleted: bool = Field(description="Whether the shop has deleted it")
    created_at: AwareDatetime = Field(description="When the product was created")
    modified_at: AwareDatetime = Field(description="When the product was last modified")


class CleanCategory(WriteContract):
    """One category of products. Deleted ones stay, and say so."""

    category_id: str = Field(description="The shop's id of the category")
    name: str = Field(description="Name of the category")
    url: str | None = Field(description="Its page in the shop")
    is_deleted: bool = Field(description="Whether the shop has deleted it")
    created_at: AwareDatetime = Field(description="When the category was created")
    modified_at: AwareDatetime = Field(description="When the category was last modified")
