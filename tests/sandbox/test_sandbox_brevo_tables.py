"""The routes that are a table and its paging: lists to categories, SMS and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.sandbox_support import Api, brevo

# Path, key, what the truth calls it, default and most rows of a page.
LISTINGS = [
    ("/contacts/lists", "lists", "lists", 10, 50),
    ("/contacts/folders", "folders", "folders", 10, 50),
    ("/contacts/segments", "segments", "segments", 10, 50),
    ("/smsCampaigns", "campaigns", "sms_campaigns", 500, 1000),
    ("/smtp/blockedContacts", "contacts", "blocked_contacts", 50, 100),
    ("/orders", "orders", "orders", 50, 100),
    ("/products", "products", "products", 50, 1000),
    ("/categories", "categories", "categories", 50, 100),
]
DEALS = ("/crm/deals", "items", "deals", 50, 100)
SMS, REPORTS = "/transactionalSMS/statistics/events", "/smtp/statistics/reports"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with brevo(rows=9_000) as running:
        yield running


def truth(api: Api, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.sandbox.truth(name)["rows"]
    return rows


@pytest.mark.parametrize(("path", "key", "name", "default", "most"), [*LISTINGS, DEALS])
def test_pages_add_up_and_have_the_vendors_sizes(
    api: Api, path: str, key: str, name: str, default: int, most: int
) -> None:
    rows = truth(api, name)
    body = api.json(path)
    assert body[key] == rows[::-1][:default]
    assert body.get("count") == (None if key == "items" else len(rows))
    found: list[dict[str, Any]] = []
    while page := api.json(path, limit=17, offset=len(found), sort="asc")[key]:
        found += page
    assert found == rows
    assert api.get(path, limit=most).status_code == 200
    assert api.error(path, limit=most + 1) == (400, "out_of_range")
    assert api.error(path, ofset=1) == (400, "invalid_parameter")


def test_companies_come_by_page_number_from_one(api: Api) -> None:
    found, number = list[dict[str, Any]](), 1
    while page := api.json("/companies", page=number, limit=40, sort="asc")["items"]:
        found, number = found + page, number + 1
    assert found == truth(api, "companies")
    assert api.json("/companies")["items"] == found[::-1][:50]
    assert api.error("/companies", page=0) == (400, "out_of_range")
    assert api.error("/companies", offset=1) == (400, "invalid_parameter")


def test_senders_come_at_once_and_take_no_paging(api: Api) -> None:
    assert api.json("/senders") == {"senders": truth(api, "senders")}
    assert api.error("/senders", limit=1) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("path", "key", "name", "stamp"),
    [
        ("/orders", "orders", "orders", "updatedAt"),
        ("/products", "products", "products", "modifiedAt"),
        ("/categories", "categories", "categories", "modifiedAt"),
        ("/companies", "items", "companies", "last_updated_at"),
        ("/crm/deals", "items", "deals", "last_updated_date"),
    ],
)
def test_what_changed_since_is_what_changed_strictly_after(
    api: Api, path: str, key: str, name: str, stamp: str
) -> None:
    def changed(row: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(row.get("attributes", row)[stamp])

    rows = truth(api, name)
    bound = sorted(map(changed, rows))[-6]
    found = api.json(path, modifiedSince=bound.isoformat(), sort="asc")[key]
    assert found == [row for row in rows if changed(row) > bound]
    assert len(found) == 5


def test_sms_events_of_days_have_no_count_and_past_the_end_there_is_nothing(api: Api) -> None:
    whole = api.sandbox.truth("sms_events")
    day = whole["days"][40]
    wanted = [row for row, of in zip(whole["rows"], whole["days"], strict=True) if of == day]
    body = api.json(SMS, startDate=day, endDate=day, sort="asc")
    assert body == {"events": wanted}
    assert api.json(SMS, startDate=day, endDate=day, offset=len(wanted)) == {}
    assert api.error(SMS, limit=101) == (400, "out_of_range")
    assert api.error(SMS, startDate=day) == (400, "missing_parameter")
    replies = api.json(SMS, event="replies", limit=100, sort="asc")["events"]
    assert replies == [row for row in whole["rows"] if row["event"] == "replies"][: len(replies)]
    assert {type(row["phoneNumber"]) for row in whole["rows"]} == {int, str}


def test_reports_count_the_events_of_the_accounts_days(api: Api) -> None:
    events = api.sandbox.truth("events")
    by_day: dict[str, list[dict[str, Any]]] = {}
    for row, day in zip(events["rows"], events["days"], strict=True):
        by_day.setdefault(day, []).append(row)
    last = date.fromisoformat(max(by_day))
    asked = {"startDate": str(last - timedelta(days=29)), "endDate": str(last), "limit": 30, "sort": "asc"}
    for report in api.json(REPORTS, **asked)["reports"]:
        happened = by_day.pop(report["date"])
        kinds = Counter(row["event"] for row in happened)
        assert (report["requests"], report["opens"]) == (kinds["requests"], kinds["opened"])
        opened = {row["messageId"] for row in happened if row["event"] == "opened"}
        assert report["uniqueOpens"] == len(opened)
    assert not by_day
    assert len(api.json(REPORTS)["reports"]) == 10
    assert api.error(REPORTS, limit=31) == (400, "out_of_range")
    assert api.error(REPORTS, startDate="2026-01-01", endDate="2026-02-01") == (400, "out_of_range")


def test_campaigns_by_sms_are_filtered_as_those_by_email(api: Api) -> None:
    sent = api.json("/smsCampaigns", status="sent")["campaigns"]
    assert {row["status"] for row in sent} == {"sent"}
    asked = {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-03-01T00:00:00Z"}
    found = api.json("/smsCampaigns", **asked)["campaigns"]
    assert found
    assert all("2026-01-01" <= row["sentDate"] < "2026-03-01" for row in found)
    assert api.error("/smsCampaigns", **asked, status="draft") == (400, "invalid_parameter")
    assert api.error("/smsCampaigns", **{**asked, "endDate": "2030-01-01T00:00:00Z"}) == (400, "out_of_range")


def test_blocked_contacts_are_filtered_by_day_and_sender(api: Api) -> None:
    rows = truth(api, "blocked_contacts")
    day = rows[9]["blockedAt"][:10]
    found = api.json("/smtp/blockedContacts", startDate=day, endDate=day)["contacts"]
    assert rows[9] in found
    sender = rows[0]["senderEmail"]
    found = api.json("/smtp/blockedContacts", senders=sender, limit=100)["contacts"]
    assert {row["senderEmail"] for row in found} == {sender}


def test_each_route_spends_the_quota_of_its_bucket() -> None:
    with brevo(quota=1.0) as api:
        left = {
            path: int(api.get(path).headers["x-sib-ratelimit-remaining"])
            for path in ("/orders", "/companies", "/senders", SMS, REPORTS, "/smtp/blockedContacts")
        }
    assert list(left.values()) == [99, 98, 97, 96, 299, 298]


def test_orders_and_products_have_the_oddities_of_the_vendors_examples(api: Api) -> None:
    assert {type(row["id"]) for row in truth(api, "products")} == {int, str}
    lines = [line for row in truth(api, "orders") for line in row["products"]]
    assert {type(line["productId"]) for line in lines} == {int, str}
    assert {type(row["attributes"].get("amount")) for row in truth(api, "deals")} >= {int, float}
