"""Paging, filters and refusals, through a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.sandbox_support import EVENTS, Api, brevo

LISTINGS = {"/emailCampaigns": "campaigns", "/smtp/templates": "templates", "/contacts": "contacts"}
DAY = {"startDate": "2026-04-10", "endDate": "2026-04-10"}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with brevo(rows=15_000) as running:
        yield running


def truth(api: Api, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.sandbox.truth(name)["rows"]
    return rows


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize(("path", "key"), LISTINGS.items())
def test_a_listing_has_its_own_key_and_a_count_of_everything(api: Api, path: str, key: str) -> None:
    body = api.json(path)
    assert set(body) == {key, "count"}
    assert body["count"] == len(truth(api, key))


@pytest.mark.parametrize(("path", "key"), LISTINGS.items())
def test_a_page_has_50_rows_by_default_the_newest_first(api: Api, path: str, key: str) -> None:
    assert ids(api.json(path)[key]) == ids(truth(api, key))[::-1][:50]


@pytest.mark.parametrize(("path", "key"), LISTINGS.items())
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_pages_add_up_to_the_whole_listing(api: Api, path: str, key: str, sort: str) -> None:
    found: list[dict[str, Any]] = []
    while page := api.json(path, limit=37, offset=len(found), sort=sort)[key]:
        found += page
    if key == "campaigns":  # which come with the statistics that were asked for: none
        wanted = [{**row, "statistics": None} for row in truth(api, key)]
        found = [{**row, "statistics": None} for row in found]
    else:
        wanted = truth(api, key)
    assert found == (wanted if sort == "asc" else wanted[::-1])


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_pages_of_events_add_up_over_days(api: Api, sort: str) -> None:
    found: list[dict[str, Any]] = []
    while page := api.events(limit=999, offset=len(found), sort=sort):
        found += page
    assert found == (truth(api, "events") if sort == "asc" else truth(api, "events")[::-1])


def test_events_come_by_2500_and_without_a_count(api: Api) -> None:
    body = api.json(EVENTS)
    assert set(body) == {"events"}
    assert len(body["events"]) == 2500


@pytest.mark.parametrize(("path", "key"), [*LISTINGS.items(), (EVENTS, "events")])
def test_a_limit_of_nothing_gives_an_empty_page(api: Api, path: str, key: str) -> None:
    assert api.json(path, limit=0)[key] == []


def test_a_day_of_events_is_the_accounts_day(api: Api) -> None:
    whole = api.sandbox.truth("events")
    pairs = zip(whole["rows"], whole["days"], strict=True)
    assert api.events(sort="asc", **DAY) == [row for row, day in pairs if day == "2026-04-10"]


def test_days_counts_today_in(api: Api) -> None:
    assert api.events(days=2, sort="asc") == api.events(
        startDate="2026-04-14", endDate="2026-04-15", sort="asc"
    )


def test_past_the_end_the_key_is_missing_about_every_other_time(api: Api) -> None:
    bodies = [api.get(EVENTS, offset=20_000 + step, **DAY).text for step in range(60)]
    assert set(bodies) == {"{}", '{"events":[]}'}
    assert 15 < bodies.count("{}") < 45
    assert bodies == [api.get(EVENTS, offset=20_000 + step, **DAY).text for step in range(60)]


def test_a_window_without_events_answers_as_past_the_end(api: Api) -> None:
    bodies = {
        api.get(EVENTS, startDate=f"2020-01-{day}", endDate=f"2020-01-{day}").text for day in range(10, 32)
    }
    assert bodies == {"{}", '{"events":[]}'}


@pytest.mark.parametrize("key", ["event", "email", "messageId", "templateId"])
def test_events_are_filtered_by_a_member(api: Api, key: str) -> None:
    wanted = next(row[key] for row in truth(api, "events") if row.get(key) and row["event"] == "opened")
    found = api.events(limit=5000, sort="asc", **{key: wanted})
    assert found == [row for row in truth(api, "events") if row.get(key) == wanted]


def test_events_are_filtered_by_any_of_some_tags(api: Api) -> None:
    found = api.events(tags='["noël","welcome"]', limit=5000, sort="asc")
    assert found == [row for row in truth(api, "events") if row.get("tag") in ("noël", "welcome")]
    assert found


@pytest.mark.parametrize(
    ("asked", "sent"), [("inProcess", {"in_process"}), ("draft", {"draft"}), ("inReview", set())]
)
def test_campaigns_are_filtered_by_status(api: Api, asked: str, sent: set[str]) -> None:
    assert {row["status"] for row in api.json("/emailCampaigns", status=asked)["campaigns"]} == sent


def test_campaigns_of_type_classic_are_written_in_two_ways(api: Api) -> None:
    found = api.json("/emailCampaigns", type="classic", limit=100)["campaigns"]
    assert {row["type"] for row in found} == {"classic", "Classic"}


def test_campaigns_are_filtered_by_the_date_they_were_sent(api: Api) -> None:
    start, end = "2025-10-01T00:00:00+02:00", "2025-12-31T23:59:59.999Z"
    body = api.json("/emailCampaigns", startDate=start, endDate=end, limit=100, sort="asc")
    bounds = datetime.fromisoformat(start), datetime.fromisoformat(end)
    sent = [row for row in truth(api, "campaigns") if "sentDate" in row]
    wanted = [row for row in sent if bounds[0] <= datetime.fromisoformat(row["sentDate"]) <= bounds[1]]
    assert ids(body["campaigns"]) == ids(wanted)
    assert body["count"] == len(wanted) > 0


def test_html_can_be_left_out_and_its_key_stays(api: Api) -> None:
    found = api.json("/emailCampaigns", excludeHtmlContent="true")["campaigns"]
    assert {row["htmlContent"] for row in found} == {""}


def test_asking_for_one_statistic_empties_the_others(api: Api) -> None:
    recent = api.json("/emailCampaigns", statistics="globalStats")["campaigns"][0]["statistics"]
    assert recent["globalStats"]
    assert (recent["linksStats"], recent["statsByDomain"]) == ({}, {})


def test_without_the_parameter_counts_are_zero_and_those_by_list_are_there(api: Api) -> None:
    found = api.json("/emailCampaigns", status="sent", sort="desc")["campaigns"][0]["statistics"]
    assert set(found["globalStats"].values()) == {0}
    assert found["campaignStats"]


def test_statistics_of_campaigns_older_than_six_months_are_empty(api: Api) -> None:
    found = api.json("/emailCampaigns", statistics="globalStats", status="sent", sort="asc")["campaigns"]
    assert found[0]["statistics"]["globalStats"] == {}


def test_templates_are_filtered_by_status(api: Api) -> None:
    sizes = [api.json("/smtp/templates", templateStatus=flag)["count"] for flag in ("true", "false")]
    assert sum(sizes) == len(truth(api, "templates"))
    assert all(sizes)


@pytest.mark.parametrize(
    ("parameter", "key"), [("modifiedSince", "modifiedAt"), ("createdSince", "createdAt")]
)
def test_contacts_since_are_those_strictly_after(api: Api, parameter: str, key: str) -> None:
    stamps = sorted(datetime.fromisoformat(row[key]) for row in truth(api, "contacts"))
    bound = stamps[-20]
    body = api.json("/contacts", **{parameter: bound.isoformat()}, sort="asc")
    wanted = [row for row in truth(api, "contacts") if datetime.fromisoformat(row[key]) > bound]
    assert body["contacts"] == wanted
    assert len(wanted) == 19


def test_a_date_without_a_zone_is_utc(api: Api) -> None:
    bare, marked = (
        api.json("/contacts", modifiedSince=f"2026-03-01T00:00:00{zone}")["count"] for zone in ("", "Z")
    )
    assert bare == marked > 0


def test_contacts_are_filtered_by_list_or_by_segment(api: Api) -> None:
    listed = api.json("/contacts", listIds=[3, 4], limit=1000)["contacts"]
    assert all({3, 4} & set(row["listIds"]) for row in listed)
    assert 0 < api.json("/contacts", segmentId=2)["count"] < len(truth(api, "contacts"))
    assert api.error("/contacts", listIds=3, segmentId=2) == (400, "invalid_parameter")


def test_the_account_tells_its_time_zone(api: Api) -> None:
    assert api.json("/account")["dateTimePreferences"]["timezone"] == "Europe/Paris"


@pytest.mark.parametrize(
    ("path", "maximum"),
    [("/emailCampaigns", 100), ("/smtp/templates", 1000), ("/contacts", 1000), (EVENTS, 5000)],
)
def test_a_limit_over_the_maximum_is_refused(api: Api, path: str, maximum: int) -> None:
    assert api.get(path, limit=maximum).status_code == 200
    assert api.error(path, limit=maximum + 1) == (400, "out_of_range")


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("/contacts", {"limit": -1}, "out_of_range"),
    ("/contacts", {"limit": "ten"}, "invalid_parameter"),
    ("/contacts", {"offset": -1}, "out_of_range"),
    ("/contacts", {"sort": "up"}, "invalid_parameter"),
    ("/contacts", {"modifiedsince": "2026-01-01T00:00:00Z"}, "invalid_parameter"),
    ("/contacts", {"modifiedSince": "2026-01-01"}, "invalid_parameter"),
    ("/contacts", {"modifiedSince": "2026-01-01T00:00:00 02:00"}, "invalid_parameter"),
    ("/contacts", {"limit": ["1", "2"]}, "invalid_parameter"),
    ("/account", {"limit": 1}, "invalid_parameter"),
    (EVENTS, {"startDate": "2026-04-01"}, "missing_parameter"),
    (EVENTS, {"endDate": "2026-04-01"}, "missing_parameter"),
    (EVENTS, {"startDate": "2026-04-02", "endDate": "2026-04-01"}, "invalid_parameter"),
    (EVENTS, {"startDate": "2026-04-01T00:00:00Z", "endDate": "2026-04-01"}, "invalid_parameter"),
    (EVENTS, {"startDate": "2026-01-01", "endDate": "2026-04-02"}, "out_of_range"),
    (EVENTS, {"days": 3, **DAY}, "invalid_parameter"),
    (EVENTS, {"days": 91}, "out_of_range"),
    (EVENTS, {"event": "open"}, "invalid_parameter"),
    (EVENTS, {"tags": "noël"}, "invalid_parameter"),
    ("/emailCampaigns", {"status": "in_process"}, "invalid_parameter"),
    ("/emailCampaigns", {"startDate": "2026-01-01T00:00:00Z"}, "missing_parameter"),
    (
        "/emailCampaigns",
        {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-02-01T00:00:00Z", "status": "draft"},
        "invalid_parameter",
    ),
    (
        "/emailCampaigns",
        {"startDate": "2024-01-01T00:00:00Z", "endDate": "2026-02-01T00:00:00Z"},
        "out_of_range",
    ),
    (
        "/emailCampaigns",
        {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-12-01T00:00:00Z"},
        "out_of_range",
    ),
]


@pytest.mark.parametrize(("path", "params", "code"), REFUSED)
def test_a_wrong_parameter_is_refused(api: Api, path: str, params: dict[str, object], code: str) -> None:
    assert api.error(path, **params) == (400, code)


def test_ninety_days_of_events_can_be_asked_for(api: Api) -> None:
    assert api.get(EVENTS, startDate="2026-01-10", endDate="2026-04-10").status_code == 200


def test_an_unknown_path_is_not_found(api: Api) -> None:
    assert api.error("/contact") == (404, "document_not_found")
    assert api.client.get("/contacts").status_code == 404


def test_another_method_is_not_allowed(api: Api) -> None:
    response = api.client.post("/v3/contacts", headers={"api-key": "k"})
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_request_without_a_key_is_unauthorized(api: Api) -> None:
    response = api.client.get("/v3/contacts")
    assert (response.status_code, response.json()) == (
        401,
        {"code": "unauthorized", "message": "Key not found"},
    )


def test_a_wrong_key_is_unauthorized_where_one_was_set() -> None:
    with brevo(api_key="right") as api:
        statuses = [
            api.client.get("/v3/account", headers={"api-key": key}).status_code for key in ("right", "wrong")
        ]
    assert statuses == [200, 401]
