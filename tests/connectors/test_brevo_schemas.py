from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests import brevo_truth_more
from tidegate.connectors.brevo.schemas import (
    ApiBlockedContact,
    ApiCampaign,
    ApiContact,
    ApiEmailReport,
    ApiEvent,
    ApiFolder,
    ApiList,
    ApiSegment,
    ApiSenderIdentity,
    ApiTemplate,
)
from tidegate.connectors.brevo.schemas_sales import ApiCompany, ApiDeal
from tidegate.connectors.brevo.schemas_shop import ApiCategory, ApiOrder, ApiProduct
from tidegate.connectors.brevo.schemas_sms import ApiSmsCampaign, ApiSmsEvent
from tidegate.contracts.base import ReadContract

ROUTES: dict[str, tuple[str, type[ReadContract]]] = {
    "/emailCampaigns": ("campaigns", ApiCampaign),
    "/smtp/templates": ("templates", ApiTemplate),
    "/smtp/statistics/events": ("events", ApiEvent),
    "/contacts": ("contacts", ApiContact),
    "/senders": ("senders", ApiSenderIdentity),
    "/smtp/statistics/reports": ("reports", ApiEmailReport),
    "/smtp/blockedContacts": ("contacts", ApiBlockedContact),
    "/contacts/lists": ("lists", ApiList),
    "/contacts/folders": ("folders", ApiFolder),
    "/contacts/segments": ("segments", ApiSegment),
    "/smsCampaigns": ("campaigns", ApiSmsCampaign),
    "/transactionalSMS/statistics/events": ("events", ApiSmsEvent),
    "/orders": ("orders", ApiOrder),
    "/products": ("products", ApiProduct),
    "/categories": ("categories", ApiCategory),
}

CAMPAIGN: dict[str, Any] = {
    "id": 12,
    "name": "EN - Sales Summer 2017",
    "type": "classic",
    "status": "sent",
    "sender": {"id": 26, "name": "Marketing", "email": "marketing@mycompany.com"},
    "recipients": {"lists": [5], "exclusionLists": [13]},
    "statistics": {"globalStats": {"sent": 19887}},
    "createdAt": "2017-05-01T12:30:00Z",
    "modifiedAt": "2017-05-01T12:30:00Z",
}
TEMPLATE: dict[str, Any] = {
    "id": 5,
    "name": "ChristmasTimeTemplate",
    "subject": "Merry Christmas",
    "isActive": False,
    "tag": "Festival",
    "sender": {"id": "23", "name": "John", "email": "john.smith@example.com"},
    "createdAt": "2016-02-24T14:44:24Z",
    "modifiedAt": "2016-02-24T15:37:11Z",
}
EVENT: dict[str, Any] = {
    "event": "delivered",
    "email": "john.smith@example.com",
    "date": "2017-03-12T12:30:00Z",
    "messageId": "<201798300811.5787683@relay.domain.com>",
}
CONTACT: dict[str, Any] = {
    "id": 247,
    "emailBlacklisted": True,
    "smsBlacklisted": False,
    "listIds": [43, 58],
    "attributes": {"CITY": "Seattle"},
    "createdAt": "2017-05-01T17:05:03Z",
    "modifiedAt": "2017-05-01T17:05:03Z",
}
MORE: dict[str, type[ReadContract]] = {
    "senders": ApiSenderIdentity,
    "reports": ApiEmailReport,
    "blocked_contacts": ApiBlockedContact,
    "lists": ApiList,
    "folders": ApiFolder,
    "segments": ApiSegment,
    "sms_campaigns": ApiSmsCampaign,
    "sms_events": ApiSmsEvent,
    "orders": ApiOrder,
    "products": ApiProduct,
    "categories": ApiCategory,
}


def truth_row(name: str) -> dict[str, Any]:
    """The least that a row of these must have."""
    return brevo_truth_more.SAMPLES[name]


LEAST: list[tuple[type[ReadContract], dict[str, Any]]] = [
    (ApiCampaign, CAMPAIGN),
    (ApiTemplate, TEMPLATE),
    (ApiEvent, EVENT),
    (ApiContact, CONTACT),
    *((contract, truth_row(name)) for name, contract in MORE.items()),
]


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def official_answers(spec: dict[str, Any], path: str) -> Iterator[Any]:
    for media in spec["paths"][path]["get"]["responses"]["200"]["content"].values():
        yield from (example["value"] for example in media.get("examples", {}).values())
        if "example" in media:
            yield media["example"]


@pytest.mark.parametrize("path", ROUTES)
def test_every_official_example_is_accepted(specs: Path, path: str) -> None:
    items, contract = ROUTES[path]
    spec = json.loads((specs / "brevo" / "brevo-2026-02.json").read_bytes())
    rows = [row for answer in official_answers(spec, path) for row in answer[items]]
    assert rows
    for row in rows:
        contract.model_validate(row)


@pytest.mark.parametrize(("declared", "contract"), [("Company", ApiCompany), ("Deal", ApiDeal)])
def test_the_official_example_of_every_key_is_accepted(
    specs: Path, declared: str, contract: type[ReadContract]
) -> None:
    """Of these there is no example of an answer, but one of each key."""
    spec = json.loads((specs / "brevo" / "brevo-2026-02.json").read_bytes())
    keys = spec["components"]["schemas"][declared]["properties"]
    contract.model_validate({name: key["example"] for name, key in keys.items()})


@pytest.mark.parametrize(
    ("contract", "row", "key"), [(contract, row, key) for contract, row in LEAST for key in row]
)
def test_missing_loaded_key_is_refused_by_its_wire_name(
    contract: type[ReadContract], row: dict[str, Any], key: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        contract.model_validate(without(row, key))
    assert [(error["type"], error["loc"]) for error in refused.value.errors()] == [("missing", (key,))]


@pytest.mark.parametrize(("contract", "row"), LEAST)
def test_keys_that_nothing_loads_are_ignored(contract: type[ReadContract], row: dict[str, Any]) -> None:
    assert contract.model_validate({**row, "newAtBrevo": 1}) == contract.model_validate(row)


@pytest.mark.parametrize("key", ["lists", "exclusionLists"])
def test_missing_recipients_key_is_refused(key: str) -> None:
    row = {**CAMPAIGN, "recipients": without(CAMPAIGN["recipients"], key)}
    with pytest.raises(ValidationError, match=rf"recipients\.{key}\n"):
        ApiCampaign.model_validate(row)


@pytest.mark.parametrize("key", ["scheduledAt", "sentDate"])
def test_blank_date_of_campaign_is_none(key: str) -> None:
    campaign = ApiCampaign.model_validate({**CAMPAIGN, key: ""})
    assert (campaign.scheduled_at, campaign.sent_date) == (None, None)


def test_blank_date_is_refused_where_a_date_is_due() -> None:
    with pytest.raises(ValidationError, match="createdAt"):
        ApiCampaign.model_validate({**CAMPAIGN, "createdAt": ""})


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2017-03-12T12:30:00Z", datetime(2017, 3, 12, 12, 30, tzinfo=UTC)),
        ("2017-03-12T12:30:00.250Z", datetime(2017, 3, 12, 12, 30, 0, 250_000, tzinfo=UTC)),
        ("2017-03-12T12:30:00.000+02:00", datetime(2017, 3, 12, 10, 30, tzinfo=UTC)),
    ],
)
def test_dates_come_with_z_or_offset_and_milliseconds(sent: str, moment: datetime) -> None:
    assert ApiEvent.model_validate({**EVENT, "date": sent}).date == moment


def test_offset_of_a_date_is_kept() -> None:
    event = ApiEvent.model_validate({**EVENT, "date": "2017-03-12T12:30:00+02:00"})
    assert event.date.utcoffset() == timedelta(hours=2)


def test_date_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        ApiEvent.model_validate({**EVENT, "date": "2017-03-12T12:30:00"})


@pytest.mark.parametrize("sender_id", [26, "26"])
def test_sender_id_of_both_declared_types_is_one_string(sender_id: int | str) -> None:
    campaign = ApiCampaign.model_validate({**CAMPAIGN, "sender": {"id": sender_id}})
    assert campaign.sender.id == "26"


def test_sender_needs_no_key() -> None:
    assert ApiTemplate.model_validate({**TEMPLATE, "sender": {}}).sender.id is None


def test_unknown_status_and_type_are_accepted() -> None:
    campaign = ApiCampaign.model_validate({**CAMPAIGN, "status": "paused", "type": "newsletter"})
    assert (campaign.status, campaign.type) == ("paused", "newsletter")


@pytest.mark.parametrize("statistics", [{}, {"globalStats": None}, {"linksStats": {"http://a.example": 1}}])
def test_statistics_may_hold_no_global_stats(statistics: dict[str, Any]) -> None:
    assert ApiCampaign.model_validate({**CAMPAIGN, "statistics": statistics}).statistics.global_stats is None


def test_keys_of_global_stats_may_be_missing() -> None:
    stats = ApiCampaign.model_validate(CAMPAIGN).statistics.global_stats
    assert stats is not None
    assert (stats.sent, stats.deferred) == (19887, None)


def test_numbers_sent_as_strings_are_coerced() -> None:
    assert ApiEvent.model_validate({**EVENT, "templateId": "4"}).template_id == 4


def test_from_of_an_event_is_read() -> None:
    assert ApiEvent.model_validate({**EVENT, "from": "john@example.com"}).from_ == "john@example.com"


def test_tag_of_a_template_may_be_null() -> None:
    assert ApiTemplate.model_validate({**TEMPLATE, "tag": None}).tag is None


@pytest.mark.parametrize(
    ("contract", "stamp"), [(ApiCompany, "last_updated_at"), (ApiDeal, "last_updated_date")]
)
def test_the_time_of_the_last_change_is_required_inside_of_attributes(
    contract: type[ReadContract], stamp: str
) -> None:
    whole = {"id": "1", "attributes": {stamp: "2026-01-01T00:00:00Z", "own": 1}}
    read = contract.model_validate(whole)
    assert getattr(read, stamp) == datetime(2026, 1, 1, tzinfo=UTC)
    assert getattr(read, "attributes") == whole["attributes"]  # noqa: B009  of either contract
    for attributes in ({}, {"created_at": "2026-01-01T00:00:00Z"}):
        with pytest.raises(ValidationError, match=rf"attributes\.{stamp}\n"):
            contract.model_validate({"id": "1", "attributes": attributes})


def test_numbers_that_are_declared_strings_become_text() -> None:
    line = {"productId": 21, "quantity": 1, "price": 2}
    order = ApiOrder.model_validate({**truth_row("orders"), "id": 14, "products": [line]})
    assert (order.id, order.products[0].product_id) == ("14", "21")
    assert ApiProduct.model_validate({**truth_row("products"), "id": 7498033266862}).id == "7498033266862"
    assert (
        ApiSmsEvent.model_validate({**truth_row("sms_events"), "phoneNumber": 911059}).phone_number
        == "911059"
    )
