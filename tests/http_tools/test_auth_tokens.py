"""When a token is fetched, and when not: by a clock that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_tools.driving import Clock, World, at_once
from tidegate.http_tools.audience import Audience
from tidegate.http_tools.auth import (
    BaseAuthManager,
    Hop,
    OAuth2AuthManager,
    RefreshToken,
    TokenEndpointAuthManager,
)
from tidegate.http_tools.circuit_breakers import CircuitBreaker, State
from tidegate.http_tools.effects import TOTAL_TIMEOUT, Flow, Send, Wait
from tidegate.http_tools.events import Event, Retrying, TokenRefreshed
from tidegate.http_tools.exceptions import (
    AuthenticationError,
    ServerError,
    TokenError,
)
from tidegate.http_tools.policy import Policy, request_flow
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy, FixedRetryStrategy
from tidegate.utils.errors import ExitCode, SettingsError

API = "https://api.example.com"
TOKENS = "https://login.example.com/token"
OK = httpx2.Response(200, json={"ok": True})
UNAUTHORISED = httpx2.Response(401)
DOWN = httpx2.ConnectError("nobody there")


def token(value: str, lifetime_s: Any = 3600) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": value, "expires_in": lifetime_s})


@dataclass
class Case:
    """A manager under a policy, asked through a scripted world."""

    auth: OAuth2AuthManager = field(
        default_factory=lambda: OAuth2AuthManager(TOKENS, "client", "a-client-secret")
    )
    settings: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def ask(self, *script: httpx2.Response | BaseException) -> list[str]:
        """The requests of one API call as words: `token call`, or the token that was sent to the API."""
        world = World(list(script), self.clock)
        policy = Policy(
            home=httpx2.URL(API),
            auth=self.auth,
            clock=self.clock,
            **{"retry": at_once(3), **self.settings},
        )
        try:
            world.run(request_flow(policy, httpx2.Request("GET", API + "/x")))
            assert not world.script
        finally:
            self.sent = [self._word(request) for request in world.sent]
            self.slept = world.slept
        return self.sent

    @staticmethod
    def _word(request: httpx2.Request) -> str:
        if str(request.url) == TOKENS:
            return "token call"
        return request.headers["authorization"].removeprefix("Bearer ")


def test_one_token_serves_many_requests() -> None:
    case = Case()
    assert case.ask(token("one"), OK) == ["token call", "one"]
    case.clock.now += 3600 - 61
    assert case.ask(OK) == ["one"]


def test_a_token_is_replaced_a_minute_ahead_of_its_end() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 3600 - 60
    assert case.ask(token("two"), OK) == ["token call", "two"]


@pytest.mark.parametrize(("lifetime_s", "kept_s"), [(300, 239), (120, 89), (8, 5.9), (3, 1.9), (1, 0.4)])
def test_the_margin_of_a_short_life_is_a_quarter_of_it_or_a_second(lifetime_s: float, kept_s: float) -> None:
    case = Case()
    case.ask(token("one", lifetime_s), OK)
    case.clock.now += kept_s
    assert case.ask(OK) == ["one"]
    case.clock.now += lifetime_s - kept_s - 0.01
    assert case.ask(token("two"), OK) == ["token call", "two"]


def test_the_life_of_a_token_counts_from_before_it_was_asked_for() -> None:
    case = Case()

    class Slow(World):
        def _perform(self, effect: Any) -> Any:
            self.clock.now += 10
            return super()._perform(effect)

    hop = Hop(clock=case.clock)
    Slow([token("one", 100)], case.clock).run(case.auth.authorise(httpx2.Request("GET", API), None, hop))
    case.clock.now += 66
    assert case.ask(token("two"), OK) == ["token call", "two"]  # 76 of 100 seconds are gone, not 66


@pytest.mark.parametrize("unsaid", [None, "soon", [], {}, True, -5, "nan", "1e400"])
def test_a_lifetime_that_is_unsaid_is_taken_as_an_hour(unsaid: Any) -> None:
    case = Case()
    case.ask(token("one", unsaid), OK)
    case.clock.now += 3539
    assert case.ask(OK) == ["one"]
    case.clock.now += 1
    assert case.ask(token("two"), OK) == ["token call", "two"]


def test_a_lifetime_written_as_text_is_read() -> None:
    case = Case()
    case.ask(token("one", "300"), OK)
    case.clock.now += 240
    assert case.ask(token("two"), OK) == ["token call", "two"]


def test_a_token_without_life_serves_the_one_request_it_was_fetched_for() -> None:
    case = Case()
    assert case.ask(token("one", 0), OK) == ["token call", "one"]
    assert case.ask(token("two", 0), OK) == ["token call", "two"]


def test_a_token_without_life_serves_all_who_waited_for_it() -> None:
    auth, hop = OAuth2AuthManager(TOKENS, "client"), Hop(clock=Clock())
    requests = [httpx2.Request("GET", API) for _ in range(3)]
    first, *behind = (auth.authorise(request, None, hop) for request in requests)
    next(first)
    waits = [next(flow) for flow in behind]
    with pytest.raises(StopIteration):
        first.send(token("one", 0))
    for flow, wait in zip(behind, waits, strict=True):
        assert isinstance(wait, Wait)
        with pytest.raises(StopIteration):
            flow.send(wait.future.result())
    assert {request.headers["authorization"] for request in requests} == {"Bearer one"}


# -- 401


def test_a_refused_token_is_replaced_once_when_it_is_over_a_minute_old() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 60
    assert case.ask(UNAUTHORISED, token("two"), OK) == ["one", "token call", "two"]


def test_a_refused_token_under_a_minute_old_is_not_replaced() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 59
    with pytest.raises(AuthenticationError, match="GET /x: 401"):
        case.ask(UNAUTHORISED)
    assert case.sent == ["one"]


def test_a_second_401_is_an_error() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 60
    with pytest.raises(AuthenticationError):
        case.ask(UNAUTHORISED, token("two"), UNAUTHORISED)
    assert case.sent == ["one", "token call", "two"]


def test_a_second_401_is_an_error_though_the_token_grew_old_meanwhile() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 60

    class Slow(World):
        def _perform(self, effect: Any) -> Any:
            self.clock.now += 61
            return super()._perform(effect)

    world = Slow([UNAUTHORISED, token("two"), UNAUTHORISED], case.clock)
    policy = Policy(home=httpx2.URL(API), auth=case.auth, clock=case.clock)
    with pytest.raises(AuthenticationError):
        world.run(request_flow(policy, httpx2.Request("GET", API)))


def test_a_young_token_that_has_just_ended_is_replaced() -> None:
    case = Case()
    case.ask(token("one", 10), OK)
    case.clock.now += 7.4

    class Late(World):
        def _perform(self, effect: Any) -> Any:
            self.clock.now += 2  # the request takes longer than the token lives
            return super()._perform(effect)

    policy = Policy(home=httpx2.URL(API), auth=case.auth, clock=case.clock)
    world = Late([UNAUTHORISED, token("two"), OK], case.clock)
    world.run(request_flow(policy, httpx2.Request("GET", API)))
    assert [case._word(request) for request in world.sent] == ["one", "token call", "two"]


def test_a_token_that_another_has_replaced_meanwhile_is_used_without_a_call() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 60
    case.ask(UNAUTHORISED, token("two"), OK)
    request = httpx2.Request("GET", API)
    assert case.auth.renewable("one", UNAUTHORISED, Hop(clock=case.clock))
    World([]).run(case.auth.authorise(request, "one", Hop(clock=case.clock)))
    assert request.headers["authorization"] == "Bearer two"


def test_a_server_that_gives_the_refused_token_again_ends_in_the_error() -> None:
    case = Case()
    case.ask(token("one"), OK)
    case.clock.now += 60
    with pytest.raises(AuthenticationError):
        case.ask(UNAUTHORISED, token("one"), UNAUTHORISED)


# -- a token call that fails


def test_a_token_call_that_breaks_is_tried_again_by_the_clients_strategy() -> None:
    case = Case(settings={"retry": ExponentialBackoffRetryStrategy(4, base_s=8, random=lambda: 1.0)})
    broken = httpx2.ReadError("cut"), httpx2.Response(503), DOWN
    assert case.ask(*broken, token("one"), OK) == ["token call"] * 4 + ["one"]
    assert case.slept == [8, 16, 32]


def test_the_wait_that_a_token_endpoint_asks_for_is_obeyed() -> None:
    case = Case()
    case.ask(httpx2.Response(429, headers={"Retry-After": "17"}), token("one"), OK)
    assert case.slept == [17]


@pytest.mark.parametrize("failure", [DOWN, httpx2.ReadTimeout("slow"), httpx2.Response(503)])
def test_a_network_that_stays_down_is_a_token_error_worth_another_run(failure: Any) -> None:
    case = Case()
    with pytest.raises(TokenError, match=r"the token endpoint at https://login\.example\.com:443") as caught:
        case.ask(failure, failure, failure)
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert [attempt.number for attempt in caught.value.history] == [1, 2, 3]
    assert "run again" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_a_token_error_that_is_not_tried_again(status: int) -> None:
    case = Case()
    refusal = httpx2.Response(
        status, json={"error": "invalid_client", "error_description": "a-client-secret"}
    )
    with pytest.raises(TokenError, match=rf"answered {status} invalid_client$") as caught:
        case.ask(refusal)
    assert caught.value.exit_code is ExitCode.FAILED
    assert "secret" in (caught.value.hint or "")
    assert case.sent == ["token call"]


def test_a_redirect_of_the_token_endpoint_is_not_followed() -> None:
    case = Case()
    with pytest.raises(TokenError, match="a redirect, which a credential does not follow"):
        case.ask(httpx2.Response(307, headers={"Location": "https://elsewhere.example.com"}))
    assert case.sent == ["token call"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<html>", b"[]", b'{"access_token": 5}', b'{"access_token": "a b\\n"}', b"\xff"]
)
def test_an_answer_without_a_token_is_a_token_error(body: bytes) -> None:
    with pytest.raises(TokenError, match="without a usable token under 'access_token'"):
        Case().ask(httpx2.Response(200, content=body))


def test_an_error_in_an_answer_with_status_200_is_told() -> None:
    with pytest.raises(TokenError, match="but with the error invalid_scope"):
        Case().ask(httpx2.Response(200, json={"error": "invalid_scope"}))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_an_error_code_that_looks_like_none_is_not_told(code: str) -> None:
    with pytest.raises(TokenError) as caught:
        Case().ask(httpx2.Response(400, json={"error": code}))
    told = str(caught.value).partition("answered 400")[2]
    assert told == "" or all(c in "_abcdefghijklmnopqrstuvwxyz" for c in told.strip())


def test_a_failed_refresh_ahead_of_the_end_goes_on_with_the_old_token() -> None:
    case = Case()
    case.ask(token("one", 300), OK)
    case.clock.now += 245
    assert case.ask(DOWN, OK) == ["token call", "one"]
    assert case.ask(OK) == ["one"]  # the next does not try at once
    case.clock.now += 15
    assert case.ask(token("two"), OK) == ["token call", "two"]


def test_a_refusal_ahead_of_the_end_is_raised() -> None:
    case = Case()
    case.ask(token("one", 300), OK)
    case.clock.now += 245
    with pytest.raises(TokenError):
        case.ask(httpx2.Response(400, json={"error": "invalid_client"}))


def test_a_wait_beyond_patience_ends_the_token_call() -> None:
    case = Case(settings={"max_wait_s": 10.0})
    with pytest.raises(TokenError) as caught:
        case.ask(httpx2.Response(503, headers={"Retry-After": "11"}))
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


@pytest.mark.parametrize(
    ("asked_s", "deadline_s", "bound_s"), [(None, None, 60), (300, None, 60), (5, 9, 5), (300, 9, 9)]
)
def test_a_token_call_lasts_a_minute_at_most_and_to_the_deadline(
    asked_s: float | None, deadline_s: float | None, bound_s: float
) -> None:
    world = World([token("one")])
    ends = math.inf if deadline_s is None else world.clock.now + deadline_s
    request = httpx2.Request("GET", API, extensions={TOTAL_TIMEOUT: asked_s})
    hop = Hop(clock=world.clock, extensions=request.extensions, deadline=ends)
    world.run(OAuth2AuthManager(TOKENS, "client").authorise(request, None, hop))
    assert world.sent[0].extensions[TOTAL_TIMEOUT] == bound_s


def test_a_rotating_refresh_goes_on_past_the_deadline() -> None:
    world, auth = World([token("one")]), OAuth2AuthManager(TOKENS, "client", grant=RefreshToken("first"))
    hop = Hop(clock=world.clock, deadline=world.clock.now + 1)
    world.run(auth.authorise(httpx2.Request("GET", API), None, hop))
    assert world.sent[0].extensions[TOTAL_TIMEOUT] == 60


def test_a_token_call_is_tried_again_only_within_the_deadline() -> None:
    case = Case(settings={"retry": FixedRetryStrategy(max_attempts=9, wait_s=4.0), "deadline_s": 10.0})
    with pytest.raises(TokenError) as caught:
        case.ask(DOWN, DOWN, DOWN)
    assert len(case.slept) == 2  # of about 4 s each
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


def test_who_waits_for_anothers_token_call_waits_to_the_deadline() -> None:
    auth, clock = OAuth2AuthManager(TOKENS, "client"), Clock()
    first = auth.authorise(httpx2.Request("GET", API), None, Hop(clock=clock))
    next(first)
    with pytest.raises(TokenError, match="did not come before the request's deadline") as caught:
        World([], clock).run(
            auth.authorise(httpx2.Request("GET", API), None, Hop(clock=clock, deadline=clock.now + 5))
        )
    assert clock.now == 1005
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    first.close()


def test_a_refresh_ahead_of_the_end_that_fails_is_no_failure_of_those_behind() -> None:
    case = Case()
    case.ask(token("one", 300), OK)
    case.clock.now += 250
    request, hop = httpx2.Request("GET", API), Hop(retry=at_once(3), clock=case.clock)
    early = case.auth.authorise(httpx2.Request("GET", API), None, hop)
    next(early)
    case.clock.now += 51  # the old token has ended meanwhile: the next one has to wait
    behind = case.auth.authorise(request, None, hop)
    wait = next(behind)
    assert isinstance(wait, Wait)
    with pytest.raises(StopIteration):
        early.throw(httpx2.ConnectError("nobody there"))
    call = behind.send(wait.future.result())
    assert isinstance(call, Send)
    with pytest.raises(StopIteration):
        behind.send(token("two"))
    assert request.headers["authorization"] == "Bearer two"


# -- the API's limiter and breaker


def test_failed_token_calls_do_not_open_the_apis_breaker() -> None:
    breaker = CircuitBreaker(failure_threshold=1)
    case = Case(settings={"breaker": breaker})
    for _ in range(3):
        with pytest.raises(TokenError):
            case.ask(DOWN, DOWN, DOWN)
    assert case.ask(token("one"), OK) == ["token call", "one"]


def test_the_call_of_a_manager_of_ones_own_that_breaks_is_no_failure_of_the_api() -> None:
    class Own(BaseAuthManager):
        def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
            yield from Send(httpx2.Request("GET", TOKENS), 1000)
            return None

        def secrets(self) -> tuple[str, ...]:
            return ()

        def identity(self) -> str:
            return "own"

    breaker = CircuitBreaker(failure_threshold=1)
    world, policy = World([DOWN]), Policy(home=httpx2.URL(API), auth=Own(), breaker=breaker, retry=at_once(3))
    with pytest.raises(TokenError, match="the credential's own call failed: ConnectError"):
        world.run(request_flow(policy, httpx2.Request("GET", API)))
    assert breaker.state is State.CLOSED


def test_a_failed_token_call_gives_the_slot_back() -> None:
    limiter = SlidingWindowLimiter(1, 3600.0)
    case = Case(settings={"limiter": limiter})
    with pytest.raises(TokenError):
        case.ask(httpx2.Response(400))
    assert limiter.try_acquire() == 0


def test_a_token_call_takes_no_slot_of_the_api() -> None:
    limiter = SlidingWindowLimiter(2, 3600.0)
    case = Case(settings={"limiter": limiter})
    case.ask(token("one"), OK)
    assert limiter.try_acquire() == 0
    assert limiter.try_acquire() > 0


def test_the_token_is_taken_after_the_wait_for_quota() -> None:
    case = Case(settings={})
    case.ask(token("one", 100), OK)
    case.settings["limiter"] = limiter = SlidingWindowLimiter(1, 90.0, clock=case.clock)
    limiter.try_acquire()
    assert case.ask(token("two"), OK) == ["token call", "two"]  # by then the first is at its end
    assert case.slept == [90]


def test_a_slot_that_waited_for_a_token_call_is_taken_anew() -> None:
    case = Case()
    case.settings["limiter"] = limiter = SlidingWindowLimiter(1, 1.0, clock=case.clock)

    class Slow(World):
        def _perform(self, effect: Any) -> Any:
            result = super()._perform(effect)
            if len(self.sent) == 1 and not self.slept:
                self.clock.now += 1.5
                assert limiter.try_acquire() == 0  # the slot of the first is gone: another takes it
            return result

    policy = Policy(home=httpx2.URL(API), auth=case.auth, limiter=limiter, clock=case.clock)
    world = Slow([token("one"), OK], case.clock)
    world.run(request_flow(policy, httpx2.Request("GET", API)))
    assert world.slept == [1.0]


def test_a_server_error_of_the_api_is_no_matter_of_the_token() -> None:
    case = Case()
    with pytest.raises(ServerError):
        case.ask(token("one"), *[httpx2.Response(500)] * 3)
    assert case.sent == ["token call", "one", "one", "one"]


# -- what is told


def test_every_refresh_and_retry_is_told() -> None:
    case = Case()
    heard: list[Event] = []

    audience = Audience([heard.append])
    case.auth.follow(audience)
    case.ask(DOWN, token("tok-1", 3000), OK)
    case.clock.now += 2980
    case.ask(token("tok-2", 300), OK)
    case.clock.now += 100
    case.ask(UNAUTHORISED, token("tok-3", None), OK)
    refreshed = [(e.token_url, e.lifetime_s, e.reason) for e in heard if isinstance(e, TokenRefreshed)]
    assert refreshed == [(TOKENS, 3000, "first"), (TOKENS, 300, "expiring"), (TOKENS, None, "rejected")]
    assert [e.endpoint for e in heard if isinstance(e, Retrying)] == [f"token call to {TOKENS}"]
    assert "tok-" not in repr(heard)


# -- the login of a vendor's own


def login(**settings: Any) -> TokenEndpointAuthManager:
    body = {"password": "a-login-password"}
    return TokenEndpointAuthManager("https://login.epagine.fr/v1/login/me/token", json=body, **settings)


def asked(auth: TokenEndpointAuthManager, answer: httpx2.Response) -> tuple[httpx2.Request, httpx2.Request]:
    request = httpx2.Request("GET", API)
    world = World([answer])
    world.run(auth.apply(request))
    return world.sent[0], request


def test_a_login_posts_its_body_and_sends_the_token_it_gets() -> None:
    call, request = asked(login(lifetime_s=300), httpx2.Response(200, json={"token": "abc"}))
    assert (call.method, call.content) == ("POST", b'{"password":"a-login-password"}')
    assert call.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer abc"


def test_a_login_tells_no_path_which_may_hold_the_user_or_a_key() -> None:
    heard: list[Event] = []
    auth = TokenEndpointAuthManager("https://login.example.com/auth/a-key-of-mine/token")
    audience = Audience([heard.append])
    auth.follow(audience)
    asked(auth, httpx2.Response(200, json={"token": "abc"}))
    assert [event.token_url for event in heard if isinstance(event, TokenRefreshed)] == [
        "https://login.example.com:443"
    ]


def test_a_login_finds_the_token_where_it_is_told() -> None:
    auth = login(token="data.session.key")
    _, request = asked(auth, httpx2.Response(200, json={"data": {"session": {"key": "abc"}}}))
    assert request.headers["authorization"] == "Bearer abc"


def test_a_login_may_be_a_form() -> None:
    auth = TokenEndpointAuthManager(TOKENS, form={"user": "me", "pass": "a&b"})
    call, _ = asked(auth, httpx2.Response(200, json={"token": "abc"}))
    assert call.content == b"user=me&pass=a%26b"


def test_a_login_has_one_body() -> None:
    with pytest.raises(ValueError, match="not both"):
        TokenEndpointAuthManager(TOKENS, form={"a": "b"}, json={"a": "b"})


@pytest.mark.parametrize(
    "make",
    [
        lambda url: OAuth2AuthManager(url, "client"),
        TokenEndpointAuthManager,
        lambda url: OAuth2AuthManager(url, "client", grant=RefreshToken("a")),
    ],
)
@pytest.mark.parametrize(
    "url", ["http://login.example.com/token", "login.example.com", "https://u:p@x.com", ""]
)
def test_tokens_are_asked_for_over_https_only(make: Callable[[str], Any], url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make(url)
    assert "u:p" not in str(caught.value)
