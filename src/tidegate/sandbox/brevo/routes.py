"""The five GET routes: parameters in, body out. Paths are below `/v3`."""

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
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.table import Row


@dataclass(frozen=True, slots=True)
class Route:
    """What a path answers, which quota it spends, and the parameters it knows."""

    bucket: Bucket
    get: Callable[[Query, Store], bytes]
    parameters: frozenset[str] = field(default_factory=frozenset)
    repeatable: frozenset[str] = field(default_factory=frozenset)

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


ROUTES: dict[str, Route] = {
    "/emailCampaigns": Route("general", get_campaigns, CAMPAIGN_PARAMETERS),
    "/smtp/templates": Route("smtp", get_templates, PAGING | {"templateStatus"}),
    "/smtp/statistics/events": Route("smtp", get_events, EVENT_PARAMETERS),
    "/contacts": Route(
        "contacts",
        get_contacts,
        PAGING | {"modifiedSince", "createdSince", "listIds", "segmentId"},
        frozenset({"listIds"}),
    ),
    "/account": Route("general", get_account),
}
