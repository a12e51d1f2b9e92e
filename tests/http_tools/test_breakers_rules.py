"""Other rules for opening, other keys, who is told, and who waits for whose probe."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, Driver, World, at_once
from tests.http_tools.loopback import Answer, Loopback, Seen
from tidegate.http_tools.circuit_breakers import (
    CircuitBreaker,
    FailureRate,
    PerEndpointCircuitBreaker,
    PerOriginCircuitBreaker,
    State,
    Verdict,
)
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.events import BreakerChanged, Event
from tidegate.http_tools.exceptions import CircuitOpenError, ServerError
from tidegate.http_tools.policy import Policy, request_flow


def get(path: str = "/x", host: str = "api.test") -> httpx2.Request:
    return httpx2.Request("GET", f"http://{host}{path}")


def state_of(breaker: CircuitBreaker) -> State:
    return breaker.state


# -- a share of failures


def test_a_share_of_failures_opens_it() -> None:
    breaker = CircuitBreaker(rule=FailureRate(0.5, min_calls=4, window_s=60))
    for verdict in (Verdict.OK, Verdict.FAILED, Verdict.OK):
        breaker.enter()(verdict)
        assert state_of(breaker) is State.CLOSED
    breaker.enter()(Verdict.FAILED)
    assert state_of(breaker) is State.OPEN
    with pytest.raises(CircuitOpenError, match="failed 2 of 4 times"):
        breaker.enter()


def test_a_few_calls_say_nothing_of_a_share() -> None:
    breaker = CircuitBreaker(rule=FailureRate(0.1, min_calls=4))
    for _ in range(3):
        breaker.enter()(Verdict.FAILED)
    assert breaker.state is State.CLOSED


def test_calls_that_left_the_window_do_not_count() -> None:
    clock = Clock()
    breaker = CircuitBreaker(rule=FailureRate(0.5, min_calls=2, window_s=10), clock=clock)
    breaker.enter()(Verdict.FAILED)
    clock.now += 10
    breaker.enter()(Verdict.OK)
    breaker.enter()(Verdict.OK)
    breaker.enter()(Verdict.FAILED)
    assert breaker.state is State.CLOSED


def test_after_recovery_the_share_begins_anew() -> None:
    clock = Clock()
    breaker = CircuitBreaker(recovery_s=5, rule=FailureRate(0.5, min_calls=2), clock=clock)
    for _ in range(2):
        breaker.enter()(Verdict.FAILED)
    clock.now += 5
    breaker.enter()(Verdict.OK)
    breaker.enter()(Verdict.FAILED)
    assert breaker.state is State.CLOSED


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=80))
def test_it_opens_exactly_when_the_share_of_the_window_is_reached(calls: list[tuple[bool, float]]) -> None:
    clock = Clock()
    breaker = CircuitBreaker(rule=FailureRate(0.5, min_calls=5, window_s=30), clock=clock)
    seen: list[tuple[float, bool]] = []
    for failed, later in calls:
        clock.now += later
        breaker.enter()(Verdict.FAILED if failed else Verdict.OK)
        seen = [each for each in (*seen, (clock.now, failed)) if each[0] > clock.now - 30]
        failures = sum(each for _, each in seen)
        if failed and len(seen) >= 5 and failures >= 0.5 * len(seen):
            assert breaker.state is State.OPEN
            return
        assert state_of(breaker) is State.CLOSED


@pytest.mark.parametrize("settings", [(0, 1, 1), (1.1, 1, 1), (0.5, 0, 1), (0.5, 1, 0)])
def test_a_rate_that_makes_no_sense_is_refused(settings: tuple[float, int, float]) -> None:
    with pytest.raises(ValueError, match="a failure rate needs"):
        FailureRate(*settings)


# -- verdicts of an earlier time


def test_an_answer_from_before_it_opened_does_not_close_it() -> None:
    breaker = CircuitBreaker(1, 30)
    early, late = breaker.enter(), breaker.enter()
    early(Verdict.FAILED)
    late(Verdict.OK)
    assert breaker.state is State.OPEN


def test_a_failure_from_before_it_opened_does_not_keep_it_open() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 30, clock=clock)
    early, late = breaker.enter(), breaker.enter()
    early(Verdict.FAILED)
    clock.now += 29
    late(Verdict.FAILED)
    clock.now += 1
    assert breaker.state is State.HALF_OPEN


# -- keys


def test_each_origin_has_its_own() -> None:
    breaker = PerOriginCircuitBreaker(1)
    breaker.for_request(get("/a")).enter()(Verdict.FAILED)
    with pytest.raises(CircuitOpenError):
        breaker.for_request(get("/b")).enter()
    breaker.for_request(get("/a", "other.test")).enter()
    assert breaker.states == {"http://api.test:80": State.OPEN, "http://other.test:80": State.CLOSED}


def test_ids_that_look_like_words_need_a_pattern() -> None:
    breaker = PerEndpointCircuitBreaker(patterns=["GET /shops/{name}/orders"])
    assert breaker.for_request(get("/shops/rome/orders")) is breaker.for_request(get("/shops/oslo/orders"))
    assert breaker.for_request(get("/shops/rome")) is not breaker.for_request(get("/shops/oslo"))
    assert next(iter(breaker.states)) == "GET /shops/{name}/orders on api.test"


def test_endpoints_that_are_never_asked_again_do_not_pile_up() -> None:
    breaker = PerEndpointCircuitBreaker(1)
    breaker.for_request(get("/shops/down")).enter()(Verdict.FAILED)
    for number in range(3000):
        breaker.for_request(get(f"/shops/n-{number}"))
        breaker.for_request(get("/shops/down"))
    assert len(breaker.states) == 2048
    assert breaker.states["GET api.test/shops/down"] is State.OPEN


# -- who is told


def test_a_listener_hears_every_change() -> None:
    clock, heard = Clock(), list[Event]()
    breaker = CircuitBreaker(2, 30, name="x", listener=heard.append, clock=clock)
    breaker.enter()(Verdict.FAILED)
    breaker.enter()(Verdict.FAILED)
    clock.now += 30
    breaker.enter()(Verdict.FAILED)
    clock.now += 30
    breaker.enter()(Verdict.NOTHING)
    breaker.enter()(Verdict.OK)
    assert heard == [
        BreakerChanged("x", "closed", "open", 2),
        BreakerChanged("x", "open", "half-open", 2),
        BreakerChanged("x", "half-open", "open", 3),
        BreakerChanged("x", "open", "half-open", 3),
        BreakerChanged("x", "half-open", "closed", 3),
    ]


def test_a_listener_may_ask_the_breaker() -> None:
    states: list[State] = []
    breaker = CircuitBreaker(1, listener=lambda _: states.append(breaker.state))
    breaker.enter()(Verdict.FAILED)
    assert states == [State.OPEN]


def test_a_clients_listeners_hear_of_its_endpoints(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(500)
    heard: list[Event] = []
    own: list[Event] = []
    breaker = PerEndpointCircuitBreaker(1, listener=own.append)
    client = driver.client(
        server.url, circuit_breaker=breaker, listeners=[heard.append], retry_strategy=at_once(1)
    )
    with pytest.raises(ServerError):
        driver.request(client, "GET", "/contacts/17")
    changes = [each for each in heard if isinstance(each, BreakerChanged)]
    assert changes == own == [BreakerChanged("GET 127.0.0.1/contacts/{id}", "closed", "open", 1)]


# -- while a probe is out


def test_who_finds_a_probe_out_waits_for_it_and_keeps_its_attempts(server: Loopback) -> None:
    probing, answer_now = threading.Event(), threading.Event()

    def by(_: Seen) -> Answer:
        probing.set()
        answer_now.wait(5)
        return Answer()

    server.by = by
    breaker = CircuitBreaker(1, 0.01)
    breaker.enter()(Verdict.FAILED)
    time.sleep(0.02)

    async def main() -> None:
        async with AsyncHttpClient(server.url, circuit_breaker=breaker, retry_strategy=at_once(2)) as client:
            first = asyncio.ensure_future(client.request("GET", "/"))
            while not probing.is_set():
                await asyncio.sleep(0.001)
            others = [asyncio.ensure_future(client.request("GET", "/")) for _ in range(8)]
            await asyncio.sleep(0.3)  # much longer than two short waits
            assert not any(each.done() for each in others)
            answer_now.set()
            answers = await asyncio.gather(first, *others)
            assert [each.status_code for each in answers] == [200] * 9

    asyncio.run(main())
    assert breaker.state is State.CLOSED


def test_a_probe_that_is_cancelled_makes_room_for_who_waits(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.3)
    breaker = CircuitBreaker(1, 0.0)
    breaker.enter()(Verdict.FAILED)

    async def main() -> None:
        async with AsyncHttpClient(server.url, circuit_breaker=breaker, retry_strategy=at_once(2)) as client:
            probe = asyncio.ensure_future(client.request("GET", "/"))
            await asyncio.sleep(0.05)
            other = asyncio.ensure_future(client.request("GET", "/"))
            await asyncio.sleep(0.05)
            probe.cancel()
            assert (await other).status_code == 200

    asyncio.run(main())
    assert breaker.state is State.CLOSED


def test_who_waits_for_a_probe_waits_no_longer_than_it_may() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 30, clock=clock)
    breaker.enter()(Verdict.FAILED)
    clock.now += 30
    breaker.enter()  # the probe, for ever
    world = World([], clock)
    policy = Policy(breaker=breaker, retry=at_once(2), max_wait_s=10, clock=clock)
    with pytest.raises(CircuitOpenError):
        world.run(request_flow(policy, get()))
    assert clock.now - 1030 <= 2 * 10 + 0.1


def test_who_may_not_try_again_does_not_wait_for_a_probe() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 30, clock=clock)
    breaker.enter()(Verdict.FAILED)
    clock.now += 30
    breaker.enter()
    world = World([], clock)
    with pytest.raises(CircuitOpenError):
        world.run(request_flow(Policy(breaker=breaker, retry=at_once(1)), get()))
    assert clock.now == 1030
