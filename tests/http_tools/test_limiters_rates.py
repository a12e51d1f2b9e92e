"""What limiters and paginators declare for advice agrees with what they do."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.http_tools.pagination import OffsetPaginator, PageNumberPaginator, SinglePage
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    BurstRecoveryLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    Rate,
    RouteLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def asked(limiter: BaseRateLimiter, clock: Clock, requests: int) -> float:
    """How long so many requests waited, one after the other."""
    began = clock.now
    for _ in range(requests):
        while (wait := limiter.try_acquire()) > 0:
            clock.now += wait
    return clock.now - began


@given(st.integers(1, 12), st.floats(0.5, 3600), st.integers(0, 60))
def test_requests_wait_as_long_as_the_rate_says(limit: int, window_s: float, requests: int) -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(limit, window_s, clock=clock)
    (rate,) = limiter.rates
    assert asked(limiter, clock, requests) == pytest.approx(rate.waiting_s(requests), rel=1e-6, abs=1e-2)


@given(st.integers(1, 12), st.floats(0.5, 3600), st.integers(1, 40), st.integers(2, 5))
def test_runs_as_far_apart_as_the_rate_says_do_not_wait_for_each_other(
    limit: int, window_s: float, requests: int, runs: int
) -> None:
    clock = Clock()
    limiter = SlidingWindowLimiter(limit, window_s, clock=clock)
    rate = Rate(limit, window_s)
    for run in range(runs):
        clock.now = max(clock.now, run * rate.apart_s(requests))
        assert asked(limiter, clock, requests) == pytest.approx(rate.waiting_s(requests), abs=0.05 * runs)


@given(st.integers(1, 12), st.floats(0.5, 50), st.integers(0, 60))
def test_a_bucket_waits_no_longer_than_its_rate_says(burst: int, rate: float, requests: int) -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(rate, burst=burst, clock=clock)
    (declared,) = limiter.rates
    assert asked(limiter, clock, requests) <= declared.waiting_s(requests) + 0.05


def test_limiters_made_of_others_declare_those_of_their_parts() -> None:
    second, hour = SlidingWindowLimiter(10, 1.0), SlidingWindowLimiter(1000, 3600.0)
    both = CompositeLimiter([HeaderRateLimiter(), second, hour, ConcurrencyLimiter(3)])
    assert both.rates == (Rate(10, 1.0), Rate(1000, 3600.0))
    request = httpx2.Request("GET", "https://acme.example/orders")
    routed = RouteLimiter({"/orders": both}, default=second)
    assert routed.for_request(request).rates == both.rates
    weighted = WeightedLimiter(hour, lambda _: 5).for_request(request)
    assert weighted.rates == (Rate(200, 3600.0),)
    assert BurstRecoveryLimiter(70, 2000, 15.0, 30).rates == (Rate(30, 1.0),)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Rate(270, 3600.0), "270 requests in any hour"),
        (Rate(1, 1.0), "1 request in any second"),
        (Rate(5000, 360.0), "5,000 requests in any 360 s"),
    ],
)
def test_a_rate_is_told_in_words(rate: Rate, text: str) -> None:
    assert str(rate) == text


def test_a_full_page_adds_what_its_seam_leaves() -> None:
    assert OffsetPaginator(limit=100).page_rows == 98
    assert PageNumberPaginator(limit=50).page_rows == 50
    assert (PageNumberPaginator().page_rows, SinglePage().page_rows) == (None, None)
