"""Retries end: with the budget that a client's requests share, and with the deadline of each request."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, Driver, World, at_once
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.effects import Send
from tidegate.http_tools.exceptions import (
    HttpClientError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    WaitTooLongError,
)
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.http_tools.retry_strategies import FixedRetryStrategy, HeaderBasedRetryStrategy, RetryBudget

REQUEST = httpx2.Request("GET", "http://api.test/x")
OK, DOWN = httpx2.Response(200), httpx2.Response(503)
Outcome = httpx2.Response | BaseException


def budget(share: float = 0.2, floor: int = 10, clock: Clock | None = None) -> RetryBudget:
    return RetryBudget(share, floor, clock=clock or Clock())


def sent(policy: Policy, script: Sequence[Outcome], requests: int = 1) -> int:
    """How many times the server was asked."""
    world = World(list(script))
    for _ in range(requests):
        try:
            world.run(request_flow(policy, REQUEST))
        except HttpClientError:
            continue
    return len(world.sent)


# -- the budget


def test_an_outage_is_asked_a_fifth_more_and_the_floor_once() -> None:
    policy = Policy(retry=at_once(6), budget=budget())
    assert sent(policy, [DOWN] * 2000, requests=300) <= 300 * 1.2 + 10
    assert sent(Policy(retry=at_once(6), budget=budget(floor=10**9)), [DOWN] * 2000, requests=300) == 1800


def test_a_first_failure_may_be_retried() -> None:
    assert sent(Policy(retry=at_once(), budget=budget(floor=1)), [DOWN, OK]) == 2


def test_requests_that_succeed_earn_retries_again() -> None:
    policy = Policy(retry=at_once(6), budget=budget(floor=2))
    assert sent(policy, [DOWN] * 9) == 3
    assert sent(policy, [OK] * 5, requests=5) == 5
    assert sent(policy, [DOWN, OK]) == 2


def test_a_client_that_asks_little_recovers_with_time() -> None:
    clock = Clock()
    account = budget(share=0.0, floor=2, clock=clock)
    assert [account.spend() for _ in range(3)] == [True, True, False]
    clock.now += 10
    assert [account.spend() for _ in range(2)] == [True, False]
    clock.now += 10_000
    assert account.balance == 2


def test_a_spent_budget_is_said() -> None:
    policy = Policy(retry=at_once(6), budget=budget(floor=1))
    with pytest.raises(ServerError, match="after 2 attempts") as caught:
        World([DOWN] * 9).run(request_flow(policy, REQUEST))
    assert "retry budget is spent" in str(caught.value.hint)
    assert len(caught.value.history) == 2


def test_what_the_vendor_asks_for_costs_no_budget() -> None:
    busy = [httpx2.Response(status, headers={"retry-after": "5"}) for status in (429, 503, 429)]
    policy = Policy(retry=HeaderBasedRetryStrategy(), budget=budget(floor=1))
    assert sent(policy, [*busy, OK]) == 4
    assert policy.budget.balance == pytest.approx(1.2)


def test_a_quota_header_on_an_outage_asks_for_no_wait_and_costs_the_budget() -> None:
    down = httpx2.Response(503, headers={"x-ratelimit-reset": "42"})
    policy = Policy(retry=at_once(6), budget=budget())
    assert sent(policy, [down] * 2000, requests=300) <= 300 * 1.2 + 10


def test_a_retry_sooner_than_the_vendor_asked_costs_the_budget() -> None:
    busy = httpx2.Response(429, headers={"retry-after": "42"})
    policy = Policy(retry=FixedRetryStrategy(6, wait_s=1), budget=budget())
    assert sent(policy, [busy] * 2000, requests=300) <= 300 * 1.2 + 10


def test_what_is_not_tried_again_costs_nothing() -> None:
    policy = Policy(retry=at_once(), budget=budget(share=0.0, floor=1))
    with pytest.raises(NotFoundError):
        World([httpx2.Response(404)]).run(request_flow(policy, REQUEST))
    assert policy.budget.balance == 1


def test_clients_do_not_share_a_budget_unless_told_to(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(503)
    one, other = driver.client(server.url), driver.client(server.url)
    assert one.policy.budget is not other.policy.budget
    shared = RetryBudget(floor=1)
    for _ in range(2):
        client = driver.client(server.url, retry_budget=shared)
        with pytest.raises(ServerError):
            driver.request(client, "GET", "/")
    assert len(server.seen) == 3


@given(st.lists(st.sampled_from(["earn", "spend"]), max_size=200), st.floats(0, 1), st.integers(1, 20))
def test_a_budget_never_pays_more_than_its_share_and_floor(
    steps: list[str], share: float, floor: int
) -> None:
    account = budget(share, floor)
    earned, paid = 0, 0
    for step in steps:
        if step == "earn":
            account.earn()
            earned += 1
        else:
            paid += account.spend()
        assert paid <= floor + share * earned + 1e-6
        assert 0 <= account.balance <= 2 * floor


def test_threads_spend_no_more_than_there_is() -> None:
    account = budget(share=0.0, floor=50)
    paid: list[bool] = []

    def spend() -> None:
        paid.extend(account.spend() for _ in range(40))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert paid.count(True) == 50


@pytest.mark.parametrize("settings", [(-0.1, 1, 1), (1.1, 1, 1), (0.2, 0, 1), (0.2, 1, 0)])
def test_a_budget_that_makes_no_sense_is_refused(settings: tuple[float, int, float]) -> None:
    with pytest.raises(ValueError, match="a retry budget needs"):
        RetryBudget(*settings)


# -- the deadline


def bounded(clock: Clock, deadline_s: float, **settings: object) -> Policy:
    retry = FixedRetryStrategy(99, wait_s=4, jitter=0)
    given: dict[str, object] = {"retry": retry, "budget": budget(floor=99), **settings}
    return Policy(deadline_s=deadline_s, clock=clock, **given)  # type: ignore[arg-type]  # as a test needs them


def test_no_retry_begins_that_would_pass_the_deadline() -> None:
    clock = Clock()
    world = World([DOWN] * 9, clock)
    with pytest.raises(ServerError, match="after 3 attempts in 8 s") as caught:
        world.run(request_flow(bounded(clock, 10), REQUEST))
    assert (world.slept, len(world.sent), len(caught.value.history)) == ([4, 4], 3, 3)


def test_a_wait_for_quota_beyond_the_deadline_is_refused_at_once() -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(1, 60, clock=clock)
    limiter.try_acquire()
    world = World([], clock)
    with pytest.raises(WaitTooLongError):
        world.run(request_flow(bounded(clock, 10, limiter=limiter), REQUEST))
    assert world.slept == []


def test_what_is_sent_has_only_what_is_left_of_the_deadline() -> None:
    clock = Clock()
    request = httpx2.Request("GET", "http://api.test/x", extensions={"tidegate.total_timeout_s": 300.0})
    flow = request_flow(bounded(clock, 10), request)
    effect = next(flow)
    assert isinstance(effect, Send)
    assert effect.request.extensions["tidegate.total_timeout_s"] == 10
    clock.now += 3
    flow.throw(httpx2.ReadError("reset"))
    clock.now += 4
    effect = flow.send(None)
    assert isinstance(effect, Send)
    assert effect.request.extensions["tidegate.total_timeout_s"] == 3
    flow.close()


def test_nothing_is_sent_after_the_deadline() -> None:
    clock = Clock()
    away = httpx2.Response(302, headers={"location": "/y"})
    flow = request_flow(bounded(clock, 10), REQUEST)
    next(flow)
    clock.now += 11
    with pytest.raises(RequestTimeoutError, match="GET /x: not answered within its deadline of 10 s"):
        flow.send(httpx2.Response(302, headers=away.headers, request=REQUEST))


def test_a_client_gives_up_at_its_deadline(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(body=b"x" * 100, drip_s=0.02)
    client = driver.client(server.url, deadline_s=0.2)
    began = time.monotonic()
    with pytest.raises(RequestTimeoutError):
        driver.request(client, "GET", "/")
    assert time.monotonic() - began < 1.5
