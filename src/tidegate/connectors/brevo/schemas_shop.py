"""What Brevo sends of the shop: the read contracts. See `schemas.py`.

The answer with orders is not declared: these keys are those of its example, required where the declaration of
an order that is sent to Brevo requires them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from tidegate.contracts.base import ReadContract
from tidegate.contracts.personal import Personal

# Declared strings, numbers in the examples now and then.
Text = Annotated[str, Field(coerce_numbers_to_str=True)]


class ApiOrderLine(ReadContract):
    product_id: Text = Field(alias="productId")
    variant_id: Text | None = Field(default=None, alias="variantId")
    quantity: Decimal
    price: Decimal


class ApiBilling(ReadContract, left_out=("address", "phone")):
    """Every key may be missing."""

    city: Annotated[str | None, Personal()] = None
    region: str | None = None
    post_code: Annotated[Text | None, Personal()] = Field(default=None, alias="postCode")
    country: str | None = None
    country_code: str | None = Field(default=None, alias="countryCode")
    payment_method: str | None = Field(default=None, alias="paymentMethod")


class ApiOrder(ReadContract, left_out=("identifiers", "metaInfo")):
    """One item of `GET /orders`."""

    id: Text
    status: str
    amount: Decimal
    products: list[ApiOrderLine]
    contact_id: int | None = None
    email: Annotated[str | None, Personal()] = None
    coupons: list[str] | None = None
    store_id: Text | None = Field(default=None, alias="storeId")
    billing: ApiBilling | None = None
    created_at: AwareDatetime = Field(alias="createdAt")
    updated_at: AwareDatetime = Field(alias="updatedAt")


class ApiProduct(ReadContract, left_out=("imageUrl", "s3Original", "s3ThumbAnalytics", "s3ThumbEditor")):
    """One item of `GET /products`."""

    id: Text
    name: str
    parent_id: Text | None = Field(default=None, alias="parentId")
    sku: Text | None = None
    price: Decimal | None = None
    stock: Decimal | None = None
    categories: list[Text] | None = None
    url: str | None = None
    meta_info: dict[str, Any] | None = Field(default=None, alias="metaInfo")
    is_deleted: bool | None = Field(default=None, alias="isDeleted")
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")


class ApiCategory(ReadContract):
    """One item of `GET /categories`."""

    id: Text
    name: str
    url: str | None = None
    is_deleted: bool = Field(alias="isDeleted")
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")
