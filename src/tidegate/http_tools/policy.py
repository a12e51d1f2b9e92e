"""The policy: one request from wish to answer, as a generator of effects without I/O.

limiter (may take an hour) -> credential (so it is fresh) -> breaker -> send -> redirect | retry | answer
"""

from __future__ import annotations

import httpx2

from tidegate.http_tools.effects import Flow, Sleep, WaitAtMost
from tidegate.http_tools.exceptions import (
    Attempt,
    CircuitOpenError,
    CrossOriginError,
    HttpClientError,
    HttpStatusError,
)
from tidegate.http_tools.faults import UNSENDABLE, Faults, failure_of
from tidegate.http_tools.origins import MAX_REDIRECTS, check_target, origin, redirect_of
from tidegate.http_tools.resending import redirected
from tidegate.http_tools.retry_strategies import Failure
from tidegate.http_tools.sender import Sender
from tidegate.http_tools.telling import Telling
from tidegate.http_tools.terms import DEFAULT_TERMS, Policy, Terms

__all__ = ["DEFAULT_TERMS", "Policy", "Terms", "request_flow"]

# Two readings of one header, a moment apart, differ by that moment.
_AS_ASKED = 0.9


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
        self._sender = Sender(policy, terms, self._tell, self._endpoint, self._began)
        self._faults = Faults(policy, self._endpoint)
        self._attempt = 1
        self._hops = 0
        self._rejected: str | None = None
        self._history: list[Attempt] = []
        self._last: HttpClientError | None = None

    def flow(self) -> Flow[httpx2.Response]:
        try:
            while True:
                try:
                    response, token = yield from self._sender.once(self._request, self._rejected)
                except CircuitOpenError as error:
                    failure = Failure(self._request.method, self._attempt, None, sent=False)
                    if not (yield from self._probe_is_back(failure)):
                        yield from self._retry(failure, self._named(error))
                except UNSENDABLE:
                    raise self._faults.unsendable() from None
                except httpx2.RequestError as error:
                    yield from self._retry(
                        self._failure(error), self._faults.of_network(self._request, error)
                    )
                else:
                    if response.is_success or response.status_code in self._terms.accept:
                        return response
                    yield from self._unwanted(response, token)
        except HttpClientError as error:
            error.history = (*self._history, *error.history)  # a failed token call has its own
            self._policy.redact.error(error)
            error.hint = error.hint and self._policy.redact(error.hint)
            raise

    def _failure(self, outcome: httpx2.Response | httpx2.RequestError) -> Failure:
        return failure_of(self._request, self._attempt, outcome)

    def _probe_is_back(self, failure: Failure) -> Flow[bool]:
        """Wait for another request that probes the endpoint. That costs no attempt; False where none does."""
        breaker = self._policy.breaker
        if breaker is None or self._policy.retry.delay_s(failure) is None:
            return False
        back = breaker.for_request(self._request).probe_back()
        return back is not None and (yield from WaitAtMost(back, self._sender.patience()))

    def _unwanted(self, response: httpx2.Response, token: str | None) -> Flow[None]:
        """Make ready for another request, or raise."""
        if (target := redirect_of(response)) is not None:
            self._follow(response, target)
        elif response.status_code == 401 and (yield from self._renewing(token, response)):
            self._rejected = token
        else:
            yield from self._retry(self._failure(response), self._faults.of_status(response))

    def _renewing(self, token: str | None, response: httpx2.Response) -> Flow[bool]:
        """Whether to ask again with another token: once, a second 401 is an error."""
        auth, hop = self._policy.auth, self._sender.hop(self._request)
        if token is None or self._rejected is not None or auth is None:
            return False
        return (yield from auth.renewing(token, response, hop))

    def _follow(self, response: httpx2.Response, target: httpx2.URL) -> None:
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            raise CrossOriginError(f"{self._endpoint}: more than {MAX_REDIRECTS} redirects")
        home, request = self._policy.home, self._request
        check_target(target, home, self._policy.allowed_origins)
        elsewhere = home is None and origin(target) != origin(request.url)
        self._request = redirected(request, response.status_code, target, bare=elsewhere)
        self._tell.redirected(response.status_code, target)

    def _retry(self, failure: Failure, error: HttpClientError) -> Flow[None]:
        """Wait before the next attempt, or raise where none should follow."""
        delay_s = self._policy.retry.delay_s(failure)
        if isinstance(error, CircuitOpenError) and delay_s is not None:
            delay_s = max(delay_s, error.retry_after_s)
        reason = self._policy.redact(str(failure.status_code or error))
        if delay_s is None or delay_s > self._sender.patience():
            self._history.append(Attempt(self._attempt, reason, 0.0))
            raise self._final(error, delay_s)
        if not (_is_free(error, delay_s) or self._policy.budget.spend()):
            self._history.append(Attempt(self._attempt, reason, 0.0))
            error.hint = error.hint or "Too many requests of this client fail: its retry budget is spent."
            raise self._final(error, None)
        if not isinstance(error, CircuitOpenError):
            self._last = error
        self._history.append(Attempt(self._attempt, reason, delay_s))
        self._tell.retrying(self._attempt, reason, delay_s)
        self._attempt += 1
        yield from Sleep(delay_s)

    def _final(self, error: HttpClientError, delay_s: float | None) -> HttpClientError:
        if isinstance(error, CircuitOpenError) and self._last is not None:  # why it is open matters more
            error.args = (f"{error}; it failed with: {self._last}",)
            error.hint = error.hint or self._last.hint
        if self._attempt > 1:
            took = self._policy.clock() - self._began
            error.args = (f"{error} (after {self._attempt} attempts in {took:.0f} s)",)
        if delay_s is not None and error.hint is None:
            error.hint = (
                f"It may be asked again in {delay_s:.0f} s, longer than the {self._sender.patience():.0f} s"
                " allowed: run again later, or allow a longer wait with --max-wait."
            )
        return error

    def _named(self, error: CircuitOpenError) -> CircuitOpenError:
        error.args = (f"{self._endpoint}: {error}",)
        return error


def _is_free(error: HttpClientError, delay_s: float) -> bool:
    """Whether a retry burdens no server: it waits for the breaker, or as long as the vendor asked."""
    if isinstance(error, HttpStatusError) and error.status_code in (429, 503) and error.retry_after_s:
        return delay_s >= _AS_ASKED * error.retry_after_s
    return isinstance(error, CircuitOpenError)
