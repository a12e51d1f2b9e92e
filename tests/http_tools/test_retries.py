"""What is tried again, how often, and after how long. No server and no clock: the policy is pure."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, World, at_once
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.events import Answered, Event, Retrying
from tidegate.http_tools.exceptions import (
    Attempt,
    AuthenticationError,
    ClientError,
    CrossOriginError,
    HttpClientError,
    HttpStatusError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    error_class,
)
from tidegate.http_tools.headers import asked_delay, delay, number
from tidegate.http_tools.policy import Policy, Terms, request_flow
from tidegate.http_tools.retry_strategies import (
    ExponentialBackoffRetryStrategy,
    Failure,
    FixedRetryStrategy,
    HeaderBasedRetryStrategy,
    LinearBackoffRetryStrategy,
)
from tidegate.utils.errors import ExitCode

URL = "http://api.test/x"
OK = httpx2.Response(200)
NOW = 1_750_000_000.0
Outcome = httpx2.Response | BaseException


def answer(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def asks(
    script: Sequence[Outcome],
    method: str = "GET",
    headers: dict[str, str] | None = None,
    policy: Policy | None = None,
    terms: Terms | None = None,
) -> tuple[World, httpx2.Response | HttpClientError]:
    world = World(list(script))
    request = httpx2.Request(method, URL, headers=headers)
    flow = request_flow(policy or Policy(retry=at_once()), request, terms or Terms())
    try:
        return world, world.run(flow)
    except HttpClientError as error:
        return world, error


# -- what is tried again


def is_retried(failure: Outcome, method: str = "GET", headers: dict[str, str] | None = None) -> bool:
    world, _ = asks([failure, OK], method, headers)
    return len(world.sent) == 2


UNSENT: list[Outcome] = [
    httpx2.ConnectError("refused"),
    httpx2.ConnectTimeout("slow"),
    httpx2.PoolTimeout("busy"),
]
SENT: list[Outcome] = [
    httpx2.ReadTimeout("slow"),
    httpx2.ReadError("reset"),
    httpx2.RemoteProtocolError("cut"),
]
BUSY = [408, 425, 429, 500, 502, 503, 504]
UNSURE: list[Outcome] = [*SENT, *(answer(status) for status in BUSY if status != 429)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
@pytest.mark.parametrize("failure", [*UNSENT, *SENT, *map(answer, BUSY)])
def test_an_idempotent_request_is_tried_again(method: str, failure: Outcome) -> None:
    assert is_retried(failure, method)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_post_is_tried_again_only_where_nothing_can_have_happened_twice(method: str) -> None:
    assert all(is_retried(each, method) for each in (*UNSENT, answer(429)))
    assert not any(is_retried(each, method) for each in UNSURE)
    assert all(is_retried(each, method, {"Idempotency-Key": "1"}) for each in (*UNSENT, *UNSURE))


@pytest.mark.parametrize("status", [s for s in range(300, 600) if s not in BUSY and s != 304])
def test_other_statuses_are_final(status: int) -> None:
    world, outcome = asks([answer(status)])
    assert isinstance(outcome, HttpStatusError)
    assert (outcome.status_code, len(world.sent)) == (status, 1)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, ClientError, ExitCode.FAILED),
        (401, AuthenticationError, ExitCode.FAILED),
        (403, PermissionDeniedError, ExitCode.FAILED),
        (404, NotFoundError, ExitCode.FAILED),
        (422, ClientError, ExitCode.FAILED),
        (429, RateLimitError, ExitCode.TRY_AGAIN),
        (500, ServerError, ExitCode.TRY_AGAIN),
        (599, ServerError, ExitCode.TRY_AGAIN),
        (304, HttpStatusError, ExitCode.FAILED),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[HttpStatusError], code: ExitCode) -> None:
    assert error_class(status) is kind
    assert kind.exit_code is code


def test_a_status_that_the_route_takes_as_data_is_no_error() -> None:
    _, outcome = asks([answer(404)], terms=Terms(accept=frozenset({404})))
    assert isinstance(outcome, httpx2.Response)


def test_a_malformed_request_is_final_and_its_error_keeps_the_header_to_itself(
    driver: Driver, server: Loopback
) -> None:
    client, secret = driver.client(server.url), "top" + "secret"
    with pytest.raises(HttpClientError, match="GET /: the request is malformed and was not sent") as caught:
        driver.request(client, "GET", "/", headers={"X-Key": f"{secret}\n"})
    assert caught.value.exit_code is ExitCode.FAILED
    assert secret not in "".join(traceback.format_exception(caught.value))
    assert driver.request(client, "GET", "/").status_code == 200


# -- how often


@pytest.mark.parametrize("attempts", [1, 2, 6])
def test_attempts_count_the_first_one(attempts: int) -> None:
    world, outcome = asks([answer(503)] * 9, policy=Policy(retry=at_once(attempts)))
    assert isinstance(outcome, ServerError)
    assert len(world.sent) == attempts


def test_after_an_exhausted_request_the_next_has_all_its_attempts(driver: Driver, server: Loopback) -> None:
    client = driver.client(server.url, retry_strategy=at_once(3))
    server.script(*[Answer(503)] * 3)
    with pytest.raises(ServerError):
        driver.request(client, "GET", "/")
    server.script(Answer(503), Answer(503))
    assert driver.request(client, "GET", "/").status_code == 200


def test_every_failed_attempt_stands_in_the_history() -> None:
    script: list[Outcome] = [answer(503), httpx2.ReadTimeout("slow"), answer(404)]
    _, error = asks(
        script, policy=Policy(retry=ExponentialBackoffRetryStrategy(base_s=2, random=lambda: 1.0))
    )
    assert isinstance(error, NotFoundError)
    assert [(each.number, each.delay_s) for each in error.history] == [(1, 2.0), (2, 4.0), (3, 0.0)]
    assert [each.failure.split(": ")[-1] for each in error.history] == ["503", "slow", "404"]
    assert str(error) == "GET /x: 404 Not Found (after 3 attempts in 0 s)"


def test_an_error_of_another_kind_keeps_the_history() -> None:
    away = httpx2.Response(302, headers={"Location": "http://other.test/"})
    policy = Policy(retry=at_once(), home=httpx2.URL(URL))
    _, error = asks([answer(503), away], policy=policy)
    assert isinstance(error, CrossOriginError)
    assert error.history == (Attempt(1, "503", 0.0),)


def test_a_single_failure_says_nothing_of_attempts() -> None:
    _, error = asks([answer(404)])
    assert str(error) == "GET /x: 404 Not Found"


def test_a_network_error_keeps_its_kind_and_cause() -> None:
    _, error = asks([httpx2.ReadTimeout("slow")] * 6)
    assert isinstance(error, RequestTimeoutError)
    assert isinstance(error.__cause__, httpx2.ReadTimeout)
    _, error = asks([httpx2.DecodingError("no gzip")] * 6)
    assert type(error) is NetworkError


def test_listeners_are_told_of_answers_and_retries() -> None:
    events: list[Event] = []
    asks([answer(503), httpx2.ReadError("reset"), OK], terms=Terms(listener=events.append))
    told = [type(each) for each in events if isinstance(each, Answered | Retrying)]
    assert told == [Answered, Retrying, Retrying, Answered]
    assert [each.attempt for each in events if isinstance(each, Retrying)] == [1, 2]


# -- a token that was refused


class Tokens(BaseAuthManager):
    """Gives its tokens one after the other, a new one only when the last was rejected."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:
        if rejected == self._tokens[0] and len(self._tokens) > 1:
            self._tokens.pop(0)
        request.headers["authorization"] = f"Bearer {self._tokens[0]}"
        yield from ()
        return self._tokens[0]

    def secrets(self) -> tuple[str, ...]:
        return tuple(self._tokens)

    def identity(self) -> str:
        return "tokens"


def test_a_refused_token_is_renewed_once_and_costs_no_attempt() -> None:
    policy = Policy(home=httpx2.URL(URL), auth=Tokens("old", "new"), retry=at_once(1))
    world, outcome = asks([answer(401), OK], policy=policy)
    assert isinstance(outcome, httpx2.Response)
    assert [each.headers["authorization"] for each in world.sent] == ["Bearer old", "Bearer new"]


def test_a_second_refusal_is_an_error() -> None:
    policy = Policy(home=httpx2.URL(URL), auth=Tokens("old", "new", "newer"), retry=at_once())
    world, outcome = asks([answer(401), answer(401), OK], policy=policy)
    assert isinstance(outcome, AuthenticationError)
    assert len(world.sent) == 2


# -- after how long


def waits(*script: Outcome, policy: Policy | None = None) -> list[float]:
    obeys = HeaderBasedRetryStrategy(
        "x-sib-ratelimit", ExponentialBackoffRetryStrategy(random=lambda: 1.0), clock=lambda: NOW
    )
    world, outcome = asks([*script, OK], policy=policy or Policy(retry=obeys))
    assert isinstance(outcome, httpx2.Response)
    return world.slept


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_in_full_in_every_spelling(status: int) -> None:
    assert waits(answer(status, retry_after="3700")) == [3700]
    assert waits(answer(status, retry_after="0.25")) == [0.25]
    assert waits(answer(status, retry_after=http_date(90))) == [90]


def test_a_reset_is_obeyed_on_429() -> None:
    assert waits(answer(429, x_sib_ratelimit_reset="42")) == [42]
    assert waits(answer(429, x_sib_ratelimit_reset=str(int(NOW) + 42))) == [42]
    assert waits(answer(429, x_sib_ratelimit_reset=str((int(NOW) + 42) * 1000))) == [42]
    assert waits(answer(429, x_sib_ratelimit_reset="2025-06-15T15:07:22Z")) == [42]
    assert waits(answer(429, retry_after="7", x_sib_ratelimit_reset="42")) == [7]


def test_an_empty_ietf_quota_is_waited_for_on_429() -> None:
    assert waits(answer(429, ratelimit="limit=10, remaining=0, reset=42")) == [42]
    assert waits(answer(429, ratelimit='"a";r=5;t=9, "b";r=0;t=42')) == [42]
    assert waits(answer(429, ratelimit_reset="42", ratelimit="nonsense")) == [42]


def test_a_reset_on_503_says_nothing_of_the_server() -> None:
    assert waits(answer(503, x_sib_ratelimit_reset="42")) == [0.5]


@pytest.mark.parametrize("nothing", ["", "soon", "-1", "nan", "0", "inf", http_date(-5)])
def test_a_header_that_asks_for_no_wait_leaves_the_backoff(nothing: str) -> None:
    assert waits(answer(429, retry_after=nothing)) == [0.5]


def test_the_backoff_doubles_up_to_its_cap() -> None:
    strategy = ExponentialBackoffRetryStrategy(max_attempts=9, cap_s=5, random=lambda: 1.0)
    assert waits(*[answer(502)] * 6, policy=Policy(retry=strategy)) == [0.5, 1, 2, 4, 5, 5]


def test_a_wait_that_is_too_long_ends_the_request_at_once() -> None:
    policy = Policy(retry=HeaderBasedRetryStrategy(), max_wait_s=60)
    world, error = asks([answer(429, retry_after="61")], policy=policy)
    assert isinstance(error, RateLimitError)
    assert (error.retry_after_s, world.slept, len(world.sent)) == (61, [], 1)
    assert error.hint is not None
    assert "61 s" in error.hint
    assert waits(answer(429, retry_after="60"), policy=policy) == [60]


def test_a_caller_may_wait_longer_or_shorter_than_the_client() -> None:
    policy, busy = Policy(retry=HeaderBasedRetryStrategy(), max_wait_s=60), answer(429, retry_after="100")
    world, _ = asks([busy, OK], policy=policy, terms=Terms(max_wait_s=100))
    assert world.slept == [100]
    world, error = asks([busy], policy=policy, terms=Terms(max_wait_s=0))
    assert isinstance(error, RateLimitError)


def test_the_other_strategy_decides_what_is_tried_again() -> None:
    class Never(ExponentialBackoffRetryStrategy):
        def retryable(self, failure: Failure) -> bool:  # noqa: ARG002
            return False

    world, _ = asks([answer(503), OK], policy=Policy(retry=HeaderBasedRetryStrategy(otherwise=Never())))
    assert len(world.sent) == 1


@given(
    st.integers(1, 10**6),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_a_backoff_is_never_negative_nor_over_its_cap(
    attempt: int, base: float, cap: float, draw: float
) -> None:
    strategy = ExponentialBackoffRetryStrategy(10**7, base, cap, random=lambda: draw)
    assert 0 <= strategy.backoff_s(Failure("GET", attempt, 503)) <= cap


@given(st.integers(1, 10**6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_linear_and_fixed_waits_are_never_negative_nor_over_their_cap(
    attempt: int, step: float, cap: float, jitter: float, draw: float
) -> None:
    failure = Failure("GET", attempt, 503)
    linear = LinearBackoffRetryStrategy(10**7, step, cap, jitter, random=lambda: draw)
    assert 0 <= linear.backoff_s(failure) <= cap
    fixed = FixedRetryStrategy(10**7, step, jitter, random=lambda: draw)
    assert 0 <= fixed.backoff_s(failure) <= step


def test_a_linear_backoff_grows_by_its_step_up_to_its_cap() -> None:
    strategy = LinearBackoffRetryStrategy(9, step_s=2, cap_s=5, random=lambda: 0.0)
    assert waits(*[answer(502)] * 4, policy=Policy(retry=strategy)) == [2, 4, 5, 5]


def test_a_fixed_wait_stays_the_same() -> None:
    strategy = FixedRetryStrategy(9, wait_s=3, random=lambda: 0.0)
    assert waits(*[answer(502)] * 3, policy=Policy(retry=strategy)) == [3, 3, 3]


def test_jitter_takes_its_share_off() -> None:
    strategy = FixedRetryStrategy(9, wait_s=10, jitter=0.5, random=lambda: 1.0)
    assert waits(answer(502), policy=Policy(retry=strategy)) == [5]


def test_jitter_leaves_the_random_numbers_of_its_host_alone() -> None:
    random.seed(5)
    before = random.getstate()
    waits = {ExponentialBackoffRetryStrategy().backoff_s(Failure("GET", 6, 503)) for _ in range(9)}
    assert len(waits) == 9
    assert random.getstate() == before


@pytest.mark.parametrize("jitter", [-0.1, 1.1])
@pytest.mark.parametrize("kind", [LinearBackoffRetryStrategy, FixedRetryStrategy])
def test_a_jitter_that_is_no_share_is_refused(kind: type[FixedRetryStrategy], jitter: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        kind(jitter=jitter)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ExponentialBackoffRetryStrategy(0),
        lambda: ExponentialBackoffRetryStrategy(base_s=-1),
        lambda: ExponentialBackoffRetryStrategy(cap_s=-1),
        lambda: LinearBackoffRetryStrategy(step_s=-1),
        lambda: LinearBackoffRetryStrategy(cap_s=float("nan")),
        lambda: FixedRetryStrategy(wait_s=-1),
    ],
)
def test_a_strategy_that_makes_no_sense_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="a retry strategy needs"):
        make()


# -- headers are text that a stranger wrote

odd_text = st.one_of(
    st.text(),
    st.from_regex(r"\A[-+]?\d{0,40}([.,:]\d*)?([eE][-+]?\d*)?[a-zA-Z]{0,4}\Z"),
    st.from_regex(r"\A(\w{3},? )?\d{1,8}[- ]\w{3}[- ]\d{1,8} \d{1,9}:\d{1,9}:\d{1,9} ?[-+]?\w{0,12}\Z"),
)


@given(odd_text, st.floats(0, 1e11))
@example("Wed, 21 Oct 2015 07:28:00 +9999", NOW)
@example("9" * 5000, NOW)
@example("1 Jan 0001 00:00:00 +2359", NOW)
def test_no_header_makes_its_reader_raise(text: str, now: float) -> None:
    wait = delay(text, now)
    assert wait is None or 0 <= wait < float("inf")
    value = number(text)
    assert value is None or 0 <= value < float("inf")
    asked = asked_delay(429, {"retry-after": text, "x-ratelimit-reset": text}, "x-ratelimit", now)
    assert asked is None or asked >= 0


@given(st.integers(0, 10**8))
def test_a_date_and_its_seconds_ask_for_the_same(seconds: int) -> None:
    assert delay(str(seconds), NOW) == delay(http_date(seconds), NOW) == seconds


def test_a_date_without_a_zone_is_utc() -> None:
    moment = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=30)
    assert delay(moment.strftime("%a, %d %b %Y %H:%M:%S -0000"), NOW) == 30
    assert delay(moment.strftime("%a, %d %b %Y %H:%M:%S"), NOW) == 30
    assert delay(moment.strftime("%Y-%m-%dT%H:%M:%S"), NOW) == 30


def test_a_header_that_came_twice_asks_for_the_longer_wait() -> None:
    assert delay("5, 60", NOW) == 60
