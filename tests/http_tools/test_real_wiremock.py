"""Against WireMock: connections that are reset, garbage, bodies that break off or dribble, quotas."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.http_tools.driving import Driver, at_once
from tests.servers.wiremock import WireMock, wiremock
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker
from tidegate.http_tools.events import Event, Failed
from tidegate.http_tools.exceptions import (
    CircuitOpenError,
    CrossOriginError,
    HttpClientError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
)
from tidegate.http_tools.rate_limiters import HeaderRateLimiter

pytestmark = pytest.mark.extended

KEY = "a-key-that-must-not-leak"
FAULTS = ["CONNECTION_RESET_BY_PEER", "RANDOM_DATA_THEN_CLOSE", "MALFORMED_RESPONSE_CHUNK", "EMPTY_RESPONSE"]
FINE = {"status": 200, "jsonBody": {"ok": True}}


@pytest.fixture(scope="module")
def running() -> Iterator[WireMock]:
    with wiremock() as server:
        yield server


@pytest.fixture
def mock(running: WireMock) -> WireMock:
    running.reset()
    return running


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_retried(driver: Driver, mock: WireMock, fault: str) -> None:
    heard: list[Event] = []
    mock.scenario("/flaky", {"fault": fault}, {"fault": fault}, FINE)
    client = driver.client(mock.url, listeners=[heard.append])
    assert driver.request(client, "GET", "/flaky").json() == {"ok": True}
    assert len(mock.asked("/flaky")) == 3
    assert sum(isinstance(event, Failed) for event in heard) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_a_network_error_with_its_history(
    driver: Driver, mock: WireMock, fault: str
) -> None:
    mock.stub("/broken", {"fault": fault})
    client = driver.client(mock.url, retry_strategy=at_once(3), auth_manager=APIKeyAuthManager(KEY))
    with pytest.raises(NetworkError) as caught:
        driver.request(client, "GET", "/broken")
    assert [attempt.number for attempt in caught.value.history] == [1, 2, 3]
    assert KEY not in repr(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_post_that_may_have_landed_is_sent_once(driver: Driver, mock: WireMock, fault: str) -> None:
    mock.stub("/orders", {"fault": fault})
    with pytest.raises(NetworkError):
        driver.request(driver.client(mock.url), "POST", "/orders", json={"a": 1})
    assert len(mock.asked("/orders")) == 1


def test_a_dribbled_body_comes_whole(driver: Driver, mock: WireMock) -> None:
    dribble = {"numberOfChunks": 10, "totalDuration": 300}
    mock.stub("/slow", {"status": 200, "body": "x" * 1000, "chunkedDribbleDelay": dribble})
    assert driver.request(driver.client(mock.url), "GET", "/slow").text == "x" * 1000


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_body_that_dribbles_for_too_long_is_cut(driver: Driver, mock: WireMock, coding: str) -> None:
    # gzip: for most of the time nothing can be decoded, so that a deadline seen by the decoder alone is late
    dribble = {"numberOfChunks": 100, "totalDuration": 20_000}
    mock.stub("/endless", {"status": 200, "body": "x" * 1000, "chunkedDribbleDelay": dribble})
    client = driver.client(mock.url, total_timeout_s=0.6, retry_strategy=at_once(1))
    began = time.monotonic()
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/endless", headers={"accept-encoding": coding})
    assert time.monotonic() - began < 10


def test_an_answer_that_comes_too_late_is_a_timeout(driver: Driver, mock: WireMock) -> None:
    mock.stub("/late", {**FINE, "fixedDelayMilliseconds": 3000})
    client = driver.client(mock.url, timeout_s=0.3, retry_strategy=at_once(1))
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/late")


def test_a_quota_in_turns_is_waited_for(driver: Driver, mock: WireMock) -> None:
    over = {"status": 429, "headers": {"Retry-After": "1", "x-ratelimit-remaining": "0"}}
    mock.scenario("/limited", over, over, FINE)
    client = driver.client(mock.url, rate_limiter=HeaderRateLimiter())
    assert driver.request(client, "GET", "/limited").json() == {"ok": True}
    first, second, third = (int(each["loggedDate"]) for each in mock.asked("/limited"))
    assert second - first >= 950
    assert third - second >= 950


def test_a_quota_beyond_the_patience_is_told_at_once(driver: Driver, mock: WireMock) -> None:
    mock.stub("/limited", {"status": 429, "headers": {"Retry-After": "3600"}})
    with pytest.raises(RateLimitError) as caught:
        driver.request(driver.client(mock.url, max_wait_s=5), "GET", "/limited")
    assert caught.value.retry_after_s == 3600
    assert len(mock.asked("/limited")) == 1


def test_an_outage_opens_the_breaker_and_spares_the_server(driver: Driver, mock: WireMock) -> None:
    mock.stub("/down", {"status": 503})
    client = driver.client(
        mock.url, circuit_breaker=CircuitBreaker(3, recovery_s=60), retry_strategy=at_once(1)
    )
    errors: list[HttpClientError] = []
    for _ in range(8):
        with pytest.raises(HttpClientError) as caught:
            driver.request(client, "GET", "/down")
        errors.append(caught.value)
    assert len(mock.asked("/down")) == 3
    assert isinstance(errors[-1], CircuitOpenError)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_gets_nothing(driver: Driver, mock: WireMock, status: int) -> None:
    other = mock.url.replace("127.0.0.1", "localhost")
    mock.stub("/away", {"status": status, "headers": {"Location": f"{other}/stolen"}})
    mock.stub("/stolen", FINE)
    client = driver.client(mock.url, auth_manager=APIKeyAuthManager(KEY))
    with pytest.raises(CrossOriginError):
        driver.request(client, "GET", "/away")
    assert mock.asked("/stolen") == []
    allowed = driver.client(mock.url, auth_manager=APIKeyAuthManager(KEY), allowed_origins=[other])
    driver.request(allowed, "GET", "/away", headers={"x-own": "secret"})
    (seen,) = mock.asked("/stolen")
    assert KEY not in str(seen)
    assert "x-own" not in {name.lower() for name in seen["headers"]}
