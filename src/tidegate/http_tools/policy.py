"""The policy: one request from wish to answer, as a generator of effects without I/O.

breaker -> limiter (may take an hour) -> credential (so it is fresh) -> send -> redirect | retry | answer
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from tidegate.http_tools import origins
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.circuit_breakers import CircuitBreaker, PerEndpointCircuitBreaker, Verdict
from tidegate.http_tools.effects import Flow, Send, Sleep
from tidegate.http_tools.events import Answered, Listener, Retrying, Waiting, ignore
from tidegate.http_tools.exceptions import (
    Attempt,
    CircuitOpenError,
    CrossOriginError,
    HttpClientError,
    NetworkError,
    RequestTimeoutError,
    error_class,
)
from tidegate.http_tools.headers import asked_delay
from tidegate.http_tools.rate_limiters import BaseRateLimiter, acquire_flow
from tidegate.http_tools.retry_strategies import BaseRetryStrategy, Failure, HeaderBasedRetryStrategy
from tidegate.utils.redact import Redactor

_EXCERPT = 300
_CREDENTIAL_FREE = ("accept", "accept-encoding", "user-agent", "content-type", "content-length", "host")


@dataclass(frozen=True)
class Policy:
    """The strategies of one client. Shared by all its requests; holds no state of any of them."""

    home: httpx2.URL | None = None
    auth: BaseAuthManager | None = None
    limiter: BaseRateLimiter | None = None
    breaker: CircuitBreaker | PerEndpointCircuitBreaker | None = None
    retry: BaseRetryStrategy = field(default_factory=HeaderBasedRetryStrategy)
    allowed_origins: frozenset[str] = frozenset()
    max_bytes: int = 256 << 20
    max_wait_s: float = 7200.0
    quota_prefix: str = "x-ratelimit"
    redact: Redactor = field(default_factory=Redactor)
    clock: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time


@dataclass(frozen=True)
class Terms:
    """What one caller asks for beside the request: who listens, how long to wait, which statuses are data."""

    listener: Listener = ignore
    max_wait_s: float | None = None
    accept: frozenset[int] = frozenset()


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
        self._attempt = 1
        self._hops = 0
        self._rejected: str | None = None
        self._history: list[Attempt] = []

    def flow(self) -> Flow[httpx2.Response]:
        while True:
            try:
                response, token = yield from self._once()
            except CircuitOpenError as error:
                yield from self._retry(Failure(self._request.method, self._attempt, None, sent=False), error)
                continue
            except httpx2.TransportError as error:
                yield from self._retry(self._failure_of(error), self._network_error(error))
                continue
            if response.is_success or response.status_code in self._terms.accept:
                return response
            if (target := origins.redirect_of(response)) is not None:
                self._follow(response, target)
            elif response.status_code == 401 and token is not None and self._rejected is None:
                self._rejected = token  # one refresh; a second 401 is an error
            else:
                yield from self._retry(self._failure_of(response), self._status_error(response))

    def _once(self) -> Flow[tuple[httpx2.Response, str | None]]:
        """One attempt, under limiter and breaker: the answer, and the token it was asked with."""
        policy, request = self._policy, self._request
        trusted = origins.check_target(request.url, policy.home, policy.allowed_origins)
        ours = trusted or policy.home is None  # another origin's quota is not the one that we know
        limiter = policy.limiter.for_request(request) if policy.limiter and ours else None
        waited = 0.0
        if limiter is not None:
            waited = yield from self._acquire(limiter)
        spent = False
        try:
            token = None
            if policy.auth is not None and trusted:
                token = yield from policy.auth.apply(request, self._rejected)
            leave = policy.breaker.for_request(request).enter() if policy.breaker else None
            spent = True
        finally:
            if not spent and limiter is not None:
                limiter.release()
        response = yield from self._send(limiter, leave)
        self._terms.listener(Answered(self._endpoint, response.status_code, len(response.content), waited))
        return response, token

    def _send(
        self, limiter: BaseRateLimiter | None, leave: Callable[[Verdict], None] | None
    ) -> Flow[httpx2.Response]:
        response, verdict = None, Verdict.NOTHING
        try:
            response = yield from Send(self._request, self._policy.max_bytes)
            verdict = Verdict.FAILED if response.status_code >= 500 else Verdict.OK
        except httpx2.TransportError:
            verdict = Verdict.FAILED
            raise
        finally:
            if leave is not None:
                leave(verdict)
            if limiter is not None:
                limiter.lost() if response is None else limiter.observe(response)
        return response

    def _acquire(self, limiter: BaseRateLimiter) -> Flow[float]:
        policy, terms = self._policy, self._terms
        max_wait_s = policy.max_wait_s if terms.max_wait_s is None else terms.max_wait_s
        return acquire_flow(
            limiter,
            max_wait_s=max_wait_s,
            clock=policy.clock,
            waiting=lambda seconds: terms.listener(Waiting(self._endpoint, seconds)),
        )

    def _retry(self, failure: Failure, error: HttpClientError) -> Flow[None]:
        """Wait before the next attempt, or raise where none should follow."""
        delay_s = self._policy.retry.delay_s(failure)
        if isinstance(error, CircuitOpenError) and delay_s is not None:
            delay_s = max(delay_s, error.retry_after_s)
        if delay_s is None or delay_s > self._patience():
            raise self._final(error)
        reason = str(failure.status_code or error)
        self._history.append(Attempt(self._attempt, reason, delay_s))
        self._terms.listener(Retrying(self._endpoint, self._attempt, reason, delay_s))
        self._attempt += 1
        self._request = _again(self._request)
        yield from Sleep(delay_s)

    def _patience(self) -> float:
        return self._policy.max_wait_s if self._terms.max_wait_s is None else self._terms.max_wait_s

    def _final(self, error: HttpClientError) -> HttpClientError:
        if self._attempt > 1:
            took = self._policy.clock() - self._began
            error.args = (f"{error.args[0]} (after {self._attempt} attempts in {took:.0f} s)",)
        error.history = tuple(self._history)
        return error

    def _follow(self, response: httpx2.Response, target: httpx2.URL) -> None:
        self._hops += 1
        if self._hops > origins.MAX_REDIRECTS:
            raise CrossOriginError(f"{self._endpoint}: more than {origins.MAX_REDIRECTS} redirects")
        trusted = origins.check_target(target, self._policy.home, self._policy.allowed_origins)
        request = self._request
        if response.status_code == 303 or (response.status_code in (301, 302) and request.method == "POST"):
            self._request = httpx2.Request("GET", target, headers=_bodyless(request.headers))
        else:
            self._request = httpx2.Request(
                request.method, target, headers=request.headers, content=request.content
            )
        self._request.extensions = request.extensions
        self._request.headers["host"] = target.netloc.decode("ascii")
        if not trusted:
            kept = {
                name: self._request.headers[name]
                for name in _CREDENTIAL_FREE
                if name in self._request.headers
            }
            self._request.headers = httpx2.Headers(kept)

    def _failure_of(self, outcome: httpx2.Response | httpx2.TransportError) -> Failure:
        keyed = "idempotency-key" in self._request.headers
        if isinstance(outcome, httpx2.Response):
            status, headers = outcome.status_code, dict(outcome.headers)
            return Failure(
                self._request.method, self._attempt, status, idempotency_key=keyed, headers=headers
            )
        unsent = isinstance(outcome, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        return Failure(self._request.method, self._attempt, None, sent=not unsent, idempotency_key=keyed)

    def _network_error(self, error: httpx2.TransportError) -> NetworkError:
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
        text = response.content[: 4 * _EXCERPT].decode("utf-8", "replace")
        body = self._policy.redact(text)[:_EXCERPT].strip()
        error = error_class(status)(
            f"{self._endpoint}: {status} {response.reason_phrase}" + (f": {body}" if body else ""),
            status_code=status,
            body=body,
            retry_after_s=asked_delay(response.headers, self._policy.quota_prefix, self._policy.epoch()),
        )
        if status == 401:
            error.hint = "The API refused the credential: check the connector's key in its settings."
        return error


def _again(request: httpx2.Request) -> httpx2.Request:
    """A fresh copy for the next attempt: nothing of the last one's headers or state is carried along."""
    return httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        extensions=dict(request.extensions),
    )


def _bodyless(headers: httpx2.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.startswith("content-")}
