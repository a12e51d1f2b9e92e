"""Routes that start an export, wait for it and fetch its files, under the policy of any other page."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import BearerAuthManager
from tidegate.http_tools.clients import AsyncHttpClient, Call, Pace, Signs, SyncHttpClient, Until
from tidegate.http_tools.exceptions import (
    CrossOriginError,
    ExportFailedError,
    NetworkError,
    ResponseTooLargeError,
    ServerError,
)
from tidegate.http_tools.lines import array_of_lines
from tidegate.http_tools.pagination import Ask, Steps
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.testing import FrozenClock, ReplayTransport, record

API, FILES = "https://api.example.com", "https://files.example.net"
WAITING = Until(Signs("status", ready={"ready"}, failed={"failure"}), Pace(first_s=0.0, cap_s=0.0))


class ApiRow(ReadContract):
    id: int


def export() -> Steps:
    begun = yield Ask(url="/exports", method="POST", body={"file_type": "json"})
    ready = yield Ask(url=f"/exports/{begun.doc['id']}", until=WAITING)
    for link in ready.doc["urls"]:
        page = yield Ask(url=link, form="json_lines", accept=frozenset({403}))
        if page.status_code == 403:
            return
        yield page


@dataclass
class Vendor:
    """Answers by script; `asked` is what came, `states` what the export says before it is ready."""

    files: list[bytes]
    states: list[str] = field(default_factory=list)
    asked: list[httpx2.Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if request.url.host == "files.example.net":
            status = self.statuses.pop(0) if self.statuses else 200
            return httpx2.Response(status, content=self.files[int(request.url.path[1:])])
        if request.method == "POST":
            return httpx2.Response(202, json={"id": "e1"})
        if self.states:
            return httpx2.Response(200, json={"status": self.states.pop(0)})
        links = [f"{FILES}/{number}?signature=s" for number in range(len(self.files))]
        return httpx2.Response(200, json={"status": "ready", "urls": links})


Make = Callable[..., Call[ApiRow]]


@pytest.fixture
def calling() -> Iterator[Make]:
    clients: list[SyncHttpClient] = []

    def make(vendor: Vendor, origins: tuple[str, ...] = (FILES,), **settings: int) -> Call[ApiRow]:
        client = SyncHttpClient(
            API,
            auth_manager=BearerAuthManager("the-token"),
            allowed_origins=origins,
            transport=httpx2.MockTransport(vendor),
            retry_strategy=ExponentialBackoffRetryStrategy(max_attempts=2, base_s=0.0),
            **settings,  # type: ignore[arg-type]
        )
        clients.append(client)
        return client.pages("GET", "/exports", reads=ApiRow, route=export)

    yield make
    for client in clients:
        client.close()


def zipped(*ids: int) -> bytes:
    return gzip.compress(b"".join(b'{"id":%d}\n' % each for each in ids))


def test_files_of_an_export_are_the_pages_of_its_listing(calling: Make) -> None:
    vendor = Vendor([zipped(1, 2), b'{"id":3}\n', b'[{"id":4}]'], states=["pending", "pending"])
    assert calling(vendor).json() == [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]
    assert [each.method for each in vendor.asked[:4]] == ["POST", "GET", "GET", "GET"]


def test_an_export_is_a_listing_on_an_event_loop_too() -> None:
    async def rows() -> list[int]:
        vendor = Vendor([zipped(1, 2), zipped(3)], states=["pending"])
        transport = httpx2.MockTransport(vendor)
        async with AsyncHttpClient(API, allowed_origins=[FILES], transport=transport) as client:
            call = client.pages("GET", "/exports", reads=ApiRow, route=export)
            return [row.id async for page in call for row in page.parse()]

    assert asyncio.run(rows()) == [1, 2, 3]


def test_a_recorded_export_plays_back(calling: Make, tmp_path: Path) -> None:
    recorded = tmp_path / "export.pages"
    assert record(calling(Vendor([zipped(1, 2), zipped(3)], states=["pending"])), recorded) == 4
    played = ReplayTransport(recorded)
    with SyncHttpClient(API, allowed_origins=[FILES], transport=played) as client:
        rows = client.pages("GET", "/exports", reads=ApiRow, route=export).json()
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert played.unplayed == []


def test_the_credential_does_not_go_to_the_files(calling: Make) -> None:
    vendor = Vendor([zipped(1)])
    calling(vendor).json()
    told = {each.url.host: "authorization" in each.headers for each in vendor.asked}
    assert told == {"api.example.com": True, "files.example.net": False}


def test_a_file_on_an_origin_that_is_not_allowed_is_not_asked_for(calling: Make) -> None:
    vendor = Vendor([zipped(1)])
    with pytest.raises(CrossOriginError):
        calling(vendor, origins=()).json()
    assert {each.url.host for each in vendor.asked} == {"api.example.com"}


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_start_is_tried_again_where_two_do_no_harm(*, repeatable: bool) -> None:
    def started() -> Steps:
        yield Ask(method="POST", body={"file_type": "json"}, repeatable=repeatable)

    asked: list[bytes] = []

    def vendor(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.content)
        return httpx2.Response(503 if len(asked) == 1 else 202, json={})

    retries = ExponentialBackoffRetryStrategy(max_attempts=2, base_s=0.0)
    with SyncHttpClient(API, transport=httpx2.MockTransport(vendor), retry_strategy=retries) as client:
        call = client.pages("GET", "/exports", reads=ApiRow, route=started)
        if repeatable:
            assert call.json() == []
        else:
            with pytest.raises(ServerError):
                call.json()
    assert asked == [b'{"file_type":"json"}'] * (2 if repeatable else 1)


def test_an_export_is_looked_at_after_a_while_and_then_less_often() -> None:
    def waiting() -> Steps:
        pace = Pace(first_s=2.0, factor=2.0, cap_s=5.0)
        yield Ask(url="/exports", method="POST", body={})
        yield Ask(url="/exports/e1", until=Until(Signs("status", ready={"ready"}), pace))

    clock = FrozenClock()
    vendor = Vendor([], states=["pending"] * 3)
    with SyncHttpClient(API, clock=clock, transport=httpx2.MockTransport(vendor)) as client:
        assert client.pages("GET", "/exports", reads=ApiRow, route=waiting).json() == []
    assert clock.slept == [2.0, 2.0, 4.0, 5.0]


def test_an_export_that_failed_is_an_error(calling: Make) -> None:
    with pytest.raises(ExportFailedError, match="failure"):
        calling(Vendor([], states=["pending", "failure"])).json()


def test_a_status_that_one_step_accepts_is_no_file(calling: Make) -> None:
    assert calling(Vendor([b"<Error>expired</Error>"], statuses=[403])).json() == []


def test_an_empty_file_has_no_rows(calling: Make) -> None:
    assert calling(Vendor([b"", gzip.compress(b""), zipped(1)])).json() == [{"id": 1}]


def test_a_gzip_file_cut_short_is_asked_for_again_and_then_an_error(calling: Make) -> None:
    vendor = Vendor([zipped(*range(1000))[:-20]])
    with pytest.raises(NetworkError, match="cut short"):
        calling(vendor).json()
    assert [each.url.host for each in vendor.asked].count("files.example.net") == 2


def test_a_bomb_is_cut_off_before_it_stands_in_memory(calling: Make) -> None:
    with pytest.raises(ResponseTooLargeError):
        calling(Vendor([gzip.compress(b" " * 30_000_000)]), max_bytes=1 << 20).json()


@pytest.mark.parametrize(
    ("body", "array"),
    [
        (b"", b"[]"),
        (b' {"a":"\\n"}\r\n\n{"b":1}', b'[{"a":"\\n"}\r,{"b":1}]'),
        (b'\n[{"a":1}]\n', b'[{"a":1}]'),
    ],
)
def test_lines_become_an_array(body: bytes, array: bytes) -> None:
    assert array_of_lines(body) == array
