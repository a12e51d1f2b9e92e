from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest

from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.http_tools.clients import Call, SyncHttpClient
from tidegate.http_tools.exceptions import ContractError
from tidegate.http_tools.pagination import OffsetPaginator

EVENT = {"event": "opened", "email": "a@example.com", "date": "2026-01-01T00:00:00Z", "messageId": "<1@x>"}
START = datetime(2024, 3, 1, tzinfo=UTC)


def connector(answer: Callable[[httpx2.Request], httpx2.Response] | None = None) -> BrevoConnector:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(f"{request.url} was asked for")

    transport = httpx2.MockTransport(answer or refuse)
    return BrevoConnector(SyncHttpClient("https://brevo.example/v3", transport=transport))


def first_request(call: Call[Any]) -> tuple[str, str, dict[str, str]]:
    """Method, path and query of the request that the call would begin with."""
    params = {**call.params, **call.first().params}
    request = call.client.build_request(call.method, call.url, params)
    return request.method, request.url.path, dict(request.url.params)


def test_campaigns_are_asked_oldest_first_with_global_stats_and_without_html() -> None:
    assert first_request(connector().get_email_campaigns()) == (
        "GET",
        "/v3/emailCampaigns",
        {
            "statistics": "globalStats",
            "excludeHtmlContent": "true",
            "sort": "asc",
            "limit": "100",
            "offset": "0",
        },
    )


def test_campaign_filters_are_sent_in_brevos_spelling() -> None:
    call = connector().get_email_campaigns(
        status="sent",
        campaign_type="classic",
        statistics=None,
        exclude_html_content=False,
        start=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        end=datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
    )
    assert first_request(call)[2] == {
        "status": "sent",
        "type": "classic",
        "excludeHtmlContent": "false",
        "startDate": "2026-01-01T00:00:00.000Z",
        "endDate": "2026-01-31T12:00:00.250Z",
        "sort": "asc",
        "limit": "100",
        "offset": "0",
    }


def test_templates_are_asked_oldest_first() -> None:
    assert first_request(connector().get_smtp_templates()) == (
        "GET",
        "/v3/smtp/templates",
        {"sort": "asc", "limit": "1000", "offset": "0"},
    )


def test_template_status_is_sent_when_asked_for() -> None:
    assert first_request(connector().get_smtp_templates(active=False))[2]["templateStatus"] == "false"


def test_events_are_asked_by_day_oldest_first() -> None:
    call = connector().get_email_event_report(date(2026, 1, 1), date(2026, 1, 7))
    assert first_request(call) == (
        "GET",
        "/v3/smtp/statistics/events",
        {
            "startDate": "2026-01-01",
            "endDate": "2026-01-07",
            "sort": "asc",
            "limit": "5000",
            "offset": "0",
        },
    )


def test_event_filters_are_sent_in_brevos_spelling() -> None:
    call = connector().get_email_event_report(
        event="hardBounces", email="a@example.com", message_id="<1@x>", template_id=4
    )
    assert first_request(call)[2] == {
        "event": "hardBounces",
        "email": "a@example.com",
        "messageId": "<1@x>",
        "templateId": "4",
        "sort": "asc",
        "limit": "5000",
        "offset": "0",
    }


def test_contacts_are_asked_oldest_first() -> None:
    assert first_request(connector().get_contacts()) == (
        "GET",
        "/v3/contacts",
        {"sort": "asc", "limit": "1000", "offset": "0"},
    )


def test_contacts_are_asked_by_time_of_change_in_utc() -> None:
    since = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    query = first_request(connector().get_contacts(modified_since=since))[2]
    assert query["modifiedSince"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("ask", "reads", "items", "paginator"),
    [
        (
            BrevoConnector.get_email_campaigns,
            ApiCampaign,
            "campaigns",
            OffsetPaginator(limit=100, identity="id", total="count"),
        ),
        (
            BrevoConnector.get_smtp_templates,
            ApiTemplate,
            "templates",
            OffsetPaginator(limit=1000, identity="id", total="count"),
        ),
        (BrevoConnector.get_email_event_report, ApiEvent, "events", OffsetPaginator(limit=5000)),
        (
            BrevoConnector.get_contacts,
            ApiContact,
            "contacts",
            OffsetPaginator(limit=1000, identity="id", total="count"),
        ),
    ],
    ids=["campaigns", "templates", "events", "contacts"],
)
def test_listing_is_read_by_its_contract_at_the_largest_page(
    ask: Callable[[BrevoConnector], Call[Any]], reads: type[Any], items: str, paginator: OffsetPaginator
) -> None:
    call = ask(connector())
    assert (call.reads, call.items, call.paginator) == (reads, items, paginator)


def test_empty_object_ends_the_events() -> None:
    call = connector(lambda _: httpx2.Response(200, json={})).get_email_event_report()
    assert [page.parse() for page in call] == [[]]


@pytest.mark.parametrize(
    "ask",
    [BrevoConnector.get_email_campaigns, BrevoConnector.get_smtp_templates, BrevoConnector.get_contacts],
)
def test_empty_object_is_refused_elsewhere(ask: Callable[[BrevoConnector], Call[Any]]) -> None:
    call = ask(connector(lambda _: httpx2.Response(200, json={})))
    with pytest.raises(ContractError, match="missing"):
        call.json()


def test_equal_events_are_two_rows() -> None:
    call = connector(lambda _: httpx2.Response(200, json={"events": [EVENT, EVENT]})).get_email_event_report()
    assert [len(page.parse()) for page in call] == [2]


def test_ninety_days_of_events_may_be_asked_for() -> None:
    query = first_request(connector().get_email_event_report(date(2026, 1, 1), date(2026, 3, 31)))[2]
    assert (query["startDate"], query["endDate"]) == ("2026-01-01", "2026-03-31")


def test_single_day_of_events_may_be_asked_for() -> None:
    query = first_request(connector().get_email_event_report(date(2026, 1, 1), date(2026, 1, 1)))[2]
    assert (query["startDate"], query["endDate"]) == ("2026-01-01", "2026-01-01")


@pytest.mark.parametrize(
    ("first_day", "last_day", "reason"),
    [
        (date(2026, 1, 1), date(2026, 4, 1), "at most 90 days at once, not 91"),
        (date(2026, 1, 1), None, "both first_day and last_day or neither"),
        (None, date(2026, 1, 1), "both first_day and last_day or neither"),
        (date(2026, 1, 2), date(2026, 1, 1), r"last_day \(2026-01-01\) is before first_day \(2026-01-02\)"),
    ],
)
def test_impossible_event_days_are_refused(
    first_day: date | None, last_day: date | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        connector().get_email_event_report(first_day, last_day)


def test_instants_are_refused_as_event_days() -> None:
    with pytest.raises(TypeError, match="whole days"):
        connector().get_email_event_report(START, START)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
        (START, START),
    ],
)
def test_two_years_of_campaigns_may_be_asked_for(start: datetime, end: datetime) -> None:
    assert "startDate" in first_request(connector().get_email_campaigns(start=start, end=end))[2]


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (START, datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC), "at most 2 years"),
        (datetime(2024, 2, 29, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), "at most 2 years"),
        (START, None, "both start and end or neither"),
        (None, START, "both start and end or neither"),
        (START, START - timedelta(seconds=1), "is before start"),
        (START.replace(tzinfo=None), START, "no time zone"),
        (START, START.replace(tzinfo=None), "no time zone"),
    ],
)
def test_impossible_sending_times_are_refused(
    start: datetime | None, end: datetime | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        connector().get_email_campaigns(start=start, end=end)


def test_sending_times_are_refused_for_campaigns_that_are_not_sent() -> None:
    with pytest.raises(ValueError, match="status 'sent' or none, not 'draft'"):
        connector().get_email_campaigns(status="draft", start=START, end=START)


def test_contacts_are_not_asked_since_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        connector().get_contacts(modified_since=START.replace(tzinfo=None))
