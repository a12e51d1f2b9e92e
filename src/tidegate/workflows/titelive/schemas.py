"""What the warehouse holds of Titelive: the write contract of both tables.

No column has a default: a transform that forgets one does not pass the type checker.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from tidegate.contracts.base import WriteContract

Money = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
Percent = Annotated[Decimal, Field(max_digits=5, decimal_places=2)]


class CleanProduct(WriteContract):
    """One article (an edition of a work), with what is told of its work."""

    ean: str = Field(description="EAN-13 of the article (gencod)")
    is_deleted: bool = Field(
        description="Whether Titelive does not know the EAN (any more); all other columns are then empty"
    )
    work_id: int | None = Field(description="Titelive's id of the work; its editions share it")
    title: str | None = Field(description="Title of the work, HTML entities resolved")
    authors: list[str] = Field(
        description="Authors of the work, one by one; empty where they are not told so"
    )
    author_line: str | None = Field(description="Authors of the work in one text, as the vendor writes it")
    publisher: str | None = Field(description="Publisher of the article")
    price: Money | None = Field(description="Price, taxes included, in the currency beside it")
    currency: str | None = Field(
        description="ISO 4217 code of the currency of the price in France; a sign that has none as it came"
    )
    tax_rate: Percent | None = Field(description="Rate of value-added tax in percent: 5.50")
    published_on: date | None = Field(description="Day of publication")
    availability: int | None = Field(description="Titelive's code of availability (dispo); 1: available")
    page_count: int | None = Field(description="Number of pages; null for what has none")
    weight: int | None = Field(description="Weight as the vendor tells it, in grams as far as is known")
    has_image: bool | None = Field(description="Whether Titelive has a picture of the cover")
    is_schoolbook: bool | None = Field(description="Whether it is a schoolbook (scolaire)")
    gtl_codes: list[str] = Field(
        description="Codes of the GTL classification in the order in which they came, of 8 digits each"
    )
    gtl_labels: list[str] = Field(description="The label of each code, in the same order")
    modified_on: date | None = Field(description="Day on which Titelive last modified the article")
    article: dict[str, Any] | None = Field(description="The article as it came: every key, no value changed")
    work: dict[str, Any] | None = Field(
        description="The work as it came, but for its articles: every key, no value changed"
    )
