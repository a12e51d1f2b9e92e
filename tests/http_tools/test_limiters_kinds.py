"""What every kind of limiter keeps: nothing is lost by a cancelled wait, a slow token or a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from tests.http_tools.driving import Clock, World, granted, waiting
from tests.http_tools.hosting import hosted
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import WaitTooLongError
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    BurstRecoveryLimiter,
    CompositeLimiter,
    ConcurrencyLimiter,
    HeaderRateLimiter,
    SlidingWindowLimiter,
    TokenBucketLimiter,
    WeightedLimiter,
)

OK = httpx2.Response(200)
KINDS: dict[str, Callable[[], BaseRateLimiter]] = {
    "token bucket": lambda: TokenBucketLimiter(1e-6, burst=2),
    "sliding window": lambda: SlidingWindowLimiter(2, 3600),
    "burst": lambda: BurstRecoveryLimiter(2, 2, 3600, 2, idle_s=3600),
    "concurrency": lambda: ConcurrencyLimiter(2),
    "hosted": lambda: hosted(SlidingWindowLimiter(2, 3600)),
    "composite": lambda: CompositeLimiter([SlidingWindowLimiter(2, 3600), HeaderRateLimiter()]),
}


def get(path: str = "/x", method: str = "GET") -> httpx2.Request:
    return httpx2.Request(method, f"http://api.test{path}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelled_request_leaves_line_and_quota_as_they_were(kind: str) -> None:
    limiter = KINDS[kind]()
    assert granted(limiter) == 2

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire_async(), 0.02)

    asyncio.run(main())
    assert waiting(limiter) == 0
    limiter.release()
    assert granted(limiter) == 1


class SlowToken(BaseAuthManager):
    """Its first token takes a third of a second."""

    def __init__(self) -> None:
        self.asked = 0

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        self.asked += 1
        if self.asked == 1:
            yield from Sleep(0.3)
        return None

    def secrets(self) -> tuple[str, ...]:
        return ()

    def identity(self) -> str:
        return ""


@pytest.mark.parametrize(
    "make",
    [
        lambda clock: SlidingWindowLimiter(1, 3600, clock=clock),
        lambda clock: TokenBucketLimiter(1 / 3600, clock=clock),
        lambda _: ConcurrencyLimiter(1),
        lambda clock: WeightedLimiter(SlidingWindowLimiter(4, 3600, clock=clock), lambda _: 4),
        lambda clock: CompositeLimiter(
            [
                ConcurrencyLimiter(1),
                HeaderRateLimiter(clock=clock),
                SlidingWindowLimiter(1, 3600, clock=clock),
            ]
        ),
    ],
    ids=["sliding window", "token bucket", "concurrency", "weighted", "composite"],
)
def test_a_slot_that_waited_for_a_token_is_taken_anew_and_not_lost(
    make: Callable[[Clock], BaseRateLimiter],
) -> None:
    world = World([OK])
    policy = Policy(
        home=httpx2.URL("http://api.test"), auth=SlowToken(), limiter=make(world.clock), clock=world.clock
    )
    world.run(request_flow(policy, get()))
    assert world.slept == [0.3]


@pytest.mark.parametrize("kind", KINDS)
def test_waiting_beyond_the_deadline_is_refused(kind: str) -> None:
    limiter = KINDS[kind]()
    assert granted(limiter) == 2
    with pytest.raises(WaitTooLongError):
        limiter.acquire(max_wait_s=0.02)
    assert waiting(limiter) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: TokenBucketLimiter(0),
        lambda: TokenBucketLimiter(1, burst=0),
        lambda: BurstRecoveryLimiter(burst_requests=0),
        lambda: BurstRecoveryLimiter(idle_s=1),
        lambda: ConcurrencyLimiter(0),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(make: Callable[[], BaseRateLimiter]) -> None:
    with pytest.raises(ValueError, match="needs"):
        make()


@pytest.mark.parametrize("kind", ["token bucket", "sliding window", "burst", "concurrency", "hosted"])
def test_a_cost_that_can_never_be_granted_is_a_mistake(kind: str) -> None:
    for cost in (0, 3):
        with pytest.raises(ValueError, match="never fits"):
            KINDS[kind]().try_acquire(cost)
