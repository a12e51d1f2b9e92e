"""The routes beside emails, events and contacts: what each asks for, and what it refuses to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from tests.connectors.test_brevo_client import connector, first_request
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.http_tools.clients import Call
from tidegate.http_tools.exceptions import ContractError, ListingMovedError

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NAIVE = SINCE.replace(tzinfo=None)
MONDAY, SUNDAY = date(2026, 1, 5), date(2026, 1, 11)
WEEK = {"startDate": "2026-01-05", "endDate": "2026-01-11"}
CHANGED = {"modifiedSince": "2026-01-01T00:00:00.000Z"}
Ask = Callable[[BrevoConnector], Call[Any]]
ASKED: list[tuple[str, Ask, str, str, dict[str, str]]] = [
    ("senders", lambda brevo: brevo.get_senders(), "/senders", "senders", {}),
    (
        "reports",
        lambda brevo: brevo.get_smtp_report(MONDAY, SUNDAY, tag="welcome"),
        "/smtp/statistics/reports",
        "reports",
        {**WEEK, "tag": "welcome", "sort": "asc", "limit": "30", "offset": "0"},
    ),
    (
        "blocked",
        lambda brevo: brevo.get_transac_blocked_contacts(MONDAY, SUNDAY),
        "/smtp/blockedContacts",
        "contacts",
        {**WEEK, "sort": "asc", "limit": "100", "offset": "0"},
    ),
    *(
        (name, ask, f"/contacts/{name}", name, {"sort": "asc", "limit": "50", "offset": "0"})
        for name, ask in (
            ("lists", BrevoConnector.get_lists),
            ("folders", BrevoConnector.get_folders),
            ("segments", BrevoConnector.get_segments),
        )
    ),
    (
        "sms campaigns",
        lambda brevo: brevo.get_sms_campaigns(status="sent", start=SINCE, end=SINCE),
        "/smsCampaigns",
        "campaigns",
        {
            "status": "sent",
            "startDate": "2026-01-01T00:00:00.000Z",
            "endDate": "2026-01-01T00:00:00.000Z",
            "sort": "asc",
            "limit": "1000",
            "offset": "0",
        },
    ),
    (
        "sms events",
        lambda brevo: brevo.get_sms_events(MONDAY, SUNDAY, event="replies", phone_number="336"),
        "/transactionalSMS/statistics/events",
        "events",
        {**WEEK, "event": "replies", "phoneNumber": "336", "sort": "asc", "limit": "100", "offset": "0"},
    ),
    (
        "companies",
        lambda brevo: brevo.get_companies(SINCE),
        "/companies",
        "items",
        {**CHANGED, "sort": "asc", "limit": "50", "page": "1"},
    ),
    (
        "deals",
        lambda brevo: brevo.get_deals(SINCE),
        "/crm/deals",
        "items",
        {**CHANGED, "sort": "asc", "limit": "50", "offset": "0"},
    ),
    (
        "orders",
        lambda brevo: brevo.get_orders(SINCE),
        "/orders",
        "orders",
        {**CHANGED, "sort": "asc", "limit": "100", "offset": "0"},
    ),
    (
        "products",
        lambda brevo: brevo.get_products(SINCE),
        "/products",
        "products",
        {**CHANGED, "sort": "asc", "limit": "1000", "offset": "0"},
    ),
    (
        "categories",
        lambda brevo: brevo.get_categories(SINCE),
        "/categories",
        "categories",
        {**CHANGED, "sort": "asc", "limit": "100", "offset": "0"},
    ),
]


@pytest.mark.parametrize(("name", "ask", "path", "items", "query"), ASKED, ids=[each[0] for each in ASKED])
def test_what_is_asked_for(name: str, ask: Ask, path: str, items: str, query: dict[str, str]) -> None:
    call = ask(connector())
    assert first_request(call) == ("GET", f"/v3{path}", query)
    assert call.items == items


@pytest.mark.parametrize("ask", [each[1] for each in ASKED], ids=[each[0] for each in ASKED])
def test_an_answer_without_the_rows_is_refused_but_where_brevo_leaves_them_out(ask: Ask) -> None:
    call = ask(connector(lambda _: httpx2.Response(200, json={})))
    if call.empty_object_ends:
        assert call.url in {"/smtp/statistics/reports", "/transactionalSMS/statistics/events"}
        assert call.json() == []
        return
    with pytest.raises(ContractError, match="missing"):
        call.json()


def test_a_listing_is_held_against_its_count_where_brevo_gives_one() -> None:
    totals = {name: getattr(ask(connector()).paginator, "total", None) for name, ask, *_ in ASKED}
    without = {name for name, total in totals.items() if total is None}
    assert without == {"senders", "reports", "sms events", "companies", "deals"}
    assert set(totals.values()) == {None, "count"}


def company(number: int) -> dict[str, Any]:
    stamp = "2026-01-01T00:00:00Z"
    return {"id": f"c{number}", "attributes": {"created_at": stamp, "last_updated_at": stamp}}


def test_companies_are_read_to_the_first_page_that_is_not_full() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        page = int(request.url.params["page"])
        asked.append(page)
        rows = range(page * 50, page * 50 + {1: 50, 2: 50, 3: 7}.get(page, 0))
        return httpx2.Response(200, json={"items": [company(number) for number in rows]})

    assert len(connector(answer).get_companies().json()) == 107
    assert sorted(asked)[:3] == [1, 2, 3]


def test_companies_that_move_while_they_are_read_are_told() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        page = int(request.url.params["page"])
        rows = range(page * 49, page * 49 + 50)  # the last of each is the first of the next
        return httpx2.Response(200, json={"items": [company(number) for number in rows]})

    pages = iter(connector(answer).get_companies())
    next(pages)
    with pytest.raises(ListingMovedError):
        next(pages)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda brevo: brevo.get_smtp_report(MONDAY), "reports: give both"),
        (lambda brevo: brevo.get_smtp_report(MONDAY, date(2026, 2, 4)), "reports: at most 30 days"),
        (lambda brevo: brevo.get_transac_blocked_contacts(SUNDAY, MONDAY), "blocked contacts: last_day"),
        (lambda brevo: brevo.get_sms_events(None, MONDAY), "SMS events: give both"),
        (lambda brevo: brevo.get_sms_campaigns(start=SINCE), "SMS campaigns: give both"),
        (lambda brevo: brevo.get_sms_campaigns(status="draft", start=SINCE, end=SINCE), "with status"),
        *(
            (lambda brevo, name=name: getattr(brevo, f"get_{name}")(NAIVE), "no time zone")
            for name in ("companies", "deals", "orders", "products", "categories")
        ),
    ],
)  # fmt: skip
def test_what_brevo_would_refuse_is_refused_before_it_is_asked(ask: Ask, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ask(connector())
