"""Several limits at once, requests that cost more, a limit for each route."""

from __future__ import annotations

import httpx2
import pytest

from tests.http_tools.driving import World, at_once, granted, in_flight, waiting
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    NoLimit,
    RouteLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
)
from tidegate.http_tools.routes import Route

OK = httpx2.Response(200)


def get(path: str = "/x", method: str = "GET") -> httpx2.Request:
    return httpx2.Request(method, f"http://api.test{path}")


# -- several limits at once


def test_all_limits_grant_or_none_is_charged() -> None:
    wide, narrow = SlidingWindowLimiter(3, 60), SlidingWindowLimiter(1, 60)
    both = CompositeLimiter([wide, narrow])
    assert both.try_acquire() == 0
    assert both.try_acquire() > 0
    assert wide.try_acquire(2) == 0
    both.release()
    assert both.try_acquire() == 0


def test_a_limit_that_raises_charges_none_of_the_others() -> None:
    wide, narrow = SlidingWindowLimiter(3, 60), SlidingWindowLimiter(1, 60)
    with pytest.raises(ValueError, match="never fits"):
        CompositeLimiter([wide, narrow]).try_acquire(2)
    assert wide.try_acquire(3) == 0


def test_every_limit_learns_of_answers_and_losses() -> None:
    one, other = HeaderRateLimiter(), HeaderRateLimiter()
    both = CompositeLimiter([one, other])
    for _ in range(3):
        both.try_acquire()
    both.observe(httpx2.Response(200))
    both.lost()
    both.release()
    assert (in_flight(one), in_flight(other)) == (0, 0)


def test_a_routing_limit_is_asked_which_one_it_is() -> None:
    class Routed(SlidingWindowLimiter):
        def __init__(self) -> None:
            super().__init__(100, 60)
            self.contacts = SlidingWindowLimiter(1, 60)

        def for_request(self, request: httpx2.Request) -> BaseRateLimiter:
            return self.contacts if request.url.path == "/contacts" else self

    both = CompositeLimiter([SlidingWindowLimiter(100, 60), Routed()])
    contacts = httpx2.Request("GET", "http://api.test/contacts")
    assert both.for_request(get()) is both
    assert both.for_request(contacts) is both.for_request(contacts)
    assert both.for_request(contacts).try_acquire() == 0
    assert both.for_request(contacts).try_acquire() > 0
    assert both.for_request(get()).try_acquire() == 0


# -- weights


def weight(request: httpx2.Request) -> int:
    return int(request.url.params.get("weight", "1"))


def test_a_request_takes_and_gives_back_what_it_costs() -> None:
    limiter = WeightedLimiter(SlidingWindowLimiter(10, 60), weight)
    heavy = limiter.for_request(get("/?weight=4"))
    assert [heavy.try_acquire() == 0 for _ in range(3)] == [True, True, False]
    heavy.release()
    assert granted(limiter.for_request(get("/"))) == 6


def test_the_policy_charges_what_a_request_costs() -> None:
    inner = TokenBucketLimiter(1e-6, burst=10)
    policy = Policy(limiter=WeightedLimiter(inner, weight), retry=at_once())
    World([OK]).run(request_flow(policy, get("/?weight=7")))
    assert granted(inner) == 3


def test_answers_and_losses_count_their_cost() -> None:
    slots = ConcurrencyLimiter(10)
    heavy = WeightedLimiter(slots, weight).for_request(get("/?weight=4"))
    heavy.try_acquire()
    heavy.try_acquire()
    heavy.observe(OK)
    assert slots.in_flight == 4
    heavy.lost()
    assert slots.in_flight == 0


def test_of_several_limits_each_has_its_own_costs_and_all_stand_in_one_line() -> None:
    points, requests = SlidingWindowLimiter(10, 60), SlidingWindowLimiter(10, 60)
    both = CompositeLimiter([WeightedLimiter(points, weight), requests])
    heavy, light = both.for_request(get("/?weight=4")), both.for_request(get("/"))
    assert heavy.line is light.line
    assert both.for_request(get("/?weight=4")) is heavy
    assert granted(heavy) == 2
    assert (granted(points), granted(requests)) == (2, 8)


@pytest.mark.parametrize("cost", [0, -1])
def test_a_weight_below_one_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="cannot cost"):
        WeightedLimiter(NoLimit(), lambda _: cost).for_request(get())


def test_a_weight_that_never_fits_is_refused_and_holds_nothing() -> None:
    slots = ConcurrencyLimiter(2)
    policy = Policy(limiter=WeightedLimiter(slots, lambda _: 3))
    with pytest.raises(ValueError, match="never fits"):
        World([OK]).run(request_flow(policy, get()))
    assert (slots.in_flight, waiting(slots)) == (0, 0)


# -- routes


def test_the_first_pattern_that_matches_decides() -> None:
    one, two, rest = (SlidingWindowLimiter(1, 60) for _ in range(3))
    limiter = RouteLimiter({"GET /contacts/{id}": one, "/contacts/**": two}, default=rest, base_path="/v3")
    assert limiter.for_request(get("/v3/contacts/17")) is one
    assert limiter.for_request(get("/v3/contacts/17", "POST")) is two
    assert limiter.for_request(get("/v3/contacts")) is two
    assert limiter.for_request(get("/v3/contactsExport")) is rest
    assert limiter.for_request(get("/v3")) is rest


def test_a_routed_limiter_may_route_further() -> None:
    inner = RouteLimiter({"POST /x": SlidingWindowLimiter(1, 60)}, default=NoLimit())
    limiter = RouteLimiter({"/x": inner}, default=NoLimit())
    assert granted(limiter.for_request(get("/x", "POST"))) == 1
    assert granted(limiter.for_request(get("/x")), 50) == 50


def test_a_route_limiter_cannot_be_asked_without_a_request() -> None:
    limiter = RouteLimiter({}, default=NoLimit())
    for ask in (limiter.try_acquire, limiter.release):
        with pytest.raises(TypeError, match="for_request"):
            ask()


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("/a/{id}", ["/a/1", "/a/x.y"], ["/a", "/a/", "/a/1/b", "/b/1"]),
        ("/a/*/b", ["/a/1/b", "/a//b"], ["/a/1/2/b", "/a/1/b/"]),
        ("/a/**", ["/a", "/a/", "/a/1/2"], ["/ab", "/b/a"]),
        ("**", ["/", "/a/b"], []),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("* /a", ["/a"], ["/b"]),
        ("GET /a", ["/a"], ["/b"]),
        ("POST /a", [], ["/a"]),
        ("/files-*", ["/files-1", "/files-"], ["/files-1/x"]),
    ],
)
def test_patterns_of_routes(pattern: str, matching: list[str], others: list[str]) -> None:
    route = Route(pattern)
    assert [path for path in (*matching, *others) if route.matches(get(path))] == matching


@pytest.mark.parametrize("pattern", ["", "a", "get /a", "GET  /a", "GET", "/a b"])
def test_what_is_no_route_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="a route is"):
        Route(pattern)
