"""Sales: companies and deals, and the shop's orders, products and categories."""

from __future__ import annotations

from datetime import datetime

from tidegate.connectors.brevo.checks import check_aware
from tidegate.connectors.brevo.routes import Routes
from tidegate.connectors.brevo.schemas_sales import ApiCompany, ApiDeal
from tidegate.connectors.brevo.schemas_shop import ApiCategory, ApiOrder, ApiProduct
from tidegate.http_tools.clients import Call
from tidegate.http_tools.pagination import OffsetPaginator, PageNumberPaginator


class SalesRoutes(Routes):
    def get_companies(self, modified_since: datetime | None = None) -> Call[ApiCompany]:
        """Companies in order of creation: all, or those modified after `modified_since`.

        By page number, from 1, which is a guess: see the README. See `get_deals` for the size of a page.
        """
        check_aware(modified_since)
        return self.client.pages(
            "GET",
            "/companies",
            reads=ApiCompany,
            items="items",
            paginator=PageNumberPaginator(limit=50, limit_param="limit", identity="id"),
            params={"modifiedSince": modified_since, "sort": "asc"},
        )

    def get_deals(self, modified_since: datetime | None = None) -> Call[ApiDeal]:
        """Deals in order of creation: all, or those modified after `modified_since`.

        How many rows a page may hold at most is not documented. 50 is what its neighbours (notes, tasks,
        files) give when they are not asked, so that a page of fewer is the last one.
        """
        check_aware(modified_since)
        return self.client.pages(
            "GET",
            "/crm/deals",
            reads=ApiDeal,
            items="items",
            paginator=OffsetPaginator(limit=50, identity="id"),
            params={"modifiedSince": modified_since, "sort": "asc"},
        )

    def get_orders(self, modified_since: datetime | None = None) -> Call[ApiOrder]:
        """Orders in order of creation: all, or those modified after `modified_since`."""
        check_aware(modified_since)
        params = {"modifiedSince": modified_since}
        return self._listing("/orders", ApiOrder, "orders", limit=100, params=params)

    def get_products(self, modified_since: datetime | None = None) -> Call[ApiProduct]:
        """Products in order of creation, deleted ones too: all, or those modified after `modified_since`."""
        check_aware(modified_since)
        params = {"modifiedSince": modified_since}
        return self._listing("/products", ApiProduct, "products", limit=1000, params=params)

    def get_categories(self, modified_since: datetime | None = None) -> Call[ApiCategory]:
        """Categories of products in order of creation, deleted ones too: all, or those modified after
        `modified_since`.
        """
        check_aware(modified_since)
        params = {"modifiedSince": modified_since}
        return self._listing("/categories", ApiCategory, "categories", limit=100, params=params)
