"""The GET routes: parameters in, body out. Paths are below `/v3`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.campaign_route import CAMPAIGN_PARAMETERS, get_campaigns
from tidegate.sandbox.brevo.contacts import in_segment
from tidegate.sandbox.brevo.envelope import PAGING, envelope
from tidegate.sandbox.brevo.event_route import EVENT_PARAMETERS, get_events
from tidegate.sandbox.brevo.params import Query, invalid
from tidegate.sandbox.brevo.quotas import Bucket
from tidegate.sandbox.brevo.report_route import REPORT_PARAMETERS, get_reports
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.table import Row
from tidegate.sandbox.brevo.table_routes import (
    BLOCKED_PARAMETERS,
    COMPANY_PARAMETERS,
    DEAL_PARAMETERS,
    SINCE,
    SMS_CAMPAIGN_PARAMETERS,
    SMS_EVENT_PARAMETERS,
    Get,
    get_blocked_contacts,
    get_companies,
    get_senders,
    get_sms_campaigns,
    get_sms_events,
    items,
    listing,
)


@dataclass(frozen=True, slots=True)
class Route:
    """What a path answers, which quota it spends, and the parameters it knows.

    `table` is what its rows are called where truth and drift are asked for, `items` the key they stand under.
    """

    bucket: Bucket
    get: Callable[[Query, Store], bytes]
    parameters: frozenset[str] = field(default_factory=frozenset)
    repeatable: frozenset[str] = field(default_factory=frozenset)
    table: str = ""
    items: str = ""

    def answer(self, raw_query: str, store: Store) -> bytes:
        """The body, or a `RefusedError`."""
        return self.get(Query(raw_query, self.parameters, self.repeatable), store)


def get_templates(query: Query, store: Store) -> bytes:
    """50 by default, 1000 at most; `templateStatus` true or false."""
    active = query.flag("templateStatus")
    rows = store.templates.rows
    if active is not None:
        rows = [row for row in rows if row.record()["isActive"] is active]
    return envelope("templates", rows, query.paging(50, 1000))


def get_contacts(query: Query, store: Store) -> bytes:
    """50 by default, 1000 at most; changed or made strictly after an instant; in a list or a segment."""
    paging = query.paging(50, 1000)
    if "listIds" in query and "segmentId" in query:
        raise invalid("Either listIds or segmentId can be passed")
    rows: Iterable[Row] = store.contacts.rows
    if (since := query.instant_us("modifiedSince")) is not None:
        rows = [row for row in rows if row.modified_ms * 1000 > since]
    if (since := query.instant_us("createdSince")) is not None:
        rows = [row for row in rows if row.created_ms * 1000 > since]
    if (lists := query.integers("listIds")) is not None:
        rows = [row for row in rows if not set(lists).isdisjoint(row.lists)]
    if (segment := query.integer("segmentId")) is not None:
        rows = [row for row in rows if in_segment(row, segment)]
    return envelope("contacts", list(rows), paging)


def get_account(_query: Query, _store: Store) -> bytes:
    """Who this is. `dateTimePreferences.timezone` is the zone of the day filters."""
    return orjson.dumps(
        {
            "organization_id": "5fa2b8c123456789abcdef01",
            "user_id": 1234567,
            "enterprise": False,
            "companyName": "Librairie de l'Écluse",
            "email": "compte@ecluse.example",
            "firstName": "Anaïs",
            "lastName": "Lefèvre",
            "address": {
                "city": "Orléans",
                "country": "France",
                "street": "1 quai du Châtelet",
                "zipCode": "45000",
            },
            "dateTimePreferences": {
                "timezone": clock.ZONE_NAME,
                "timeFormat": "24",
                "dateFormat": "dd-mm-yyyy",
            },
            "plan": [{"type": "free", "creditsType": "sendLimit", "credits": 250}],
            "relay": {
                "enabled": True,
                "data": {"userName": "compte@ecluse.example", "relay": "localhost", "port": 587},
            },
        }
    )


def _route(
    bucket: Bucket,
    get: Get,
    table: str,
    items: str,
    parameters: frozenset[str] = frozenset(),
    repeatable: frozenset[str] = frozenset(),
) -> Route:
    return Route(bucket, get, parameters, repeatable, table, items)


ROUTES: dict[str, Route] = {
    "/emailCampaigns": _route("general", get_campaigns, "campaigns", "campaigns", CAMPAIGN_PARAMETERS),
    "/smtp/templates": _route("smtp", get_templates, "templates", "templates", PAGING | {"templateStatus"}),
    "/smtp/statistics/events": _route("smtp", get_events, "events", "events", EVENT_PARAMETERS),
    "/smtp/statistics/reports": _route("smtp", get_reports, "reports", "reports", REPORT_PARAMETERS),
    "/smtp/blockedContacts": _route(
        "smtp", get_blocked_contacts, "blocked_contacts", "contacts", BLOCKED_PARAMETERS
    ),
    "/contacts": _route(
        "contacts",
        get_contacts,
        "contacts",
        "contacts",
        PAGING | {"modifiedSince", "createdSince", "listIds", "segmentId"},
        frozenset({"listIds"}),
    ),
    "/contacts/lists": _route("contacts", listing("lists", "lists", 10, 50), "lists", "lists", PAGING),
    "/contacts/folders": _route(
        "contacts", listing("folders", "folders", 10, 50), "folders", "folders", PAGING
    ),
    "/contacts/segments": _route(
        "contacts", listing("segments", "segments", 10, 50), "segments", "segments", PAGING
    ),
    "/senders": _route("general", get_senders, "senders", "senders"),
    "/smsCampaigns": _route(
        "general", get_sms_campaigns, "sms_campaigns", "campaigns", SMS_CAMPAIGN_PARAMETERS
    ),
    "/transactionalSMS/statistics/events": _route(
        "general", get_sms_events, "sms_events", "events", SMS_EVENT_PARAMETERS
    ),
    "/companies": _route("general", get_companies, "companies", "items", COMPANY_PARAMETERS),
    "/crm/deals": _route("general", items("deals"), "deals", "items", DEAL_PARAMETERS),
    "/orders": _route("general", listing("orders", "orders", 50, 100), "orders", "orders", PAGING | SINCE),
    "/products": _route(
        "general", listing("products", "products", 50, 1000), "products", "products", PAGING | SINCE
    ),
    "/categories": _route(
        "general", listing("categories", "categories", 50, 100), "categories", "categories", PAGING | SINCE
    ),
    "/account": Route("general", get_account),
}
