"""One catalogue out of both tables."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.view import View
from tidegate.workflows.titelive.config import CHANGES, PRODUCTS
from tidegate.workflows.titelive.schemas import Money, Percent


class Catalogue(WriteContract):
    """Every EAN of both tables once, as it was when it was last modified.

    From the list of EANs, or from a day on which it was modified. What the list says was deleted stays so
    until it is asked for again.
    """

    ean: str = Field(description="EAN-13 of the article")
    is_deleted: bool = Field(description="Whether Titelive did not know the EAN when the list was asked for")
    work_id: int | None = Field(description="Titelive's id of the work; its editions share it")
    title: str | None = Field(description="Title of the work")
    author_line: str | None = Field(description="Authors of the work in one text")
    publisher: str | None = Field(description="Publisher of the article")
    price: Money | None = Field(description="Price, taxes included, in the currency beside it")
    currency: str | None = Field(description="ISO 4217 code of the currency of the price in France")
    tax_rate: Percent | None = Field(description="Rate of value-added tax in percent")
    published_on: date | None = Field(description="Day of publication")
    availability: int | None = Field(description="Titelive's code of availability (dispo)")
    page_count: int | None = Field(description="Number of pages")
    has_image: bool | None = Field(description="Whether Titelive has a picture of the cover")
    modified_on: date | None = Field(description="Day on which Titelive last modified the article")


CATALOGUE = View(
    "titelive_catalogue",
    Catalogue,
    over=(PRODUCTS, CHANGES),
    sql="""
        WITH told AS (
            SELECT ean, is_deleted, work_id, title, author_line, publisher, price, currency, tax_rate,
                published_on, availability, page_count, has_image, modified_on, 1 AS source
            FROM {titelive_products}
            UNION ALL
            SELECT ean, is_deleted, work_id, title, author_line, publisher, price, currency, tax_rate,
                published_on, availability, page_count, has_image, modified_on, 2 AS source
            FROM {titelive_changes}
        ),
        ordered AS (
            SELECT ean, is_deleted, work_id, title, author_line, publisher, price, currency, tax_rate,
                published_on, availability, page_count, has_image, modified_on,
                row_number() OVER (
                    PARTITION BY ean
                    ORDER BY
                        CASE WHEN is_deleted THEN 0 ELSE 1 END,
                        coalesce(modified_on, DATE '1900-01-01') DESC,
                        source
                ) AS place
            FROM told
        )
        SELECT ean, is_deleted, work_id, title, author_line, publisher, price, currency, tax_rate,
            published_on, availability, page_count, has_image, modified_on
        FROM ordered
        WHERE place = 1
    """,
)
