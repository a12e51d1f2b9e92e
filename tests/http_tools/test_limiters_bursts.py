"""Token bucket and burst-recovery: a burst, then a rate. The clock stands still."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, granted
from tests.http_tools.windows import most_in_any_window
from tidegate.http_tools.rate_limiters import BaseRateLimiter, BurstRecoveryLimiter, TokenBucketLimiter

OK = httpx2.Response(200)


def test_a_bucket_grants_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(10, burst=3, clock=clock)
    assert granted(limiter) == 3
    assert limiter.try_acquire() == pytest.approx(0.1)
    assert limiter.try_acquire(2) == pytest.approx(0.2)
    clock.now += 0.2
    assert granted(limiter) == 2
    clock.now += 100
    assert granted(limiter) == 3


def test_a_bucket_spaces_evenly_unless_told_otherwise() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(10, clock=clock)
    assert granted(limiter) == 1
    clock.now += 0.1
    assert granted(limiter) == 1


@given(
    st.lists(st.tuples(st.integers(1, 4), st.floats(0, 0.5)), max_size=60),
    st.floats(0.5, 50),
    st.integers(4, 20),
)
def test_a_bucket_never_grants_more_than_burst_and_rate(
    asked: list[tuple[int, float]], rate: float, burst: int
) -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(rate, burst=burst, clock=clock)
    grants: list[tuple[float, int]] = []
    for cost, later in asked:
        clock.now += later
        wait = limiter.try_acquire(cost)
        assert wait >= 0
        if wait:
            clock.now += wait
            assert limiter.try_acquire(cost) == 0
        grants.append((clock.now, cost))
    for first, (began, _) in enumerate(grants):
        total = 0
        for at, cost in grants[first:]:
            total += cost
            assert total <= burst + rate * (at - began) + 1e-3


def test_a_released_token_is_there_again_and_no_more_than_the_burst() -> None:
    limiter = TokenBucketLimiter(1, burst=2, clock=Clock())
    assert limiter.try_acquire(2) == 0
    limiter.release(2)
    limiter.release(2)
    assert granted(limiter) == 2


def test_a_clock_that_goes_back_earns_nothing() -> None:
    clock = Clock()
    limiter = TokenBucketLimiter(1, clock=clock)
    limiter.try_acquire()
    clock.now -= 100
    assert limiter.try_acquire() == pytest.approx(1)


def titelive(clock: Clock) -> BurstRecoveryLimiter:
    return BurstRecoveryLimiter(70, 2000, 15, 30, clock=clock)


def use_up(limiter: BaseRateLimiter, clock: Clock, grants: int) -> list[float]:
    stamps: list[float] = []
    while len(stamps) < grants:
        if wait := limiter.try_acquire():
            clock.now += wait
        else:
            stamps.append(clock.now)
    return stamps


def test_a_burst_is_followed_by_a_pause_and_a_lower_rate() -> None:
    clock = Clock()
    limiter = titelive(clock)
    burst = use_up(limiter, clock, 2000)
    assert most_in_any_window(burst, 1.0) == 70
    assert burst[-1] - burst[0] == pytest.approx(28, abs=0.1)
    assert limiter.try_acquire() == pytest.approx(15)
    after = use_up(limiter, clock, 90)
    assert after[0] - burst[-1] == pytest.approx(15)
    assert most_in_any_window(after, 1.0) == 30
    assert after[-1] - after[0] == pytest.approx(2)


def test_the_pause_counts_from_the_last_answer() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 5, clock=clock)
    assert granted(limiter) == 5
    clock.now += 4
    limiter.observe(OK)
    assert limiter.try_acquire() == pytest.approx(15)


def test_the_pause_counts_from_a_loss_too() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 5, clock=clock)
    assert granted(limiter) == 5
    clock.now += 4
    limiter.lost()
    assert limiter.try_acquire() == pytest.approx(15)


def test_an_idle_time_begins_a_new_burst() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 8, 15, 2, idle_s=60, clock=clock)
    use_up(limiter, clock, 12)
    clock.now += 59
    assert granted(limiter) == 2
    clock.now += 60
    assert granted(limiter) == 5


def test_a_released_slot_is_no_part_of_the_burst() -> None:
    clock = Clock()
    limiter = BurstRecoveryLimiter(5, 5, 15, 1, clock=clock)
    assert granted(limiter, 3) == 3
    limiter.release(3)
    assert granted(limiter, 5) == 5
