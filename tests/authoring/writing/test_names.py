"""How an API's spelling becomes Python's, and which names listings get."""

from __future__ import annotations

import pytest

from tidegate.authoring.writing.names import named
from tidegate.authoring.writing.personal import looks_personal
from tidegate.authoring.writing.words import attribute, line, singular, snake


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HTMLContent", "html_content"),
        ("URLs", "urls"),
        ("appleMppOpens", "apple_mpp_opens"),
        ("address1", "address1"),
        ("opens7d", "opens7d"),
        ("2fa", "field_2fa"),
        ("@odata.type", "odata_type"),
        ("\u00e9t\u00e9", "ete"),
        ("\u65e5\u672c", "field"),
        ("", "field"),
    ],
)
def test_names_are_in_snake_case(text: str, name: str) -> None:
    assert snake(text) == name


@pytest.mark.parametrize(
    ("name", "held"),
    [("from", "from_"), ("copy", "copy_"), ("model_dump", "field_model_dump"), ("list", "list_")],
)
def test_no_field_hides_what_python_or_pydantic_needs(name: str, held: str) -> None:
    assert attribute(name) == held


def test_names_that_differ_by_case_alone_get_numbers() -> None:
    assert attribute("ab", ["AB", "ab_2"]) == "ab_3"


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("email_campaigns", "email_campaign"),
        ("companies", "company"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("boxes", "box"),
        ("sms", "sms"),
        ("stats", "stats"),
        ("status", "status"),
    ],
)
def test_one_of_several(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_the_first_sentence_of_a_description_fits_its_line() -> None:
    assert line("**Name** of it,\n as <b>shown</b>. More of it.", 80) == "Name of it, as shown"
    assert line("See [the docs](https://example.com/x) e.g. here", 80) == "See the docs e.g. here"
    cut = line("word " * 50, 40)
    assert len(cut) <= 40
    assert cut.endswith("word ...")


PATHS = (
    "/v3/lists",
    "/v3/lists/{id}",
    "/v3/lists/{id}/contacts",
    "/v3/contacts",
    "/v3/sms/statistics/events",
    "/v3/mail/statistics/events",
    "/v3/run",
)


def test_the_ending_of_a_file_is_no_part_of_a_name() -> None:
    found = named("shop", ["/orders.json", "/orders/{id}.json"], [])
    assert [each.plural for each in found.values()] == ["orders", "order"]


def test_a_listing_has_the_shortest_name_that_is_its_own() -> None:
    assert [each.plural for each in named("shop", PATHS, PATHS).values()] == [
        "lists",
        "list_",
        "list_contacts",
        "contacts",
        "sms_statistics_events",
        "mail_statistics_events",
        "run",
    ]


@pytest.mark.parametrize("path", PATHS)
def test_a_name_does_not_hang_on_which_listings_are_written(path: str) -> None:
    together = named("shop", PATHS, PATHS)[path]
    assert named("shop", [path], PATHS)[path].plural == together.plural


@pytest.mark.parametrize(
    ("name", "kind", "within", "expected"),
    [
        ("email", "str", "ApiContact", True),
        ("firstName", "str", "ApiThing", True),
        ("name", "str", "ApiSender", True),
        ("name", "str", "ApiCampaign", False),
        ("phone", "int", "ApiThing", True),
        ("email", "int", "ApiStats", False),
        ("email_template_name", "str", "ApiThing", False),
        ("emailBlacklisted", "bool", "ApiContact", False),
        ("birthday", "date", "ApiContact", True),
        ("mobile", "dict", "ApiStatsByDevice", False),
        ("address", "dict", "ApiOrder", True),
    ],
)
def test_what_looks_personal_by_its_name(name: str, kind: str, within: str, expected: bool) -> None:
    assert looks_personal(name, kind, within) == expected


def test_an_address_in_an_example_is_personal_whatever_its_name() -> None:
    assert looks_personal("login", "str", "ApiThing", ["ann@example.com"])
    assert not looks_personal("messageId", "str", "ApiThing", ["<20.57@relay.example.com>"])
