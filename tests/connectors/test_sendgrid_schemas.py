from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate.connectors.sendgrid.schemas import (
    ApiBounce,
    ApiCampaign,
    ApiContact,
    ApiInvalidEmail,
    ApiList,
    ApiMessage,
    ApiSingleSend,
    ApiSpamReport,
    ApiTemplate,
    ApiUnsubscribe,
)
from tidegate.connectors.sendgrid.stats import ApiStat
from tidegate.contracts.base import ReadContract
from tidegate.contracts.personal import personal_attributes

SINGLE_SEND: dict[str, Any] = {
    "id": "27c21bbf-a12c-440b-b8bf-c526975328ca",
    "name": "Example API Created Single Send",
    "abtest": None,
    "status": "draft",
    "categories": [],
    "is_abtest": False,
    "updated_at": "2020-05-18T17:28:27Z",
    "created_at": "2020-05-18T17:28:27Z",
}
TEMPLATE: dict[str, Any] = {
    "id": "fae7c985-eb92-4b47-9987-28ec29dbc698",
    "name": "example_name",
    "generation": "legacy",
    "updated_at": "2020-11-12 12:00:09",
    "versions": [],
}
MESSAGE: dict[str, Any] = {
    "from_email": "from@test.com",
    "msg_id": "abc123",
    "subject": "something profound",
    "to_email": "to@test.com",
    "status": "processed",
    "opens_count": 0,
    "clicks_count": 0,
    "last_event_time": "2017-10-13T18:56:21Z",
    "last_timestamp": 1495064728,
}
CONTACT: dict[str, Any] = {
    "contact_id": "b3c77877",
    "created_at": "2020-06-19T10:05:25Z",
    "updated_at": "2020-07-09T02:00:14Z",
}
LEAST: list[tuple[type[ReadContract], dict[str, Any]]] = [
    (ApiCampaign, {"id": 986724, "title": "March Newsletter", "status": "Draft"}),
    (ApiSingleSend, SINGLE_SEND),
    (ApiList, {"id": "abc12312", "name": "list-name", "contact_count": 0}),
    (ApiTemplate, TEMPLATE),
    (ApiBounce, {"created": 1250337600, "email": "example@example.com"}),
    (ApiSpamReport, {"created": 1443651141, "email": "user1@example.com", "ip": "10.63.202.100"}),
    (ApiUnsubscribe, {"created": 1443651141, "email": "user1@example.com"}),
    (ApiMessage, MESSAGE),
    (ApiContact, CONTACT),
]
LEFT_OUT = {"versions", "last_timestamp"}  # may be missing


@pytest.mark.parametrize(("model", "row"), LEAST)
def test_a_key_that_is_loaded_must_be_there(model: type[ReadContract], row: dict[str, Any]) -> None:
    model.model_validate(row)
    for key in row.keys() - LEFT_OUT:
        with pytest.raises(ValidationError):
            model.model_validate({name: value for name, value in row.items() if name != key})


def test_dates_without_a_zone_are_taken_for_utc() -> None:
    assert ApiTemplate.model_validate(TEMPLATE).updated_at == datetime(2020, 11, 12, 12, 0, 9, tzinfo=UTC)
    zoned = ApiTemplate.model_validate(TEMPLATE | {"updated_at": "2020-11-12T12:00:09+02:00"})
    assert zoned.updated_at == datetime(2020, 11, 12, 10, 0, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2020-11-12", "12:00:09", "yesterday", ""])
def test_other_texts_are_no_dates(text: str) -> None:
    with pytest.raises(ValidationError):
        ApiTemplate.model_validate(TEMPLATE | {"updated_at": text})


def test_epoch_seconds_are_instants() -> None:
    made = ApiBounce.model_validate({"created": 1250337600, "email": "a@example.com", "status": ""})
    assert (made.created, made.status) == (datetime(2009, 8, 15, 12, tzinfo=UTC), None)


@pytest.mark.parametrize(("sent", "active"), [(0, False), (1, True)])
def test_a_version_is_active_where_it_says_1(sent: int, *, active: bool) -> None:
    version = {"id": "v", "name": "n", "active": sent, "updated_at": "2020-11-12 12:00:09"}
    made = ApiTemplate.model_validate(TEMPLATE | {"versions": [version]})
    assert made.versions is not None
    assert made.versions[0].active is active


def test_a_single_send_without_a_schedule_may_say_so_in_three_ways() -> None:
    for row in (SINGLE_SEND, SINGLE_SEND | {"send_at": None}, SINGLE_SEND | {"send_at": ""}):
        assert ApiSingleSend.model_validate(row).send_at is None


def test_a_count_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValidationError, match="unique_clicks"):
        ApiStat.model_validate({"date": date(2026, 1, 1), "stats": [{"metrics": {"requests": 1}}]})


@pytest.mark.parametrize(
    ("model", "personal"),
    [
        (ApiBounce, {"email", "reason"}),
        (ApiInvalidEmail, {"email", "reason"}),
        (ApiSpamReport, {"email", "ip"}),
        (ApiUnsubscribe, {"email"}),
        (ApiMessage, {"from_email", "to_email"}),
        (
            ApiContact,
            ApiContact.model_fields.keys()
            - {"contact_id", "state_province_region", "country", "created_at", "updated_at"},
        ),
    ],
)
def test_what_tells_of_a_person_is_marked(model: type[ReadContract], personal: set[str]) -> None:
    assert personal_attributes(model) == personal
