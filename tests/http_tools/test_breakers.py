"""Breakers: when they open, whom they let probe, and what does not count."""

from __future__ import annotations

import asyncio
import threading

import httpx2
import pytest

from tests.http_tools.driving import Clock, Driver, World, at_once
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.circuit_breakers import (
    CircuitBreaker,
    PerEndpointCircuitBreaker,
    State,
    Verdict,
    endpoint_pattern,
)
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.exceptions import (
    CircuitOpenError,
    ClientError,
    HttpClientError,
    NetworkError,
    ServerError,
)
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.utils.errors import ExitCode


def opened(clock: Clock, threshold: int = 2, probes: int = 1) -> CircuitBreaker:
    breaker = CircuitBreaker(threshold, 30, probes, clock=clock)
    for _ in range(threshold):
        breaker.enter()(Verdict.FAILED)
    return breaker


def state_of(breaker: CircuitBreaker) -> State:
    """Asked anew: a type checker takes a property for a fact."""
    return breaker.state


def get(path: str = "/x") -> httpx2.Request:
    return httpx2.Request("GET", f"http://api.test{path}")


def test_a_breaker_opens_at_its_threshold_and_not_before() -> None:
    breaker = CircuitBreaker(3, 30)
    for expected in (State.CLOSED, State.CLOSED, State.OPEN):
        breaker.enter()(Verdict.FAILED)
        assert breaker.state is expected
    with pytest.raises(CircuitOpenError, match="failed 3 times in a row") as caught:
        breaker.enter()
    assert 29 < caught.value.retry_after_s <= 30
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


def test_only_failures_in_a_row_count() -> None:
    breaker = CircuitBreaker(2)
    for verdict in (Verdict.FAILED, Verdict.OK, Verdict.FAILED, Verdict.NOTHING, Verdict.OK) * 3:
        breaker.enter()(verdict)
    assert breaker.state is State.CLOSED


def test_one_probe_passes_after_recovery() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 29.9
    with pytest.raises(CircuitOpenError):
        breaker.enter()
    clock.now += 0.1
    assert breaker.state is State.HALF_OPEN
    leave = breaker.enter()
    with pytest.raises(CircuitOpenError):
        breaker.enter()
    leave(Verdict.OK)
    assert state_of(breaker) is State.CLOSED
    breaker.enter()
    breaker.enter()


def test_a_probe_that_fails_opens_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.enter()(Verdict.FAILED)
    assert breaker.state is State.OPEN
    clock.now += 30
    breaker.enter()(Verdict.OK)
    assert state_of(breaker) is State.CLOSED


def test_a_probe_without_a_verdict_is_given_back() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.enter()(Verdict.NOTHING)
    assert breaker.state is State.HALF_OPEN
    breaker.enter()


def test_as_many_probes_pass_as_were_allowed() -> None:
    clock = Clock()
    breaker = opened(clock, probes=2)
    clock.now += 30
    breaker.enter()
    breaker.enter()
    with pytest.raises(CircuitOpenError):
        breaker.enter()


def test_a_failure_from_before_does_not_take_a_probe() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 30, clock=clock)
    early, late = breaker.enter(), breaker.enter()
    early(Verdict.FAILED)
    clock.now += 30
    probe = breaker.enter()
    late(Verdict.NOTHING)
    with pytest.raises(CircuitOpenError):
        breaker.enter()
    probe(Verdict.OK)
    assert breaker.state is State.CLOSED


def test_of_threads_at_once_one_probes() -> None:
    breaker = CircuitBreaker(1, 0.0)
    breaker.enter()(Verdict.FAILED)
    passed: list[int] = []
    barrier = threading.Barrier(8)

    def enter() -> None:
        barrier.wait()
        try:
            breaker.enter()
        except CircuitOpenError:
            return
        passed.append(1)

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(passed) == 1


@pytest.mark.parametrize("settings", [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
@pytest.mark.parametrize("kind", [CircuitBreaker, PerEndpointCircuitBreaker])
def test_a_breaker_that_makes_no_sense_is_refused(
    kind: type[CircuitBreaker], settings: tuple[int, float, int]
) -> None:
    with pytest.raises(ValueError, match="a breaker needs"):
        kind(*settings)


# -- in the policy


def policy_with(breaker: CircuitBreaker | PerEndpointCircuitBreaker, attempts: int = 1) -> Policy:
    return Policy(breaker=breaker, retry=at_once(attempts))


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_4xx_does_not_count(status: int) -> None:
    breaker = CircuitBreaker(1)
    with pytest.raises(ClientError):
        World([httpx2.Response(status)]).run(request_flow(policy_with(breaker), get()))
    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(
    "failure", [httpx2.Response(500), httpx2.ReadTimeout("slow"), httpx2.ConnectError("no")]
)
def test_a_5xx_or_no_answer_counts(failure: httpx2.Response | Exception) -> None:
    breaker = CircuitBreaker(1)
    with pytest.raises((ServerError, NetworkError)):
        World([failure]).run(request_flow(policy_with(breaker), get()))
    assert breaker.state is State.OPEN


@pytest.mark.parametrize(
    "failure",
    [httpx2.PoolTimeout("busy"), httpx2.LocalProtocolError("bad"), httpx2.UnsupportedProtocol("bad")],
)
def test_a_fault_of_our_own_does_not_count(failure: Exception) -> None:
    breaker = CircuitBreaker(1)
    with pytest.raises(HttpClientError):
        World([failure]).run(request_flow(policy_with(breaker), get()))
    assert breaker.state is State.CLOSED


def test_a_cancelled_request_does_not_count(server: Loopback) -> None:
    server.by = lambda _: Answer(delay_s=0.2)
    breaker = CircuitBreaker(1)

    async def main() -> None:
        async with AsyncHttpClient(server.url, circuit_breaker=breaker) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.request("GET", "/"), 0.05)

    asyncio.run(main())
    assert breaker.state is State.CLOSED


def test_an_open_breaker_makes_a_request_wait_and_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    world = World([httpx2.Response(200)], clock)
    answer = world.run(request_flow(policy_with(breaker, attempts=3), get()))
    assert (answer.status_code, world.slept, len(world.sent)) == (200, [30], 1)
    assert breaker.state is State.CLOSED


def test_a_post_waits_for_its_probe_too() -> None:
    clock = Clock()
    world = World([httpx2.Response(200)], clock)
    request = httpx2.Request("POST", "http://api.test/x")
    assert world.run(request_flow(policy_with(opened(clock), attempts=2), request)).status_code == 200


def test_when_attempts_are_spent_the_breaker_is_the_error() -> None:
    clock = Clock()
    breaker = opened(clock)
    with pytest.raises(CircuitOpenError, match=r"^GET /x: the endpoint failed 2 times"):
        World([], clock).run(request_flow(policy_with(breaker), get()))
    world = World([httpx2.Response(503)] * 9, clock)
    with pytest.raises(ServerError, match="after 4 attempts") as caught:
        world.run(request_flow(policy_with(breaker, attempts=4), get()))
    assert len(caught.value.history) == 4
    assert len(world.sent) < 4


def test_a_probe_further_away_than_patience_is_an_error_at_once() -> None:
    clock = Clock()
    policy = Policy(breaker=opened(clock), retry=at_once(), max_wait_s=10)
    world = World([], clock)
    with pytest.raises(CircuitOpenError):
        world.run(request_flow(policy, get()))
    assert world.slept == []


def test_an_open_breaker_costs_no_quota() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 60)
    policy = Policy(breaker=opened(clock), limiter=limiter, retry=ExponentialBackoffRetryStrategy(1))
    with pytest.raises(CircuitOpenError):
        World([], clock).run(request_flow(policy, get()))
    assert limiter.try_acquire() == 0


def test_failures_open_the_breaker_for_both_clients(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(500)
    breaker = CircuitBreaker(2, 60)
    client = driver.client(server.url, circuit_breaker=breaker, max_wait_s=1)
    with pytest.raises(CircuitOpenError, match="after 3 attempts"):
        driver.request(client, "GET", "/")
    assert len(server.seen) == 2


# -- per endpoint


@pytest.mark.parametrize(
    "each",
    ["1", "27", "0b8f6c1e-5a0f-4a51-9a0e-3f8f2f1f0c55", "a.b@example.com", "a%40b.com", "5f3e9a0b1c2d3e4f5a"],
)
def test_ids_are_one_endpoint(each: str) -> None:
    assert endpoint_pattern(get(f"/contacts/{each}/x")) == "GET api.test/contacts/{id}/x"


def test_other_words_methods_and_hosts_are_other_endpoints() -> None:
    requests = [
        get("/a"),
        get("/b"),
        httpx2.Request("POST", "http://api.test/a"),
        httpx2.Request("GET", "http://b.test/a"),
    ]
    assert len({endpoint_pattern(each) for each in requests}) == 4
    assert endpoint_pattern(get("/v3/smtp/templates")) == "GET api.test/v3/smtp/templates"


def test_one_endpoint_that_is_down_does_not_stop_the_others(driver: Driver, server: Loopback) -> None:
    server.by = lambda seen: Answer(500 if seen.path.startswith("/contacts/") else 200)
    breaker = PerEndpointCircuitBreaker(2, 60)
    client = driver.client(server.url, circuit_breaker=breaker, retry_strategy=at_once(1))
    for number in (1, 2):
        with pytest.raises(ServerError):
            driver.request(client, "GET", f"/contacts/{number}")
    with pytest.raises(CircuitOpenError):
        driver.request(client, "GET", "/contacts/3")
    assert driver.request(client, "GET", "/campaigns").status_code == 200
    assert len(server.seen) == 3
    assert list(breaker.states.values()) == [State.OPEN, State.CLOSED]
