"""One attempt: a slot of the quota, a fresh credential, the breaker's leave, and the request goes out.

What is held for it is given back on every way out, also where the attempt is cut at any of its waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import httpx2

from tidegate.http_tools.auth import BaseAuthManager, Hop
from tidegate.http_tools.circuit_breakers import Verdict
from tidegate.http_tools.effects import BARE, TOTAL_TIMEOUT, Flow, Send
from tidegate.http_tools.exceptions import CrossOriginError, RequestTimeoutError, TokenError
from tidegate.http_tools.faults import NOT_THE_SERVERS
from tidegate.http_tools.origins import check_target, origin
from tidegate.http_tools.rate_limiters import BaseRateLimiter, acquire_flow
from tidegate.http_tools.resending import again, credential_free
from tidegate.http_tools.telling import Telling
from tidegate.http_tools.terms import Policy, Terms

# Requests that waited for one token call go out together, however far apart their slots were granted: a slot
# that is older is given back and another is taken.
_SLOT_IS_FRESH_S = 0.25

Leave = Callable[[Verdict], None]


class Sender:
    """Sends the requests of one exchange, each once, within its deadline."""

    def __init__(self, policy: Policy, terms: Terms, tell: Telling, endpoint: str, began: float) -> None:
        self._policy, self._terms, self._tell = policy, terms, tell
        self._endpoint, self._began = endpoint, began

    def once(self, request: httpx2.Request, rejected: str | None) -> Flow[tuple[httpx2.Response, str | None]]:
        """The answer, and the token it was asked with; `rejected` is one that must not be used again.

        Raises `httpx2.RequestError` where no complete answer came, `CircuitOpenError`, `TokenError` and the
        errors of the limiter.
        """
        policy = self._policy
        trusted = check_target(request.url, policy.home, policy.allowed_origins)
        ours = trusted or policy.home is None  # another origin's quota is not the one that we know
        if not ours:
            self._strip(request)
        limiter = policy.limiter.for_request(request) if policy.limiter is not None and ours else None
        auth = policy.auth if trusted and BARE not in request.extensions else None
        sent = again(request)
        waited, token, leave = yield from self._admission(sent, limiter, auth, rejected)
        response = yield from self._send(sent, limiter, leave, waited)
        response.request = request  # an answer may be pickled, and shown: it holds no credential
        return response, token

    def hop(self, request: httpx2.Request) -> Hop:
        """What the credential's own call may use."""
        policy = self._policy
        deadline = self._began + policy.deadline_s
        return Hop(policy.retry, self.patience(), policy.clock, policy.epoch, request.extensions, deadline)

    def patience(self) -> float:
        """How long one wait may be."""
        allowed = self._policy.max_wait_s if self._terms.max_wait_s is None else self._terms.max_wait_s
        return min(allowed, max(0.0, self._left()))

    def _left(self) -> float:
        """What remains until the request's deadline."""
        return self._began + self._policy.deadline_s - self._policy.clock()

    def _admission(
        self,
        request: httpx2.Request,
        limiter: BaseRateLimiter | None,
        auth: BaseAuthManager | None,
        rejected: str | None,
    ) -> Flow[tuple[float, str | None, Leave | None]]:
        """A slot of the quota, a credential that is fresh with it, and the breaker's leave."""
        policy = self._policy
        waited, token, leave, spent, final = 0.0, None, None, False, limiter is None
        while not spent:
            if limiter is not None:
                waited += yield from self._acquire(limiter)
            granted_at = policy.clock()
            try:
                if auth is not None:
                    token = yield from self._authorise(auth, request, rejected)
                if final or policy.clock() - granted_at < _SLOT_IS_FRESH_S:
                    self._bound(request)
                    if policy.breaker is not None:
                        leave = policy.breaker.for_request(request).enter()
                    spent = True
                final = True
            finally:
                if not spent and limiter is not None:
                    limiter.give_back(policy.clock() - granted_at)
        return waited, token, leave

    def _acquire(self, limiter: BaseRateLimiter) -> Flow[float]:
        return acquire_flow(
            limiter, max_wait_s=self.patience(), clock=self._policy.clock, waiting=self._tell.waiting
        )

    def _authorise(
        self, auth: BaseAuthManager, request: httpx2.Request, rejected: str | None
    ) -> Flow[str | None]:
        """Put the credential on the request. Its own call's failure is never the API's."""
        try:
            return (yield from auth.authorise(request, rejected, self.hop(request)))
        except httpx2.RequestError as error:
            raise TokenError(f"the credential's own call failed: {type(error).__name__}") from error

    def _bound(self, request: httpx2.Request) -> None:
        """End what is about to be sent at the deadline. Raises `RequestTimeoutError` where it has passed."""
        if math.isinf(left := self._left()):
            return
        if left <= 0:
            raise RequestTimeoutError(
                f"{self._endpoint}: not answered within its deadline of {self._policy.deadline_s:g} s"
            )
        total = request.extensions.get(TOTAL_TIMEOUT)
        request.extensions[TOTAL_TIMEOUT] = left if total is None else min(total, left)

    def _strip(self, request: httpx2.Request) -> None:
        """Make it fit for another origin. Raises `CrossOriginError` where its address holds a credential."""
        request.headers = credential_free(request.headers)
        if self._policy.auth is not None:
            request.url = self._policy.auth.cleaned(request.url)
            if self._policy.redact(str(request.url)) != str(request.url):
                raise CrossOriginError(f"the address at {origin(request.url)} holds a credential")

    def _send(
        self, request: httpx2.Request, limiter: BaseRateLimiter | None, leave: Leave | None, waited: float
    ) -> Flow[httpx2.Response]:
        response, verdict, sink = None, Verdict.NOTHING, self._terms.sink
        try:
            if sink is not None:
                sink.prepare(request)
            sending = Send(request, self._policy.max_bytes, self._policy.max_ratio, sink)
            response = yield from self._tell.send(sending, waited)
            verdict = Verdict.FAILED if response.status_code >= 500 else Verdict.OK
        except httpx2.RequestError as error:
            verdict = Verdict.NOTHING if isinstance(error, NOT_THE_SERVERS) else Verdict.FAILED
            raise
        finally:
            if leave is not None:
                leave(verdict)
            if limiter is not None:
                limiter.lost() if response is None else limiter.observe(response)
        return response
