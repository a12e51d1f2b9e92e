"""What a grant costs of each limiter that lives in this process."""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from bench.turns import Timings, in_turns
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    BurstRecoveryLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    RouteLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
)

# So much quota that nobody waits.
PLENTY = 1_000_000


def limiters() -> dict[str, BaseRateLimiter]:
    window = SlidingWindowLimiter(PLENTY, 3600)
    return {
        "TokenBucketLimiter": TokenBucketLimiter(1e9, burst=PLENTY),
        "SlidingWindowLimiter": SlidingWindowLimiter(PLENTY, 3600),
        "HeaderRateLimiter": HeaderRateLimiter(),
        "BurstRecoveryLimiter": BurstRecoveryLimiter(PLENTY, PLENTY, recovery_rate=PLENTY),
        "ConcurrencyLimiter": ConcurrencyLimiter(PLENTY),
        "CompositeLimiter (of 2)": CompositeLimiter([window, HeaderRateLimiter()]),
        "RouteLimiter": RouteLimiter(
            {
                "GET /orders/{id}": SlidingWindowLimiter(10, 1),
                "GET /items": SlidingWindowLimiter(PLENTY, 3600),
            },
            default=SlidingWindowLimiter(PLENTY, 3600),
        ),
        "WeightedLimiter": WeightedLimiter(SlidingWindowLimiter(PLENTY, 3600), lambda _: 2),
    }


def grants(rounds: int, number: int) -> Timings:
    """A grant as the policy asks for one: the limiter of a request, then `try_acquire`."""
    request = httpx2.Request("GET", "https://api.example.com/items")

    def asking(limiter: BaseRateLimiter) -> Callable[[], float]:
        return lambda: limiter.for_request(request).try_acquire()

    return in_turns({name: asking(limiter) for name, limiter in limiters().items()}, rounds, number)
