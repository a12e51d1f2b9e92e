"""What a request tells: which events in which order, to whom, and that no listener can break it."""

from __future__ import annotations

import gc
import logging
import pickle
import weakref
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from typing import Any, get_args

import pytest

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.http_tools.audience import Audience, Source
from tidegate.http_tools.auth import APIKeyAuthManager, OAuth2AuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, PerEndpointCircuitBreaker
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.events import (
    Answered,
    BreakerChanged,
    Event,
    Failed,
    Redirected,
    Retrying,
    Sent,
    TokenRefreshed,
    Waiting,
)
from tidegate.http_tools.exceptions import HttpStatusError, NetworkError
from tidegate.http_tools.policy import Terms
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter

KEY = "a-secret-key-0123456789"
EVENTS: list[Event] = [
    Waiting("GET /x", 2.0),
    Sent("GET /x", "GET", "https://api.example.com/x"),
    Answered("GET /x", 200, 2, 0.0, 0.1, Sent("GET /x", "GET", "https://api.example.com/x", 1)),
    Failed("GET /x", "ReadTimeout", 1.0, Sent("GET /x")),
    Retrying("GET /x", 1, "503", 0.5),
    Redirected("GET /x", 302, "https://api.example.com/y"),
    TokenRefreshed("https://login.example.com/token", 3600.0, "rejected"),
    BreakerChanged("GET api.example.com/x", "closed", "open", 5),
]


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_request_without_trouble_tells_two_events(driver: Driver, server: Loopback) -> None:
    heard: list[Event] = []
    server.script(Answer(body=b'{"a": 1}'))
    client = driver.client(f"{server.url}/v1", listeners=[heard.append])
    driver.request(client, "GET", "/items", params={"page": 1})
    sent, answered = heard
    assert sent == Sent("GET /v1/items", "GET", f"{server.url}/v1/items", 0)
    assert isinstance(answered, Answered)
    assert (answered.status_code, answered.size, answered.sent) == (200, 8, sent)
    assert 0 < answered.duration_s < 30


def test_a_retry_a_redirect_and_a_failure_are_told_in_their_order(driver: Driver, server: Loopback) -> None:
    heard: list[Event] = []
    server.script(
        Answer(status=503),
        Answer(hang_up=True),
        Answer(status=302, headers={"Location": "/other?token=of-the-vendor"}),
        Answer(),
    )
    driver.request(driver.client(server.url, listeners=[heard.append]), "GET", "/items")
    assert kinds(heard) == [
        "Sent", "Answered", "Retrying", "Sent", "Failed", "Retrying", "Sent", "Answered", "Redirected",
        "Sent", "Answered",
    ]  # fmt: skip
    assert [event.resend for event in heard if isinstance(event, Sent)] == [0, 1, 2, 3]
    assert [event.target for event in heard if isinstance(event, Redirected)] == [f"{server.url}/other"]
    assert [event.attempt for event in heard if isinstance(event, Retrying)] == [1, 2]


def test_a_wait_for_quota_is_told_before_it_is_waited(server: Loopback) -> None:
    heard: list[Event] = []
    limiter = SlidingWindowLimiter(1, 0.05)
    with SyncHttpClient(server.url, rate_limiter=limiter, listeners=[heard.append]) as client:
        client.request("GET", "/a")
        client.request("GET", "/b")
    assert kinds(heard)[:3] == ["Sent", "Answered", "Waiting"]
    waits = [event.seconds for event in heard if isinstance(event, Waiting)]
    assert all(0 < wait <= 0.05 for wait in waits)
    last = heard[-1]
    assert isinstance(last, Answered)
    assert last.waited_s > 0


def test_the_listener_of_one_call_hears_beside_those_of_the_client(server: Loopback) -> None:
    of_client: list[Event] = []
    of_call: list[Event] = []
    with SyncHttpClient(server.url, listeners=[of_client.append]) as client:
        client.drive(client.flow("GET", "/a", terms=Terms(listener=of_call.append)))
        client.request("GET", "/b")
    assert kinds(of_call) == ["Sent", "Answered"]
    assert kinds(of_client) == ["Sent", "Answered"] * 2


def test_a_listener_that_raises_breaks_no_request_and_is_named_once(
    driver: Driver, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Event] = []

    def clumsy(event: Event) -> None:
        raise RuntimeError(f"not to be logged: {KEY}")

    client = driver.client(server.url, listeners=[clumsy, heard.append])
    with caplog.at_level(logging.WARNING, "tidegate.http"):
        driver.request(client, "GET", "/a")
        driver.request(client, "GET", "/b")
    told = [record for record in caplog.records if "clumsy" in record.getMessage()]
    assert len(told) <= 1  # once a process: the other driver may have been first
    assert KEY not in caplog.text
    assert kinds(heard) == ["Sent", "Answered"] * 2


def test_a_listener_that_is_interrupted_stops_the_request(server: Loopback) -> None:
    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    limiter = SlidingWindowLimiter(1, 3600)
    with (
        SyncHttpClient(server.url, rate_limiter=limiter, listeners=[interrupted]) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        client.request("GET", "/a")
    assert server.seen == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("answer", [Answer(status=500), Answer(hang_up=True)], ids=["status", "network"])
def test_no_event_and_no_record_holds_a_credential_or_a_query(
    driver: Driver, server: Loopback, answer: Answer, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Event] = []
    server.by = lambda _: answer
    client = driver.client(
        server.url,
        auth_manager=APIKeyAuthManager(KEY),
        rate_limiter=SlidingWindowLimiter(1, 0.01),
        listeners=[heard.append],
        retry_strategy=at_once(3),
    )
    params = {"email": "someone@example.com", "key": KEY}
    with (
        caplog.at_level(logging.DEBUG, "tidegate.http"),
        pytest.raises((HttpStatusError, NetworkError)),
    ):
        driver.request(client, method, f"/users/{KEY}", params=params)
    shown = repr(heard) + caplog.text + repr([vars(record) for record in caplog.records])
    assert KEY not in shown
    assert "someone" not in shown
    assert kinds(heard)[0] == "Sent"
    assert ("Retrying" in kinds(heard)) is (method == "GET")


def test_every_event_can_be_pickled_and_compared_and_not_changed() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert pickle.loads(pickle.dumps(EVENTS)) == EVENTS
    for event in EVENTS:
        with pytest.raises(FrozenInstanceError):
            setattr(event, fields(event)[0].name, "another")


@pytest.mark.parametrize("event", EVENTS, ids=kinds(EVENTS))
def test_every_event_becomes_a_record_with_its_fields(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tidegate.http"):
        Audience()(event)
    (record,) = caplog.records
    assert record.getMessage()
    names = {name for name in type(event).__dataclass_fields__ if getattr(event, name) is not None}
    assert names - {"sent"} <= set(vars(record))
    assert vars(record)["event"].replace("_", "") == type(event).__name__.lower()


def test_levels_tell_trouble_from_the_ordinary(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tidegate.http"):
        for event in [*EVENTS, Waiting("GET /x", 0.1), BreakerChanged("", "half-open", "closed")]:
            Audience()(event)
    assert [record.levelname for record in caplog.records] == [
        "INFO", "DEBUG", "DEBUG", "DEBUG", "INFO", "INFO", "INFO", "WARNING", "DEBUG", "INFO",
    ]  # fmt: skip


def test_importing_configures_no_logging() -> None:
    assert logging.getLogger("tidegate.http").handlers == []
    assert logging.getLogger("tidegate.http").level == logging.NOTSET


def test_a_shared_source_tells_each_client_that_follows_and_keeps_none_alive() -> None:
    source = Source()
    heard: list[str] = []
    stays, goes = Audience([lambda _: heard.append("stays")]), Audience([lambda _: heard.append("goes")])
    for each in (stays, goes):
        source.follow(each)
    source.tell(EVENTS[-1])
    assert sorted(heard) == ["goes", "stays"]
    gone = weakref.ref(goes)
    del goes, each
    gc.collect()
    assert gone() is None
    heard.clear()
    source.tell(EVENTS[-1])
    assert heard == ["stays"]


def test_an_event_nobody_wants_is_not_made(monkeypatch: pytest.MonkeyPatch, server: Loopback) -> None:
    made: list[Any] = []
    told: Callable[[Any, Event], None] = lambda _, event: made.append(event)  # noqa: E731
    monkeypatch.setattr(Audience, "__call__", told)
    with SyncHttpClient(server.url) as client:
        client.request("GET", "/a")
    assert made == []


@pytest.mark.parametrize("kind", [CircuitBreaker, PerEndpointCircuitBreaker])
def test_a_breaker_that_opens_is_told_to_the_listeners_of_its_client(
    driver: Driver, server: Loopback, kind: Callable[..., Any]
) -> None:
    heard: list[Event] = []
    server.by = lambda _: Answer(status=500)
    client = driver.client(
        server.url, circuit_breaker=kind(2), retry_strategy=at_once(2), listeners=[heard.append]
    )
    with pytest.raises(HttpStatusError):
        driver.request(client, "GET", "/contacts/7")
    (change,) = (event for event in heard if isinstance(event, BreakerChanged))
    assert (change.before, change.after, change.failures) == ("closed", "open", 2)


def test_a_new_token_is_told_to_the_listeners_of_its_client_without_the_token(
    driver: Driver, server: Loopback
) -> None:
    heard: list[Event] = []
    token = as_json({"access_token": "a-token-nobody-may-see", "expires_in": 3600, "token_type": "Bearer"})
    server.by = lambda seen: token if seen.path == "/token" else Answer()
    auth = OAuth2AuthManager(token_url=f"{server.url}/token", client_id="us", client_secret=KEY)
    client = driver.client(server.url, auth_manager=auth, listeners=[heard.append])
    driver.request(client, "GET", "/items")
    (refreshed,) = (event for event in heard if isinstance(event, TokenRefreshed))
    assert refreshed.lifetime_s == 3600
    assert "a-token-nobody" not in repr(heard)
    assert KEY not in repr(heard)
