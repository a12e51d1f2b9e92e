"""Answers and rows that break a contract: told where, and nothing of the task lands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.command_line import Shell
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json

TOTAL = 2500  # three pages of contacts


def contact(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"person{number}@example.org",
        "emailBlacklisted": False,
        "smsBlacklisted": False,
        "listIds": [1],
        "attributes": {},
        "createdAt": "2026-01-01T00:00:00Z",
        "modifiedAt": "2026-01-02T00:00:00Z",
        **changed,
    }


def listing(
    odd: Callable[[int], dict[str, Any]] = lambda _: {}, total: int = TOTAL
) -> Callable[[Seen], Answer]:
    """Contacts as Brevo pages them; `odd` gives what differs in the contact of an id."""

    def answer(seen: Seen) -> Answer:
        first, limit = int(seen.query.get("offset", "0")), int(seen.query["limit"])
        ids = range(first + 1, min(first + limit, total) + 1)
        return as_json({"contacts": [contact(number, **odd(number)) for number in ids], "count": total})

    return answer


def only(number: int, **changed: Any) -> Callable[[int], dict[str, Any]]:
    return lambda each: changed if each == number else {}


def test_a_listing_without_fault_is_loaded(scripted: Shell, api: Loopback) -> None:
    api.by = listing()
    assert scripted.run_inside("contacts").code == 0
    assert scripted.tables() == {"brevo_contacts": TOTAL}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>down for maintenance</html>", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b'{"contacts": [{"id": 1', "the body is not JSON"),
        (b'{"people": [], "count": 0}', "the key 'contacts' is missing from the body"),
        (b"{}", "the key 'contacts' is missing from the body"),
        (b"[]", "the key 'contacts' is missing from the body: a list"),
        (b'{"contacts": {}, "count": 0}', "the key 'contacts' holds"),
        (b'{"contacts": null, "count": 0}', "the key 'contacts' holds null"),
    ],
)
def test_a_body_that_is_not_the_listing_is_a_breach(
    scripted: Shell, api: Loopback, body: bytes, said: str
) -> None:
    api.by = lambda _: Answer(body=body)
    scripted.run_inside("contacts").failed(30, "brevo.contacts: GET /contacts page 0: ", said)
    assert scripted.tables() == {}


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"emailBlacklisted": "perhaps"}, "emailBlacklisted", "valid boolean"),
        ({"createdAt": "yesterday"}, "createdAt", "valid datetime"),
        ({"createdAt": "2026-01-01T00:00:00"}, "createdAt", "timezone"),
        ({"listIds": [1, "two"]}, "listIds.1", "valid integer"),
        ({"attributes": None}, "attributes", "an object"),
    ],
)
def test_a_row_that_breaks_the_read_contract_is_named_by_page_row_and_field(
    scripted: Shell, api: Loopback, changed: dict[str, Any], field: str, reason: str
) -> None:
    api.by = listing(only(1500, **changed))
    ended = scripted.run_inside("contacts")
    ended.failed(
        30, "brevo.contacts: GET /contacts page 1: row ", f"(id 1500), ApiContact field {field}: ", reason
    )
    assert scripted.tables() == {}


def test_a_missing_field_is_named_with_what_came(scripted: Shell, api: Loopback) -> None:
    def without(seen: Seen) -> Answer:
        page = json.loads(listing()(seen).body)
        del page["contacts"][0]["listIds"]
        return as_json(page)

    api.by = without
    scripted.run_inside("contacts").failed(
        30, "page 0: row 0 (id 1), ApiContact field listIds: required, got a row with id,"
    )


def test_a_value_that_no_column_holds_is_named(scripted: Shell, api: Loopback) -> None:
    api.by = listing(only(3, id=2**70))
    scripted.run_inside("contacts").failed(30, "brevo.contacts: GET /contacts page 0", "contact_id")
    assert scripted.tables() == {}


def test_a_breach_leaves_the_table_of_an_earlier_run_as_it_was(scripted: Shell, api: Loopback) -> None:
    api.by = listing()
    assert scripted.run_inside("contacts").code == 0
    before = scripted.warehouse.read_bytes()
    api.by = listing(only(2400, id="no number"))
    scripted.run_inside("contacts").failed(30, "page 2: row ", "field id")
    assert scripted.warehouse.read_bytes() == before


def test_one_broken_task_does_not_keep_the_others_from_loading(scripted: Shell, api: Loopback) -> None:
    template = {
        "id": 1, "name": "a", "subject": "b", "isActive": True, "tag": "", "sender": {},
        "createdAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    api.by = lambda seen: (
        as_json({"templates": [template], "count": 1})
        if seen.path.endswith("/templates")
        else Answer(body=b"oops")
    )
    scripted.run_inside("contacts", "templates").failed(30, "brevo.contacts: GET /contacts page 0: ")
    assert scripted.tables() == {"brevo_templates": 1}


def test_an_endpoint_that_is_left_alone_says_what_it_failed_with(scripted: Shell, api: Loopback) -> None:
    whole = listing(total=9 * 998)
    api.by = lambda seen: whole(seen) if seen.query.get("offset", "0") == "0" else Answer(503, b"down")
    ended = scripted.run_inside("contacts", "--max-wait", "5s")
    ended.failed(20, "GET /v3/contacts", "times in a row", "it failed with: GET /v3/contacts: 503")


def test_a_mended_answer_is_asked_for_only_with_new(scripted: Shell, api: Loopback) -> None:
    api.by = listing(only(7, smsBlacklisted="?"))
    scripted.run_inside("contacts").failed(30, "row 6 (id 7)", "--new")
    api.by = listing()
    asked = len(api.seen)
    scripted.run_inside("contacts").failed(30, "row 6 (id 7)")
    assert len(api.seen) == asked, "the pages stand in the log"
    assert scripted.run_inside("contacts", "--new").code == 0


def test_a_traceback_of_a_task_is_for_debug(scripted: Shell, api: Loopback) -> None:
    api.by = lambda _: Answer(body=b"oops")
    ended = scripted.run_inside("contacts", "--debug")
    assert ended.code == 30
    assert "Traceback" in ended.err
    assert ended.err.splitlines()[-1].startswith(("error: brevo.contacts: GET /contacts page 0: ", "  "))


def test_a_vendors_text_cannot_steer_the_terminal(scripted: Shell, api: Loopback) -> None:
    api.by = lambda _: Answer(400, b"\x1b[2J\x1b]0;owned\x07 no\r\nno")
    ended = scripted.run_inside("contacts")
    ended.failed(30, r"\x1b[2J")
    assert not set("\x1b\x07\r") & set(ended.err + ended.out)
    assert len(ended.err.splitlines()) == 1


def test_a_preview_checks_as_a_run_does(scripted: Shell, api: Loopback) -> None:
    api.by = listing(only(2, id="no number"))
    scripted.inside("preview", "brevo.contacts").failed(
        30, "brevo.contacts: GET /contacts page 0: row 1 (id no number), ApiContact field id"
    )
    api.by = lambda _: as_json({"contacts": [], "count": 0})
    assert scripted.inside("preview", "brevo.contacts").out == "brevo.contacts: no rows came\n"
