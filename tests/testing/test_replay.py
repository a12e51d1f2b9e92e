"""A page log plays the vendor: what was recorded is answered, anything else is refused with the nearest."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tidegate
from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.contracts.base import ReadContract
from tidegate.engine.exceptions import DamagedStateError
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import AsyncHttpClient, Call, HttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import NotFoundError
from tidegate.http_tools.pagination import (
    Ask,
    CursorPaginator,
    LinkHeaderPaginator,
    NextUrlPaginator,
    OffsetPaginator,
    Paginator,
    Steps,
)
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running
from tidegate.testing import (
    FaultTransport,
    ReplayTransport,
    Reset,
    UnrecordedRequestError,
    record,
    record_async,
)

KEY = "a-key-of-the-tests-0123"
ROWS = [{"id": number} for number in range(25)]


class ApiRow(ReadContract):
    id: int


def listing(client: HttpClient, state: str = "open", body: object = None) -> Call[ApiRow]:
    return client.pages(
        "GET" if body is None else "POST",
        "/rows",
        reads=ApiRow,
        paginator=OffsetPaginator(10, overlap=0),
        params={"state": state, "tags": ["a", "b"]},
        json=body,
    )


@pytest.fixture
def cassette(server: Loopback, tmp_path: Path) -> Path:
    server.by = lambda seen: as_json(ROWS[int(seen.query["offset"]) :][:10])
    path = tmp_path / "rows.pages"
    auth = APIKeyAuthManager(KEY)
    with SyncHttpClient(f"{server.url}/v1", auth_manager=auth) as client:
        assert record(listing(client), path) == 3
    return path


def test_what_was_recorded_plays_for_both_clients_and_any_origin(driver: Driver, cassette: Path) -> None:
    transport = ReplayTransport(cassette)
    client = driver.client("https://api.example.com/v1", transport=transport)
    pages = driver.pages(listing(client))
    assert [row for page in pages for row in page.items] == ROWS
    assert transport.unplayed == []


def test_a_recording_on_an_event_loop_is_the_same(server: Loopback, cassette: Path, tmp_path: Path) -> None:
    async def again(path: Path) -> int:
        async with AsyncHttpClient(f"{server.url}/v1", auth_manager=APIKeyAuthManager(KEY)) as client:
            return await record_async(listing(client), path)

    assert asyncio.run(again(tmp_path / "again.pages")) == 3
    assert (tmp_path / "again.pages").read_bytes() == cassette.read_bytes()
    with pytest.raises(FileExistsError):
        asyncio.run(again(cassette))
    server.by = lambda _: Answer(status=404)
    with pytest.raises(NotFoundError):
        asyncio.run(again(tmp_path / "failed.pages"))
    assert not (tmp_path / "failed.pages").exists()


def test_a_route_is_recorded_with_the_pages_that_only_show_the_way(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    def one_by_one() -> Steps:
        page = yield Ask({"ids": [1, 2]})
        assert page.status_code == 404
        yield (yield Ask({"ids": 1}))

    def books(client: HttpClient) -> Call[ApiRow]:
        return client.pages("GET", "/books", reads=ApiRow, route=one_by_one, accept={404})

    server.script(Answer(status=404), as_json([{"id": 1}]))
    path = tmp_path / "books.pages"
    with SyncHttpClient(server.url) as client:
        assert record(books(client), path) == 2
    transport = ReplayTransport(path)
    (page,) = driver.pages(books(driver.client("https://api.example.com", transport=transport)))
    assert (page.items, transport.unplayed) == ([{"id": 1}], [])


def test_a_cassette_is_private_and_holds_no_credential(cassette: Path) -> None:
    assert stat.S_IMODE(cassette.stat().st_mode) == 0o600
    assert KEY.encode() not in cassette.read_bytes()


def test_another_request_is_refused_with_the_nearest_and_not_retried(driver: Driver, cassette: Path) -> None:
    client = driver.client("https://api.example.com/v1", transport=ReplayTransport(cassette))
    with pytest.raises(UnrecordedRequestError, match=r"nearest that is: GET /v1/rows\?") as caught:
        driver.pages(listing(client, state="closed"))
    assert "state=closed" in str(caught.value)
    assert caught.value.history == ()


def test_another_path_is_refused_with_those_there_are(driver: Driver, cassette: Path) -> None:
    client = driver.client("https://api.example.com/v2", transport=ReplayTransport(cassette))
    with pytest.raises(UnrecordedRequestError, match="they have GET /v1/rows"):
        driver.pages(listing(client))


def test_the_order_of_a_query_does_not_count(cassette: Path) -> None:
    with SyncHttpClient("https://api.example.com/v1", transport=ReplayTransport(cassette)) as client:
        asked = client.request("GET", "/rows?offset=0&tags=b&limit=10&tags=a&state=open")
    assert asked.json() == ROWS[:10]


def test_a_search_whose_cursor_is_in_the_body_plays(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    def search(seen: Seen) -> Answer:
        at = json.loads(seen.body).get("after", 0)
        return as_json({"rows": ROWS[at : at + 10], "after": at + 10 if at < 20 else None})

    def hits(client: HttpClient) -> Call[ApiRow]:
        paginator = CursorPaginator("after", "after", where="body")
        return client.pages(
            "POST", "/find", reads=ApiRow, items="rows", json={"state": "open"}, paginator=paginator
        )

    server.by, path = search, tmp_path / "hits.pages"
    with SyncHttpClient(server.url) as client:
        assert record(hits(client), path) == 3
    transport = ReplayTransport(path)
    pages = driver.pages(hits(driver.client("https://api.example.com", transport=transport)))
    assert [row for page in pages for row in page.items] == ROWS
    assert transport.unplayed == []


def test_a_body_counts_and_its_order_does_not(server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: as_json(ROWS[:5])
    path = tmp_path / "search.pages"
    with SyncHttpClient(server.url) as client:
        record(listing(client, body={"a": 1, "b": [2]}), path)
    with SyncHttpClient("https://api.example.com", transport=ReplayTransport(path)) as client:
        assert len(listing(client, body={"b": [2], "a": 1}).json()) == 5
        with pytest.raises(UnrecordedRequestError, match="another body"):
            listing(client, body={"a": 2}).json()


def test_a_name_of_the_query_may_be_left_out_of_the_comparison(cassette: Path) -> None:
    transport = ReplayTransport(cassette, ignored=["api_key", "state"])
    with SyncHttpClient("https://api.example.com/v1", transport=transport) as client:
        assert listing(client, state="closed").json() == ROWS


@pytest.mark.parametrize(
    "paginator", [NextUrlPaginator("next"), LinkHeaderPaginator()], ids=["body", "header"]
)
def test_a_listing_by_links_plays_under_the_address_it_was_recorded_at(
    driver: Driver, server: Loopback, tmp_path: Path, paginator: Paginator
) -> None:
    def answer(seen: Seen) -> Answer:
        page = int(seen.query.get("page", "1"))
        link = f"{server.url}/rows?page={page + 1}" if page < 3 else None
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        rows = ROWS[(page - 1) * 10 : page * 10]
        by_body = isinstance(paginator, NextUrlPaginator)
        return as_json({"rows": rows, "next": link}) if by_body else as_json(rows, headers=headers)

    def rows(client: HttpClient) -> Call[ApiRow]:
        items = "rows" if isinstance(paginator, NextUrlPaginator) else None
        return client.pages("GET", "/rows", reads=ApiRow, items=items, paginator=paginator)

    server.by = answer
    path = tmp_path / "rows.pages"
    with SyncHttpClient(server.url) as client:
        assert record(rows(client), path) == 3
    asked = len(server.seen)
    transport = ReplayTransport(path)
    pages = driver.pages(rows(driver.client(server.url, transport=transport)))
    assert [row for page in pages for row in page.items] == ROWS
    assert transport.unplayed == []
    assert len(server.seen) == asked


def test_a_status_that_is_data_is_played_as_it_came(server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(status=404, body=b"[]")
    path = tmp_path / "missing.pages"
    with SyncHttpClient(server.url) as client:
        record(client.call("GET", "/rows/7", reads=ApiRow, accept={404}), path)
    with SyncHttpClient("https://api.example.com", transport=ReplayTransport(path)) as client:
        assert client.call("GET", "/rows/7", reads=ApiRow, accept={404}).send().status_code == 404
        with pytest.raises(NotFoundError):
            client.request("GET", "/rows/7")


def test_faults_and_a_recording_go_together(driver: Driver, cassette: Path) -> None:
    transport = FaultTransport(ReplayTransport(cassette), script=[Reset(), None, Reset()])
    client = driver.client("https://api.example.com/v1", transport=transport, width=1)
    assert [row for page in driver.pages(listing(client)) for row in page.items] == ROWS


def test_a_recording_is_not_written_over_and_a_failed_one_leaves_nothing(
    server: Loopback, cassette: Path, tmp_path: Path
) -> None:
    with SyncHttpClient(server.url) as client:
        with pytest.raises(FileExistsError):
            record(listing(client), cassette)
        server.by = lambda _: Answer(status=404)
        with pytest.raises(NotFoundError):
            record(listing(client), tmp_path / "failed.pages")
    assert not (tmp_path / "failed.pages").exists()


def test_the_page_logs_of_a_run_play_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIDEGATE_HOME", raising=False)
    monkeypatch.setenv("BREVO_API_KEY", KEY)
    monkeypatch.setenv("BREVO_QUOTA", "100000")
    with running(BrevoSandbox(rows=300, quota=100_000)) as origin:
        monkeypatch.setenv("BREVO_BASE_URL", f"{origin}/v3")
        report = tidegate.run("brevo", "contacts", to="one.duckdb")
    logs = sorted((tmp_path / ".tidegate").rglob("*.pages"))
    assert logs
    transport = ReplayTransport(tmp_path / ".tidegate")
    with SyncHttpClient("https://api.brevo.com/v3", transport=transport) as client:
        contacts = BrevoConnector(client).get_contacts(datetime(2010, 1, 1, tzinfo=UTC)).json()
    assert len(contacts) == report.tasks[0].rows_loaded
    assert transport.unplayed == []


def test_a_text_in_the_place_of_names_is_refused(cassette: Path) -> None:
    with pytest.raises(TypeError, match="a collection of names"):
        ReplayTransport(cassette, ignored="api_key")


def test_what_is_no_page_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pages").write_bytes(b"not a page log at all, but long enough to be read as one")
    with pytest.raises(DamagedStateError, match="no page log"):
        ReplayTransport(tmp_path / "x.pages")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="no page log"):
        ReplayTransport(empty)
