from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest

from tests.connectors.sendgrid_support import KEY, connector
from tidegate.http_tools.clients import Call
from tidegate.http_tools.exceptions import (
    ClientError,
    ContractError,
    CrossOriginError,
    ListingMovedError,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def first_request(call: Call[Any]) -> tuple[str, dict[str, str]]:
    """Path and query of the request that the call would begin with."""
    request = call.first()
    url = call.target(request)
    return url.path, dict(url.params)


@pytest.mark.parametrize(
    ("call", "path", "query"),
    [
        (connector().get_campaigns(), "/v3/campaigns", {"limit": "10", "offset": "0"}),
        (connector().get_single_sends(), "/v3/marketing/singlesends", {"page_size": "100"}),
        (connector().get_single_send_stats(), "/v3/marketing/stats/singlesends", {"page_size": "50"}),
        (connector().get_lists(), "/v3/marketing/lists", {"page_size": "1000"}),
        (
            connector().get_templates(),
            "/v3/templates",
            {"page_size": "200", "generations": "legacy,dynamic"},
        ),
        (
            connector().get_stats(date(2026, 1, 1), date(2026, 1, 7)),
            "/v3/stats",
            {"start_date": "2026-01-01", "end_date": "2026-01-07", "aggregated_by": "day", "limit": "7"},
        ),
        (connector().get_bounces(), "/v3/suppression/bounces", {"limit": "500", "offset": "0"}),
    ],
)
def test_each_listing_begins_with_this_request(call: Call[Any], path: str, query: dict[str, str]) -> None:
    assert first_request(call) == (path, query)


@pytest.mark.parametrize(
    ("start", "end", "asked"),
    [
        (START, START + timedelta(hours=1), (1767225600, 1767229199)),
        (START, START, (1767225600, 1767225600)),
        (START + timedelta(seconds=0.4), START + timedelta(seconds=2.1), (1767225600, 1767225602)),
        (START.astimezone(timezone(timedelta(hours=9))), START + timedelta(seconds=1), (1767225600,) * 2),
    ],
)
def test_a_half_open_span_becomes_two_seconds_that_are_both_included(
    start: datetime, end: datetime, asked: tuple[int, int]
) -> None:
    _, query = first_request(connector().get_blocks(start, end))
    assert (int(query["start_time"]), int(query["end_time"])) == asked


def test_one_end_of_a_span_is_enough() -> None:
    assert "end_time" not in first_request(connector().get_unsubscribes(start=START))[1]
    assert "start_time" not in first_request(connector().get_spam_reports(end=START))[1]


def test_impossible_times_are_refused_at_once() -> None:
    made = connector()
    with pytest.raises(ValueError, match="before start"):
        made.get_messages(START, START - timedelta(days=1))
    with pytest.raises(ValueError, match="no time zone"):
        made.get_invalid_emails(datetime(2026, 1, 1), START)
    with pytest.raises(ValueError, match="before first_day"):
        made.get_stats(date(2026, 1, 2), date(2026, 1, 1))
    with pytest.raises(ValueError, match="at most 366 days"):
        made.get_category_stats(date(2025, 1, 1), date(2026, 1, 2))
    with pytest.raises(TypeError, match="whole days"):
        made.get_stats(START, START)


def test_an_error_shows_the_vendors_words_and_never_the_key() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        told = {"field": "limit", "message": f"limit is wrong, {request.headers['authorization']}"}
        return httpx2.Response(400, json={"errors": [told]})

    with pytest.raises(ClientError, match="limit is wrong") as caught:
        connector(answer).get_lists().json()
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_a_next_link_to_another_origin_is_not_followed() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        link = "https://elsewhere.example/v3/marketing/lists?page_token=2"
        row = {"id": "a", "name": "b", "contact_count": 1}
        return httpx2.Response(200, json={"result": [row], "_metadata": {"next": link}})

    with pytest.raises(CrossOriginError):
        connector(answer).get_lists().json()
    assert asked == ["api.sendgrid.com"]


def test_categories_are_listed_first_and_their_counts_asked_for_ten_at_a_time() -> None:
    names = [f"c{number:03}" for number in range(101)]
    batches: list[list[str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v3/categories":
            start, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
            return httpx2.Response(200, json=[{"category": each} for each in names[start : start + limit]])
        batches.append(request.url.params.get_list("categories"))
        return httpx2.Response(200, json=[])

    connector(answer).get_category_stats(date(2026, 1, 1), date(2026, 1, 28)).json()
    assert [name for batch in batches for name in batch] == names
    assert {len(batch) for batch in batches} == {10, 1}


def test_a_list_of_categories_that_moves_is_begun_anew() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params["offset"])
        return httpx2.Response(200, json=[{"category": f"{start}-{number}"} for number in range(50)])

    with pytest.raises(ListingMovedError):
        list(connector(answer).get_category_stats(date(2026, 1, 1), date(2026, 1, 28)))


@pytest.mark.parametrize("row", [{"name": "a"}, "a", None, {"category": None}, {"category": 5}])
def test_a_list_of_categories_without_their_names_is_an_error(row: Any) -> None:
    with pytest.raises(ContractError, match="no 'category'"):
        connector(lambda _: httpx2.Response(200, json=[row])).get_category_stats(
            date(2026, 1, 1), date(2026, 1, 2)
        ).json()
