"""Faults as a user meets them: what each does to a request, on both clients, by script and by seed."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.exceptions import (
    ContractError,
    HttpClientError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.retry_strategies import RetryBudget
from tidegate.testing import (
    Delay,
    Drip,
    Fault,
    FaultTransport,
    FrozenClock,
    Refuse,
    Reset,
    ResetBody,
    Status,
    Truncate,
    storm,
)

BASE = "https://api.example.com"
ROWS = [{"id": number} for number in range(95)]


class ApiRow(ReadContract):
    id: int


class Shop:
    """An API as a function of a request; counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        offset = int(request.url.params.get("offset", "0"))
        limit = int(request.url.params.get("limit", "100"))
        return httpx2.Response(200, json=ROWS[offset : offset + limit])


@pytest.mark.parametrize(
    "fault",
    [Refuse(), Reset(), Reset(delivered=True), ResetBody(3), Truncate(3), Status(503), Status(429)],
    ids=repr,
)
def test_a_passing_fault_is_retried_and_leaves_no_trace(driver: Driver, fault: Fault) -> None:
    transport = FaultTransport(Shop(), script=[fault])
    response = driver.request(driver.client(BASE, transport=transport), "GET", "/rows")
    assert response.json() == ROWS
    assert transport.done == [fault, None]


@pytest.mark.parametrize(
    ("fault", "asked"),
    [(Refuse(), 1), (Reset(), 0), (Reset(delivered=True), 1), (ResetBody(3), 1)],
    ids=["refused", "reset", "delivered", "mid-body"],
)
def test_a_post_is_sent_again_only_where_nothing_was_sent(driver: Driver, fault: Fault, asked: int) -> None:
    shop = Shop()
    client = driver.client(BASE, transport=FaultTransport(shop, script=[fault]))
    if fault == Refuse():
        assert driver.request(client, "POST", "/rows").status_code == 200
    else:
        with pytest.raises(NetworkError):
            driver.request(client, "POST", "/rows")
    assert shop.asked == asked


def test_a_fault_that_stays_is_the_error_of_the_client(driver: Driver) -> None:
    client = driver.client(BASE, transport=FaultTransport(Shop(), rate=1.0, faults=[Status(500)]))
    with pytest.raises(ServerError, match="after 6 attempts"):
        driver.request(client, "GET", "/rows")


def test_a_body_cut_in_silence_is_found_by_who_reads_it(driver: Driver) -> None:
    transport = FaultTransport(Shop(), script=[Truncate(20, noticed=False)])
    client = driver.client(BASE, transport=transport)
    with pytest.raises(ContractError, match="not JSON"):
        _ = driver.pages(client.call("GET", "/rows", reads=ApiRow))[0].doc


def test_a_delay_beyond_the_read_timeout_is_a_timeout_and_takes_no_longer(driver: Driver) -> None:
    transport = FaultTransport(Shop(), script=[Delay(3600)])
    client = driver.client(BASE, transport=transport, timeout_s=0.05, retry_strategy=at_once(1))
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/rows")


def test_a_delay_within_the_timeout_is_only_late(driver: Driver) -> None:
    client = driver.client(BASE, transport=FaultTransport(Shop(), script=[Delay(0.05)]))
    began = time.monotonic()
    assert driver.request(client, "GET", "/rows").json() == ROWS
    assert time.monotonic() - began >= 0.05


def test_a_dripping_body_ends_at_the_total_timeout(driver: Driver) -> None:
    transport = FaultTransport(Shop(), script=[Drip(0.02)])
    client = driver.client(BASE, transport=transport, total_timeout_s=0.1, retry_strategy=at_once(1))
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/rows")


def test_a_dripping_body_that_ends_is_whole(driver: Driver) -> None:
    client = driver.client(BASE, transport=FaultTransport(Shop(), script=[Drip(0.001, size=100)]))
    assert driver.request(client, "GET", "/rows").json() == ROWS


def test_delays_and_drips_go_by_a_frozen_clock(driver: Driver) -> None:
    clock = FrozenClock()
    size = len(json.dumps(ROWS, separators=(",", ":")))
    transport = FaultTransport(Shop(), script=[Delay(500), Drip(500, size=size)], clock=clock)
    client = driver.client(BASE, transport=transport, clock=clock, timeout_s=1000)
    assert driver.request(client, "GET", "/rows").json() == ROWS
    assert clock.monotonic() == 500
    assert driver.request(client, "GET", "/rows").json() == ROWS
    assert clock.monotonic() == 1000


def test_a_file_cut_in_silence_is_short(driver: Driver, tmp_path: Path) -> None:
    transport = FaultTransport(Shop(), script=[Truncate(20, noticed=False)])
    client = driver.client(BASE, transport=transport)
    assert driver.download(client, "/rows", tmp_path / "x").size == 20
    assert driver.download(client, "/rows", tmp_path / "x").size > 20


def test_a_storm_of_429_is_waited_out_by_the_clock(driver: Driver) -> None:
    clock = FrozenClock()
    transport = FaultTransport(Shop(), script=storm(3, retry_after_s=600))
    client = driver.client(BASE, transport=transport, clock=clock)
    assert driver.request(client, "GET", "/rows").json() == ROWS
    assert clock.slept == [600, 600, 600]
    assert clock.monotonic() == timedelta(minutes=30).total_seconds()


def test_a_storm_longer_than_the_patience_is_an_error_with_its_wait(driver: Driver) -> None:
    transport = FaultTransport(Shop(), script=storm(1, retry_after_s=600, headers={"x-bucket": "all"}))
    client = driver.client(BASE, transport=transport, max_wait_s=60)
    with pytest.raises(RateLimitError) as caught:
        driver.request(client, "GET", "/rows")
    assert caught.value.retry_after_s == 600


def test_a_listing_comes_whole_through_faults_by_chance(driver: Driver) -> None:
    transport = FaultTransport(Shop(), rate=0.4, seed=5)
    budget = RetryBudget(share=1.0, floor=100)
    client = driver.client(
        BASE, transport=transport, retry_strategy=at_once(20), retry_budget=budget, width=4
    )
    call = client.pages("GET", "/rows", reads=ApiRow, paginator=OffsetPaginator(10, overlap=2))
    assert [row for page in driver.pages(call) for row in page.items] == ROWS
    assert sum(fault is not None for fault in transport.done) > 3


def test_the_same_seed_brings_the_same_faults_and_another_seed_others() -> None:
    def met(seed: int) -> list[Fault | None]:
        transport = FaultTransport(Shop(), rate=0.5, seed=seed)
        for _ in range(20):
            with (
                SyncHttpClient(BASE, transport=transport, retry_strategy=at_once(1)) as client,
                suppress(HttpClientError),
            ):
                client.request("GET", "/rows")
        return transport.done

    assert met(1) == met(1)
    assert met(1) != met(2)


def test_only_the_chosen_requests_meet_faults(driver: Driver) -> None:
    transport = FaultTransport(
        Shop(), rate=1.0, faults=[Status(500)], only=lambda request: request.url.path == "/bad"
    )
    client = driver.client(BASE, transport=transport, retry_strategy=at_once(1))
    driver.request(client, "GET", "/good")
    assert transport.done == []
    with pytest.raises(ServerError):
        driver.request(client, "GET", "/bad")


def test_faults_happen_on_the_way_to_a_real_server(driver: Driver, server: Loopback) -> None:
    body = gzip.compress(json.dumps(ROWS).encode())
    server.by = lambda _: Answer(body=body, headers={"Content-Encoding": "gzip"})
    transport = FaultTransport(script=[ResetBody(10), Truncate(10), None])
    assert driver.request(driver.client(server.url, transport=transport), "GET", "/rows").json() == ROWS
    assert len(server.seen) == 3


def test_closing_the_client_closes_what_is_inside(server: Loopback) -> None:
    server.by = lambda _: as_json(ROWS)
    with SyncHttpClient(server.url, transport=FaultTransport()) as client:
        client.request("GET", "/rows")
    for _ in range(200):
        if server.connections == 0:
            break
        time.sleep(0.01)
    assert server.connections == 0


def test_a_transport_of_the_other_kind_is_told() -> None:
    with (
        SyncHttpClient(BASE, transport=FaultTransport(httpx2.AsyncHTTPTransport())) as client,
        pytest.raises(TypeError, match="AsyncHttpClient only"),
    ):
        client.request("GET", "/rows")

    async def asked() -> None:
        async with AsyncHttpClient(BASE, transport=FaultTransport(httpx2.HTTPTransport())) as client:
            await client.request("GET", "/rows")

    with pytest.raises(TypeError, match="SyncHttpClient only"):
        asyncio.run(asked())


def test_a_rate_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        FaultTransport(Shop(), rate=10)
