"""The policy: one request from wish to answer, as a generator of effects without I/O.

limiter (may take an hour) -> credential (so it is fresh) -> breaker -> send -> redirect | retry | answer
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from tidegate.http_tools import origins
from tidegate.http_tools.audience import Audience
from tidegate.http_tools.auth import BaseAuthManager, Hop
from tidegate.http_tools.circuit_breakers import CircuitBreaker, KeyedCircuitBreaker, Verdict
from tidegate.http_tools.effects import MAX_RATIO, TOTAL_TIMEOUT, Flow, Send, Sink, Sleep, WaitAtMost
from tidegate.http_tools.events import Listener, ignore
from tidegate.http_tools.exceptions import (
    Attempt,
    CircuitOpenError,
    CrossOriginError,
    HttpClientError,
    HttpStatusError,
    NetworkError,
    RequestTimeoutError,
    TokenError,
    error_class,
)
from tidegate.http_tools.headers import asked_delay
from tidegate.http_tools.rate_limiters import BaseRateLimiter, acquire_flow
from tidegate.http_tools.retry_strategies import (
    BaseRetryStrategy,
    Failure,
    HeaderBasedRetryStrategy,
    RetryBudget,
)
from tidegate.http_tools.telling import Telling
from tidegate.utils.redact import Redactor

_EXCERPT = 300

_LOOKED_AT = 1 << 20  # far more than is shown, so that no secret is cut in two
_SLOT_KEEPS_S = 0.25
_CREDENTIAL_FREE = frozenset(
    {"accept", "accept-encoding", "user-agent", "content-type", "content-length", "host"}
)


@dataclass(frozen=True)
class Policy:
    """The strategies of one client. Shared by all its requests; holds no state of any of them."""

    home: httpx2.URL | None = None
    auth: BaseAuthManager | None = None
    limiter: BaseRateLimiter | None = None
    breaker: CircuitBreaker | KeyedCircuitBreaker | None = None
    retry: BaseRetryStrategy = field(default_factory=HeaderBasedRetryStrategy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    allowed_origins: frozenset[str] = frozenset()
    max_bytes: int = 256 << 20
    max_ratio: float = MAX_RATIO
    max_wait_s: float = 7200.0
    deadline_s: float = math.inf
    quota_prefix: str = "x-ratelimit"
    redact: Redactor = field(default_factory=Redactor)
    clock: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    audience: Audience = field(default_factory=Audience)


@dataclass(frozen=True)
class Terms:
    """What one caller asks for beside the request: who listens, how long to wait, which statuses are data."""

    listener: Listener = ignore
    max_wait_s: float | None = None
    accept: frozenset[int] = frozenset()
    sink: Sink | None = None


DEFAULT_TERMS = Terms()


def request_flow(
    policy: Policy, request: httpx2.Request, terms: Terms = DEFAULT_TERMS
) -> Flow[httpx2.Response]:
    """The answer to `request`: 2xx, or a status in `terms.accept`; else the error of the last attempt.

    Raises any `HttpClientError`; its `history` holds every failed attempt.
    """
    return _Exchange(policy, request, terms).flow()


class _Exchange:
    """The state of one request over its attempts and redirects. Never shared."""

    def __init__(self, policy: Policy, request: httpx2.Request, terms: Terms) -> None:
        self._policy, self._request, self._terms = policy, request, terms
        self._endpoint = f"{request.method} {request.url.path}"
        self._began = policy.clock()
        policy.budget.earn()
        audience = policy.audience.joined_by(terms.listener)
        self._tell = Telling(audience, self._endpoint, policy.redact, policy.clock)
        self._attempt = 1
        self._hops = 0
        self._rejected: str | None = None
        self._history: list[Attempt] = []
        self._last: HttpClientError | None = None

    def flow(self) -> Flow[httpx2.Response]:
        try:
            while True:
                try:
                    response, token = yield from self._once()
                except CircuitOpenError as error:
                    failure = Failure(self._request.method, self._attempt, None, sent=False)
                    if not (yield from self._probe_is_back(failure)):
                        yield from self._retry(failure, self._named(error))
                except httpx2.RequestError as error:
                    yield from self._retry(self._failure_of(error), self._network_error(error))
                else:
                    if response.is_success or response.status_code in self._terms.accept:
                        return response
                    yield from self._unwanted(response, token)
        except HttpClientError as error:
            error.history = (*self._history, *error.history)  # a failed token call has its own
            error.args = (self._policy.redact(str(error)),)
            error.hint = error.hint and self._policy.redact(error.hint)
            raise

    def _probe_is_back(self, failure: Failure) -> Flow[bool]:
        """Wait for another request that probes the endpoint. That costs no attempt; False where none does."""
        breaker = self._policy.breaker
        if breaker is None or self._policy.retry.delay_s(failure) is None:
            return False
        back = breaker.for_request(self._request).probe_back()
        if back is None or not (yield from WaitAtMost(back, self._patience())):
            return False
        self._request = again(self._request)
        return True

    def _unwanted(self, response: httpx2.Response, token: str | None) -> Flow[None]:
        """Make ready for another request, or raise."""
        if (target := origins.redirect_of(response)) is not None:
            self._follow(response, target)
        elif response.status_code == 401 and token is not None and self._renewable(token, response):
            self._rejected = token
            self._request = again(self._request)
        else:
            yield from self._retry(self._failure_of(response), self._status_error(response))

    def _once(self) -> Flow[tuple[httpx2.Response, str | None]]:
        """One attempt, under limiter and breaker: the answer, and the token it was asked with."""
        policy, request = self._policy, self._request
        trusted = origins.check_target(request.url, policy.home, policy.allowed_origins)
        ours = trusted or policy.home is None  # another origin's quota is not the one that we know
        if not ours:
            self._strip(request)
        limiter = policy.limiter.for_request(request) if policy.limiter is not None and ours else None
        waited, token, leave = yield from self._admission(limiter, policy.auth if trusted else None)
        response = yield from self._send(limiter, leave, waited)
        return response, token

    def _admission(
        self, limiter: BaseRateLimiter | None, auth: BaseAuthManager | None
    ) -> Flow[tuple[float, str | None, Callable[[Verdict], None] | None]]:
        """A slot of the quota, a credential that is fresh with it, and the breaker's leave."""
        policy, request = self._policy, self._request
        waited, token, leave, spent, final = 0.0, None, None, False, limiter is None
        while not spent:
            if limiter is not None:
                waited += yield from self._acquire(limiter)
            granted_at = policy.clock()
            try:
                if auth is not None:
                    token = yield from self._authorise(auth, request)
                # A slot that waited for a token call counts in a window that may be gone: take another.
                if final or self._is_new(granted_at):
                    self._within_deadline(request)
                    if policy.breaker is not None:
                        leave = policy.breaker.for_request(request).enter()
                    spent = True
                final = True
            finally:
                if not spent and limiter is not None:
                    # to release one whose window is gone would free another's
                    limiter.release() if self._is_new(granted_at) else limiter.lost()
        return waited, token, leave

    def _is_new(self, granted_at: float) -> bool:
        return self._policy.clock() - granted_at < _SLOT_KEEPS_S

    def _authorise(self, auth: BaseAuthManager, request: httpx2.Request) -> Flow[str | None]:
        """Put the credential on the request. Its own call's failure is never the API's."""
        try:
            return (yield from auth.authorise(request, self._rejected, self._hop()))
        except httpx2.RequestError as error:
            raise TokenError(f"the credential's own call failed: {type(error).__name__}") from error

    def _renewable(self, token: str, response: httpx2.Response) -> bool:
        """Whether to ask again with another token: once, a second 401 is an error."""
        auth = self._policy.auth
        return self._rejected is None and auth is not None and auth.renewable(token, response, self._hop())

    def _hop(self) -> Hop:
        policy = self._policy
        return Hop(policy.retry, self._patience(), policy.clock, policy.epoch, self._request.extensions)

    def _strip(self, request: httpx2.Request) -> None:
        """Make it fit for another origin. Raises `CrossOriginError` where its address holds a credential."""
        request.headers = credential_free(request.headers)
        if self._policy.auth is not None:
            request.url = self._policy.auth.cleaned(request.url)
            if self._policy.redact(str(request.url)) != str(request.url):
                raise CrossOriginError(f"the address at {origins.origin(request.url)} holds a credential")

    def _send(
        self, limiter: BaseRateLimiter | None, leave: Callable[[Verdict], None] | None, waited: float
    ) -> Flow[httpx2.Response]:
        response, verdict = None, Verdict.NOTHING
        try:
            if self._terms.sink is not None:
                self._terms.sink.prepare(self._request)
            sending = Send(self._request, self._policy.max_bytes, self._policy.max_ratio, self._terms.sink)
            response = yield from self._tell.send(sending, waited)
            verdict = Verdict.FAILED if response.status_code >= 500 else Verdict.OK
        except httpx2.RequestError:
            verdict = Verdict.FAILED
            raise
        finally:
            if leave is not None:
                leave(verdict)
            if limiter is not None:
                limiter.lost() if response is None else limiter.observe(response)
        return response

    def _acquire(self, limiter: BaseRateLimiter) -> Flow[float]:
        return acquire_flow(
            limiter,
            max_wait_s=self._patience(),
            clock=self._policy.clock,
            waiting=self._tell.waiting,
        )

    def _retry(self, failure: Failure, error: HttpClientError) -> Flow[None]:
        """Wait before the next attempt, or raise where none should follow."""
        delay_s = self._policy.retry.delay_s(failure)
        if isinstance(error, CircuitOpenError) and delay_s is not None:
            delay_s = max(delay_s, error.retry_after_s)
        reason = str(failure.status_code or error)
        if delay_s is None or delay_s > self._patience():
            self._history.append(Attempt(self._attempt, reason, 0.0))
            raise self._final(error, delay_s)
        if not (_is_free(error) or self._policy.budget.spend()):
            self._history.append(Attempt(self._attempt, reason, 0.0))
            error.hint = error.hint or "Too many requests of this client fail: its retry budget is spent."
            raise self._final(error, None)
        if not isinstance(error, CircuitOpenError):
            self._last = error
        self._history.append(Attempt(self._attempt, reason, delay_s))
        self._tell.retrying(self._attempt, reason, delay_s)
        self._attempt += 1
        self._request = again(self._request)
        yield from Sleep(delay_s)

    def _patience(self) -> float:
        """How long one wait may be."""
        allowed = self._policy.max_wait_s if self._terms.max_wait_s is None else self._terms.max_wait_s
        return min(allowed, max(0.0, self._left()))

    def _left(self) -> float:
        """What remains until the request's deadline."""
        return self._began + self._policy.deadline_s - self._policy.clock()

    def _within_deadline(self, request: httpx2.Request) -> None:
        """Bound what is about to be sent. Raises `RequestTimeoutError` where no time is left."""
        if math.isinf(left := self._left()):
            return
        if left <= 0:
            raise RequestTimeoutError(
                f"{self._endpoint}: not answered within its deadline of {self._policy.deadline_s:g} s"
            )
        total = request.extensions.get(TOTAL_TIMEOUT)
        request.extensions[TOTAL_TIMEOUT] = left if total is None else min(total, left)

    def _final(self, error: HttpClientError, delay_s: float | None) -> HttpClientError:
        if isinstance(error, CircuitOpenError) and self._last is not None:  # why it is open matters more
            error.args = (f"{error}; it failed with: {self._last}",)
            error.hint = error.hint or self._last.hint
        if self._attempt > 1:
            took = self._policy.clock() - self._began
            error.args = (f"{error} (after {self._attempt} attempts in {took:.0f} s)",)
        if delay_s is not None and error.hint is None:
            error.hint = (
                f"It may be asked again in {delay_s:.0f} s, longer than the {self._patience():.0f} s allowed:"
                " run again later, or allow a longer wait with --max-wait."
            )
        return error

    def _named(self, error: CircuitOpenError) -> CircuitOpenError:
        error.args = (f"{self._endpoint}: {error}",)
        return error

    def _follow(self, response: httpx2.Response, target: httpx2.URL) -> None:
        self._hops += 1
        if self._hops > origins.MAX_REDIRECTS:
            raise CrossOriginError(f"{self._endpoint}: more than {origins.MAX_REDIRECTS} redirects")
        home, request = self._policy.home, self._request
        origins.check_target(target, home, self._policy.allowed_origins)
        headers = request.headers.copy()
        if home is None and origins.origin(target) != origins.origin(request.url):
            headers = credential_free(headers)
        self._tell.redirected(response.status_code, target)
        headers["host"] = target.netloc.decode("ascii")
        method, body = request.method, request.content
        if response.status_code == 303 or (response.status_code in (301, 302) and method == "POST"):
            method, body, headers = "GET", b"", _bodyless(headers)
        self._request = httpx2.Request(
            method, target, headers=headers, content=body or None, extensions=dict(request.extensions)
        )

    def _failure_of(self, outcome: httpx2.Response | httpx2.RequestError) -> Failure:
        keyed = "idempotency-key" in self._request.headers
        if isinstance(outcome, httpx2.Response):
            status, headers = outcome.status_code, dict(outcome.headers)
            return Failure(
                self._request.method, self._attempt, status, idempotency_key=keyed, headers=headers
            )
        unsent = isinstance(outcome, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        return Failure(self._request.method, self._attempt, None, sent=not unsent, idempotency_key=keyed)

    def _network_error(self, error: httpx2.RequestError) -> NetworkError:
        where = origins.origin(self._request.url)
        kind = RequestTimeoutError if isinstance(error, httpx2.TimeoutException) else NetworkError
        reason = self._policy.redact(str(error)) or type(error).__name__
        final = kind(f"{self._endpoint} on {where}: no complete answer: {reason}")
        final.__cause__ = error
        if isinstance(error, httpx2.ConnectError):
            final.hint = f"Is {where} up and reachable? The base URL is a setting of the connector."
        return final

    def _status_error(self, response: httpx2.Response) -> HttpClientError:
        status = response.status_code
        text = response.content[:_LOOKED_AT].decode("utf-8", "replace")
        body = self._policy.redact.beginning(text, _EXCERPT).strip()
        error = error_class(status)(
            f"{self._endpoint}: {status} {response.reason_phrase}" + (f": {body}" if body else ""),
            status_code=status,
            body=body,
            retry_after_s=asked_delay(response.headers, self._policy.quota_prefix, self._policy.epoch()),
        )
        if status == 401:
            setting = self._policy.auth.setting if self._policy.auth else "whether it needs a credential"
            error.hint = f"The API refused the credential: check {setting}."
        return error


def _is_free(error: HttpClientError) -> bool:
    """Whether a retry burdens no server: it waits for the breaker, or as long as the vendor asked."""
    asked = isinstance(error, HttpStatusError) and error.status_code in (429, 503) and error.retry_after_s
    return bool(asked) or isinstance(error, CircuitOpenError)


def again(request: httpx2.Request) -> httpx2.Request:
    """A fresh copy for the next attempt: nothing of the last one's headers or state is carried along."""
    return httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        extensions=dict(request.extensions),
    )


def _bodyless(headers: httpx2.Headers) -> httpx2.Headers:
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if not k.startswith("content-")])


def credential_free(headers: httpx2.Headers) -> httpx2.Headers:
    """What may go to another origin: any other header, even one of the caller's own, may be a credential."""
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if k in _CREDENTIAL_FREE])
