"""A limit that the vendor counts, in whatever spelling it tells of it."""

from __future__ import annotations

import time

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, World, at_once, in_flight
from tidegate.http_tools.exceptions import NetworkError
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import HeaderRateLimiter

REQUEST = httpx2.Request("GET", "http://api.test/x")


def counts(remaining: object, reset: object, status: int = 200, **more: str) -> httpx2.Response:
    headers = {"x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": str(reset), **more}
    return httpx2.Response(status, headers=headers)


def header_limiter() -> tuple[HeaderRateLimiter, Clock]:
    clock = Clock()
    return HeaderRateLimiter(clock=clock, epoch=lambda: 1.75e9 + clock.now), clock


def test_an_empty_quota_is_waited_for_until_its_reset() -> None:
    limiter, clock = header_limiter()
    assert limiter.try_acquire() == 0
    limiter.observe(counts(0, 30))
    assert limiter.try_acquire() == pytest.approx(30)
    clock.now += 29
    assert limiter.try_acquire() == pytest.approx(1)
    clock.now += 1
    assert limiter.try_acquire() == 0


def test_requests_under_way_are_taken_off_what_remains() -> None:
    limiter, _ = header_limiter()
    for _ in range(4):
        assert limiter.try_acquire() == 0
    limiter.observe(counts(5, 30))  # three are still under way
    assert [limiter.try_acquire() for _ in range(3)] == [0, 0, 30]


def test_answers_out_of_order_never_raise_the_count() -> None:
    limiter, clock = header_limiter()
    for _ in range(8):
        limiter.try_acquire()
    for remaining in (2, 3, 4, 5, 6, 7, 8, 9):  # the server counted them the other way round
        limiter.observe(counts(remaining, 30))
    granted = 0
    while limiter.try_acquire() == 0:
        granted += 1
    assert granted <= 2
    clock.now += 31
    limiter.try_acquire()
    limiter.observe(counts(9, 30))
    assert [limiter.try_acquire() for _ in range(9)] == [0] * 9


def test_a_later_window_has_its_own_count() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(counts(0, 5))
    clock.now += 4  # the server's clock is ahead: it has begun a new window already
    limiter.observe(counts(99, 60))
    assert limiter.try_acquire() == 0


@pytest.mark.parametrize(
    "limits",
    [
        {"x_ratelimit_limit": "5", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "30"},
        {"ratelimit_limit": "5, 5;w=60", "ratelimit_remaining": "0", "ratelimit_reset": "30"},
        {"ratelimit": "limit=5, remaining=0, reset=30"},
        {"ratelimit": '"default";r=0;t=30', "ratelimit_policy": '"default";q=5;w=60'},
    ],
    ids=str,
)
def test_after_a_reset_there_is_the_limit_until_an_answer_tells(limits: dict[str, str]) -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(200, **limits))
    clock.now += 30
    assert [limiter.try_acquire() == 0 for _ in range(6)] == [True] * 5 + [False]
    limiter.observe(
        told(200, **{name: text.replace("=0", "=9").replace("0", "9", 1) for name, text in limits.items()})
    )
    assert limiter.try_acquire() == 0


def test_a_quota_that_nobody_tells_of_any_more_holds_nobody() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(200, x_ratelimit_limit="1", x_ratelimit_remaining="0", x_ratelimit_reset="30"))
    clock.now += 30
    assert [limiter.try_acquire() == 0 for _ in range(2)] == [True, False]
    limiter.lost()
    clock.now += 30
    assert [limiter.try_acquire() == 0 for _ in range(9)] == [True] * 9


def test_a_window_of_a_second_is_used_to_the_full_though_its_reset_is_told_in_whole_seconds() -> None:
    limiter, clock = header_limiter()
    began, asked = clock.now, list[int]()
    while clock.now < began + 30:
        if wait := limiter.try_acquire():
            clock.now += wait
            continue
        clock.now += 0.08  # a dozen a second, of which the vendor allows ten
        window = int(clock.now)
        asked.append(window)
        assert asked.count(window) <= 10
        limiter.observe(
            told(
                200,
                x_ratelimit_limit="10",
                x_ratelimit_remaining=str(10 - asked.count(window)),
                x_ratelimit_reset="1",
            )
        )
    assert len(asked) >= 0.9 * 30 * 10


def test_retry_after_stops_everybody() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(httpx2.Response(429, headers={"retry-after": "17"}))
    assert limiter.try_acquire() == pytest.approx(17)
    limiter.observe(httpx2.Response(429, headers={"retry-after": "2"}))  # never shortens it
    assert limiter.try_acquire() == pytest.approx(17)
    clock.now += 17
    assert limiter.try_acquire() == 0


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([200, 429, 503]))
def test_no_header_breaks_the_limiter(remaining: str, reset: str, status: int) -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    headers = [(b"x-ratelimit-remaining", remaining.encode()), (b"x-ratelimit-reset", reset.encode())]
    limiter.observe(httpx2.Response(status, headers=headers))
    assert limiter.try_acquire() >= 0


def told(status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    "fields",
    [
        {"ratelimit_limit": "9, 9;w=60", "ratelimit_remaining": "2", "ratelimit_reset": "30"},
        {"ratelimit": "limit=9, remaining=2, reset=30"},
        {"ratelimit": "limit=9,remaining=2,reset=30", "ratelimit_policy": "9;w=60"},
        {"ratelimit": '"default";r=2;t=30'},
        {"ratelimit": "default ; r=2 ; t=30"},
        {"ratelimit": '"a,b;c";r=2;t=30;pk=:cHsdsRa894==:', "ratelimit_policy": '"a,b;c";q=9;w=60'},
        {"ratelimit": '"default";r=2', "ratelimit_policy": '"default";q=9;w=30'},
        {"ratelimit": '"hour";r=900;t=1800, "minute";r=2;t=30'},
    ],
    ids=str,
)
def test_the_fields_of_the_ietf_are_read_in_every_form(fields: dict[str, str]) -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(200, **fields))
    assert [limiter.try_acquire() for _ in range(3)] == [0, 0, pytest.approx(30)]
    clock.now += 30
    assert limiter.try_acquire() == 0


def test_of_several_quotas_the_longest_wait_counts() -> None:
    limiter, clock = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(ratelimit='"hour";r=0;t=1800, "minute";r=0;t=30'))
    assert limiter.try_acquire() == pytest.approx(1800)
    clock.now += 1800
    assert limiter.try_acquire() == 0


def test_an_empty_ietf_quota_is_the_wait_that_a_429_asks_for() -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    limiter.observe(told(429, ratelimit='"minute";r=0;t=12, "hour";r=5;t=3000'))
    assert limiter.try_acquire() == pytest.approx(12)


odd_fields = st.one_of(
    st.binary(max_size=80),
    st.from_regex(rb'\A("?[a-z]{0,8}"?(;[rtqw]=[-+.0-9e"]{0,12}){0,4}[, ;"\\]{0,3}){0,4}\Z'),
)


@given(odd_fields, odd_fields, odd_fields, st.sampled_from([200, 429]))
@settings(max_examples=150)
def test_no_bytes_in_any_field_break_the_limiter(one: bytes, two: bytes, three: bytes, status: int) -> None:
    limiter, _ = header_limiter()
    names = [b"ratelimit", b"ratelimit-policy", b"ratelimit-reset", b"x-ratelimit-reset", b"retry-after"]
    for _ in range(2):
        limiter.try_acquire()
        headers = list(zip(names, [one, two, three, one, two], strict=True))
        limiter.observe(httpx2.Response(status, headers=headers))
    wait = limiter.try_acquire()
    assert 0 <= wait < float("inf")


def test_a_hostile_field_is_read_in_no_time() -> None:
    for text in ('"' * 50_000, '"\\' * 30_000, ";,=" * 30_000, '"a";r=' * 20_000):
        limiter, _ = header_limiter()
        began = time.perf_counter()
        limiter.observe(told(ratelimit=text, ratelimit_policy=text))
        assert time.perf_counter() - began < 1


def test_names_that_change_with_every_answer_do_not_pile_up() -> None:
    limiter, _ = header_limiter()
    for number in range(100):
        limiter.observe(told(ratelimit=f'"{number}";r=5;t=30'))
    assert len(limiter._left) <= 16


def test_a_transport_error_leaves_nothing_in_flight() -> None:
    limiter, _ = header_limiter()
    world = World([httpx2.ReadError("reset")] * 3)
    with pytest.raises(NetworkError):
        world.run(request_flow(Policy(limiter=limiter, retry=at_once(3)), REQUEST))
    assert in_flight(limiter) == 0


def test_a_released_slot_is_free_again() -> None:
    limiter, _ = header_limiter()
    limiter.try_acquire()
    limiter.observe(counts(1, 30))
    assert limiter.try_acquire() == 0
    limiter.release()
    assert (limiter.try_acquire(), in_flight(limiter)) == (0, 1)
