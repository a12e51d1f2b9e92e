"""The stand-in is as strict as the vendor: keys, quotas, parameters, pages and maxima, exports, faults."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.sandbox.sandbox_support import HandClock
from tidegate.sandbox.asgi import Answer, Request
from tidegate.sandbox.sendgrid import SendGridSandbox
from tidegate.sandbox.sendgrid.app import EXPORTS, TABLES

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
KEY = {"authorization": "Bearer k", "host": "sendgrid.example"}
QUERY = 'last_event_time BETWEEN TIMESTAMP "{}" AND TIMESTAMP "{}"'
ALL = QUERY.format("2026-01-01T00:00:00Z", "2026-04-15T12:00:00Z")


def sandbox(**settings: Any) -> SendGridSandbox:
    made = SendGridSandbox(**{"rows": 600, "now": NOW, "quota": 100_000.0, **settings})
    made.exports.origin = "http://files.example"
    return made


def get(made: SendGridSandbox, path: str, /, **params: Any) -> Answer:
    return made.handle(Request("GET", path, urlencode(params, doseq=True), KEY))


def body(made: SendGridSandbox, path: str, /, **params: Any) -> Any:
    answer = get(made, path, **params)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("key", [{}, {"authorization": "k"}, {"authorization": "Bearer other"}])
def test_without_the_key_nothing_is_told(key: dict[str, str]) -> None:
    answer = sandbox(api_key="k").handle(Request("GET", "/v3/stats", "", key))
    assert (answer.status, json.loads(answer.body)) == (
        401,
        {"errors": [{"field": None, "message": "authorization required"}]},
    )


@pytest.mark.parametrize(
    ("path", "subuser", "status"),
    [
        ("/v3/templates", "shop", 200),
        ("/v3/templates", "stranger", 403),
        ("/v3/marketing/lists", "shop", 403),
    ],
)
def test_a_subuser_is_named_where_it_may_be(path: str, subuser: str, status: int) -> None:
    asked = Request("GET", path, "page_size=1", {**KEY, "on-behalf-of": subuser})
    assert sandbox().handle(asked).status == status


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/v3/campaigns", {"limit": 101}, "limit"),
        ("/v3/campaigns", {"limit": 0}, "limit"),
        ("/v3/campaigns", {"offset": -1}, "offset"),
        ("/v3/campaigns", {"page": 1}, "page"),
        ("/v3/marketing/lists", {"page_size": 1001}, "page_size"),
        ("/v3/marketing/stats/singlesends", {"page_size": 51}, "page_size"),
        ("/v3/marketing/lists", {"page_token": "made-up"}, "page_token"),
        ("/v3/templates", {}, "page_size"),
        ("/v3/templates", {"page_size": 201}, "page_size"),
        ("/v3/templates", {"page_size": 2, "generations": "modern"}, "generations"),
        ("/v3/suppression/bounces", {"limit": 501}, "limit"),
        ("/v3/suppression/bounces", {"start_time": "2026-01-01"}, "start_time"),
        ("/v3/suppression/bounces", {"start_time": 2, "end_time": 1}, "end_time"),
        ("/v3/stats", {}, "start_date"),
        ("/v3/stats", {"start_date": "01/02/2026"}, "start_date"),
        ("/v3/stats", {"start_date": "2026-02-01", "end_date": "2026-01-01"}, "end_date"),
        ("/v3/categories/stats", {"start_date": "2026-02-01"}, "categories"),
        ("/v3/categories/stats", {"start_date": "2026-02-01", "categories": [*"abcdefghijk"]}, "categories"),
        ("/v3/categories/stats", {"start_date": "2025-02-01", "categories": "a"}, "start_date"),
        ("/v3/messages", {}, "query"),
        ("/v3/messages", {"query": ALL, "limit": 1001}, "limit"),
    ],
)  # fmt: skip
def test_what_the_vendor_would_not_take_is_refused(path: str, params: dict[str, Any], field: str) -> None:
    answer = get(sandbox(), path, **params)
    assert (answer.status, json.loads(answer.body)["errors"][0]["field"]) == (400, field)


def test_a_query_of_another_kind_is_refused_as_the_vendor_words_it() -> None:
    answer = get(sandbox(), "/v3/messages", query='bad_field="x"')
    assert (answer.status, b"invalid syntax" in answer.body) == (400, True)


@pytest.mark.parametrize(
    ("path", "key", "size", "table"),
    [
        ("/v3/marketing/singlesends", "result", 7, "single_sends"),
        ("/v3/marketing/stats/singlesends", "results", 50, "single_send_stats"),
        ("/v3/marketing/lists", "result", 23, "lists"),
    ],
)
def test_next_links_lead_through_the_whole_listing(path: str, key: str, size: int, table: str) -> None:
    made, rows, params = sandbox(), list[Any](), f"page_size={size}"
    while True:
        page = json.loads(made.handle(Request("GET", path, params, KEY)).body)
        rows += page[key]
        if "next" not in page["_metadata"]:
            break
        link = urlsplit(page["_metadata"]["next"])
        assert (link.netloc, link.path) == ("sendgrid.example", path)
        params = link.query
    assert [row["id"] for row in rows] == [row["id"] for row in made.truth(table)]


def test_a_listing_of_templates_keeps_to_its_generation() -> None:
    made = sandbox()
    page = body(made, "/v3/templates", page_size=5, generations="dynamic")
    after = json.loads(
        made.handle(Request("GET", "/v3/templates", urlsplit(page["_metadata"]["next"]).query, KEY)).body
    )
    assert {row["generation"] for row in page["result"] + after["result"]} == {"dynamic"}
    assert {row["generation"] for row in body(made, "/v3/templates", page_size=200)["result"]} == {"legacy"}


def test_times_of_suppressions_are_both_included_and_the_newest_come_first() -> None:
    made = sandbox()
    rows = body(made, "/v3/suppression/blocks")
    times = sorted({row["created"] for row in rows})
    assert [row["created"] for row in rows] == sorted((row["created"] for row in rows), reverse=True)
    some = body(made, "/v3/suppression/blocks", start_time=times[1], end_time=times[-2])
    assert {row["created"] for row in some} == set(times[1:-1])


def test_a_thousand_messages_come_and_no_word_of_the_others() -> None:
    made = sandbox(rows=1500)
    assert len(body(made, "/v3/messages", query=ALL, limit=1000)["messages"]) == 1000
    assert len(body(made, "/v3/messages", query=ALL)["messages"]) == 10


def test_six_requests_a_minute_are_granted_for_messages_and_the_reset_is_an_epoch() -> None:
    clock = HandClock()
    made = sandbox(quota=1.0, monotonic=clock, epoch=lambda: 1_700_000_000.5)
    answers = [get(made, "/v3/messages", query=ALL) for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 6 + [429]
    headers = dict(answers[-1].headers)
    assert headers[b"X-RateLimit-Remaining"] == b"0"
    assert headers[b"X-RateLimit-Reset"] == b"1700000061"
    assert get(made, "/v3/stats", start_date="2026-04-01").status == 200
    clock.now_s += 60
    assert get(made, "/v3/messages", query=ALL).status == 200


def exported(made: SendGridSandbox, **asked: Any) -> dict[str, Any]:
    """What is told of an export when it is ready."""
    begun = made.handle(Request("POST", EXPORTS, "", KEY, json.dumps(asked).encode()))
    assert begun.status == 202, begun.body
    while True:
        told: dict[str, Any] = body(made, f"{EXPORTS}/{json.loads(begun.body)['id']}")
        if told["status"] != "pending":
            return told


def fetched(made: SendGridSandbox, link: str, **headers: str) -> Answer:
    return made.handle_file(Request("GET", urlsplit(link).path, urlsplit(link).query, headers))


def test_an_export_is_pending_then_ready_and_holds_every_contact() -> None:
    made = sandbox()
    made.exports.file_rows = 70
    told = exported(made, file_type="json")
    assert (told["contact_count"], len(told["urls"])) == (300, 5)
    lines = b"".join(gzip.decompress(fetched(made, link).body) for link in told["urls"]).splitlines()
    assert [json.loads(line) for line in lines] == made.truth("contacts")


def test_an_export_is_csv_unless_asked_otherwise() -> None:
    (link,) = exported(sandbox_made := sandbox())["urls"]
    assert b"CONTACT_ID" in gzip.decompress(fetched(sandbox_made, link).body).splitlines()[0]


def test_files_know_no_key_of_the_api_and_expire() -> None:
    clock = HandClock()
    made = sandbox(monotonic=clock)
    (link,) = exported(made, file_type="json")["urls"]
    assert fetched(made, link, authorization="Bearer k").status == 400
    assert fetched(made, link.replace("0.gzip", "1.gzip")).status == 403
    assert fetched(made, link[:-1] + ("0" if link[-1] != "0" else "1")).status == 403
    assert fetched(made, link).status == 200
    clock.now_s += made.exports.links_s + 1
    assert fetched(made, link).status == 403


@pytest.mark.parametrize(
    "asked", [b"[]", b"{", b'{"file_type":"xml"}', b'{"max_file_size":0}', b'{"other":1}']
)
def test_an_export_is_asked_for_as_the_vendor_says(asked: bytes) -> None:
    assert sandbox().handle(Request("POST", EXPORTS, "", KEY, asked)).status == 400


def test_exports_that_are_not_there_and_other_methods_are_refused() -> None:
    made = sandbox()
    assert get(made, f"{EXPORTS}/none").status == 404
    assert get(made, EXPORTS).status == 405
    assert get(made, "/v3/none").status == 404
    assert made.handle(Request("POST", "/v3/stats", "", KEY)).status == 405


def test_the_same_seed_gives_the_same_account_and_another_one_another() -> None:
    one, same, other = (sandbox(rows=100, seed=seed) for seed in (1, 1, 2))
    for table in set(TABLES) - {"category_stats"}:  # made as stats are, and slow to compare
        assert one.truth(table) == same.truth(table)
        assert one.truth(table) != other.truth(table)


def test_a_share_of_requests_goes_wrong_in_several_ways() -> None:
    made = sandbox(faults=0.5, slow_s=0.0)
    answers = [get(made, "/v3/campaigns") for _ in range(200)]
    assert {429, 500, 502, 503} <= {answer.status for answer in answers}
    assert any(answer.cut_at is not None for answer in answers)
    told = made.counters()
    assert 60 < told["faults"] < 140
    assert told["by_endpoint"]["/v3/campaigns"]["requests"] == 200
