"""An export of contacts: begun, waited for, its files fetched, and what may be wrong with each step."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.connectors.sendgrid_support import FILES, connector
from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import (
    AuthenticationError,
    ContractError,
    CrossOriginError,
    ExportFailedError,
    ListingMovedError,
)
from tidegate.testing import FrozenClock


class Exports:
    """Answers as the vendor of an export does; `bodies` are the files, and what their addresses say."""

    def __init__(self, ready: dict[str, Any], files: list[tuple[int, bytes]]) -> None:
        self.ready, self.files, self.asked = ready, files, list[str]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.method} {request.url.host}")
        if request.url.host == "files.example.net":
            assert "authorization" not in request.headers
            status, body = self.files.pop(0)
            return httpx2.Response(status, content=body)
        if request.method == "POST":
            return httpx2.Response(202, json={"id": "e", "_metadata": {}})
        return httpx2.Response(200, json={"status": "ready", **self.ready})


CONTACT = b'{"contact_id":"a","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n'


def test_an_address_that_expired_is_asked_for_anew_once() -> None:
    vendor = Exports({"urls": [f"{FILES}/1"]}, [(403, b"<Error/>"), (200, CONTACT)])
    assert [row["contact_id"] for row in connector(vendor).get_contacts().json()] == ["a"]
    api, files = "GET api.sendgrid.com", "GET files.example.net"
    assert vendor.asked == ["POST api.sendgrid.com", api, files, api, files]


def test_the_start_of_an_export_is_tried_again() -> None:
    vendor, starts = Exports({"urls": [], "contact_count": 0}, []), 0

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal starts
        starts += request.method == "POST"
        return httpx2.Response(500) if starts == 1 else vendor(request)

    assert connector(answer).get_contacts().json() == []
    assert starts == 2


def test_the_first_look_comes_after_so_many_seconds() -> None:
    clock = FrozenClock()
    transport = httpx2.MockTransport(Exports({"urls": [], "contact_count": 0}, []))
    client = SyncHttpClient("https://api.sendgrid.com", transport=transport, clock=clock)
    assert SendGridConnector(client, export_look_s=7.0).get_contacts().json() == []
    assert 7.0 <= clock.monotonic() < 14.0


def test_after_that_the_new_addresses_are_asked() -> None:
    vendor = Exports({}, [(403, b"<Error/>"), (200, CONTACT), (200, CONTACT)])
    looks, asked = 0, list[str]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal looks
        if "exports/" in request.url.path:
            looks += 1
            vendor.ready = {"urls": [f"{FILES}/{looks}/{number}" for number in (1, 2)]}
        if request.url.host == "files.example.net":
            asked.append(request.url.path)
        return vendor(request)

    assert len(connector(answer).get_contacts().json()) == 2
    assert asked == ["/1/1", "/2/1", "/2/2"]


def test_storage_that_leads_back_to_the_api_gets_no_key_for_it() -> None:
    vendor, keys = Exports({"urls": [f"{FILES}/1"]}, []), list[str | None]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "files.example.net":
            return httpx2.Response(302, headers={"location": "https://api.sendgrid.com/v3/user"})
        if request.url.path == "/v3/user":
            keys.append(request.headers.get("authorization"))
            return httpx2.Response(401)
        return vendor(request)

    with pytest.raises(AuthenticationError):
        connector(answer).get_contacts().json()
    assert keys == [None]


def test_an_export_whose_files_are_gone_is_begun_anew() -> None:
    files = [(200, CONTACT), *[(403, b"")] * 2, (200, CONTACT), (200, CONTACT)]
    vendor = Exports({"urls": [f"{FILES}/1", f"{FILES}/2"]}, files)
    assert len(connector(vendor).get_contacts().json()) == 2
    assert vendor.asked.count("POST api.sendgrid.com") == 2


def test_an_export_that_has_other_files_when_asked_again_is_begun_anew() -> None:
    vendor = Exports({"urls": [f"{FILES}/1", f"{FILES}/2"]}, [(200, CONTACT), (403, b"")])

    def answer(request: httpx2.Request) -> httpx2.Response:
        if "GET files.example.net" in vendor.asked:
            vendor.ready = {"urls": [f"{FILES}/1"]}
        return vendor(request)

    with pytest.raises(ListingMovedError, match="other files"):
        list(connector(answer).get_contacts())


def test_an_export_that_is_gone_is_begun_anew() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        status, told = (202, {"id": "e"}) if request.method == "POST" else (404, {"id": "none"})
        return httpx2.Response(status, json=told)

    with pytest.raises(ListingMovedError, match="is gone"):
        list(connector(answer).get_contacts())


def test_an_export_without_contacts_has_no_rows() -> None:
    assert connector(Exports({"urls": [], "contact_count": 0}, [])).get_contacts().json() == []
    assert connector(Exports({"contact_count": 0}, [])).get_contacts().json() == []


def test_an_export_without_files_that_should_have_some_is_an_error() -> None:
    with pytest.raises(ContractError, match="neither files"):
        connector(Exports({"contact_count": 3}, [])).get_contacts().json()
    with pytest.raises(ContractError, match="neither files"):
        connector(Exports({}, [])).get_contacts().json()


def test_an_export_that_failed_is_an_error_in_the_vendors_words() -> None:
    with pytest.raises(ExportFailedError) as caught:
        connector(Exports({"status": "failure", "message": "too large"}, [])).get_contacts().json()
    assert "too large" in str(caught.value.hint)


def test_an_export_that_lies_elsewhere_names_the_setting_that_allows_it() -> None:
    vendor = Exports({"urls": ["https://bucket.example/1?signature=s"]}, [])
    with pytest.raises(CrossOriginError) as caught:
        connector(vendor).get_contacts().json()
    assert "SENDGRID_EXPORT_ORIGINS=https://bucket.example:443" in str(caught.value.hint)
    assert "signature" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("told", [3, 1])
def test_files_that_hold_another_number_of_contacts_than_were_exported_are_told(
    told: int, caplog: pytest.LogCaptureFixture
) -> None:
    vendor = Exports({"urls": [f"{FILES}/1", f"{FILES}/2"], "contact_count": told}, [(200, CONTACT)] * 2)
    assert len(connector(vendor).get_contacts().json()) == 2
    assert f"{told} contacts were exported, and the files hold 2" in caplog.text


def test_a_file_that_is_cut_short_is_an_error_that_tells_of_nobody() -> None:
    cut = b'{"email":"jane.doe@example.com","contact_id":"a'
    vendor = Exports({"urls": [f"{FILES}/1"], "contact_count": 1}, [(200, cut)])
    with pytest.raises(ContractError, match="the body is not JSON") as caught:
        connector(vendor).get_contacts().json()
    assert "jane" not in str(caught.value)


def test_a_page_of_words_in_the_place_of_a_file_is_shown() -> None:
    vendor = Exports({"urls": [f"{FILES}/1"], "contact_count": 1}, [(200, b"<html>Down</html>")])
    with pytest.raises(ContractError, match=r"it begins .*<html>Down"):
        connector(vendor).get_contacts().json()


def test_files_that_hold_as_many_contacts_as_were_exported_are_no_news(
    caplog: pytest.LogCaptureFixture,
) -> None:
    vendor = Exports({"urls": [f"{FILES}/1"], "contact_count": 1}, [(200, CONTACT)])
    connector(vendor).get_contacts().json()
    assert caplog.text == ""


@pytest.mark.parametrize("urls", ["https://files.example.net/1", {"a": 1}, [None], [5], [["x"]]])
def test_addresses_of_files_that_are_none_are_an_error(urls: Any) -> None:
    with pytest.raises(ContractError, match="no list of addresses"):
        connector(Exports({"urls": urls}, [])).get_contacts().json()


def test_the_id_of_an_export_is_one_step_of_the_path() -> None:
    asked: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.raw_path)
        told = {"id": "../../user?a=b", "status": "ready", "contact_count": 0}
        return httpx2.Response(200, json=told)

    connector(answer).get_contacts().json()
    assert asked[-1] == b"/v3/marketing/contacts/exports/..%2F..%2Fuser%3Fa%3Db"


def test_lists_and_segments_narrow_an_export() -> None:
    bodies: list[bytes] = []
    vendor = Exports({"urls": [], "contact_count": 0}, [])

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return vendor(request)

    connector(answer).get_contacts(list_ids=["l"], segment_ids=["s"]).json()
    assert bodies[0] == (b'{"list_ids":["l"],"segment_ids":["s"],"file_type":"json","max_file_size":16}')


def test_what_is_asked_for_does_not_hang_on_where_exports_may_lie() -> None:
    one, other = (connector(origins=each).get_contacts().describe() for each in ((), (FILES,)))
    assert one == other
    assert connector().get_contacts(list_ids=["l"]).describe() != one
