"""What became of an attempt that failed: as a retry strategy sees it, and as the error of who asked."""

from __future__ import annotations

import httpx2

from tidegate.http_tools.effects import REPEATABLE
from tidegate.http_tools.exceptions import (
    HttpClientError,
    HttpStatusError,
    NetworkError,
    RequestTimeoutError,
    error_class,
)
from tidegate.http_tools.headers import asked_delay
from tidegate.http_tools.origins import origin
from tidegate.http_tools.retry_strategies import Failure
from tidegate.http_tools.terms import Policy

# The fault is in the request, and is there every time.
UNSENDABLE = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
# These say nothing of the server: the last one waited for one of our own connections.
NOT_THE_SERVERS = (*UNSENDABLE, httpx2.PoolTimeout)
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

_EXCERPT = 300
_LOOKED_AT = 1 << 20  # far more than is shown, so that no secret is cut in two


def failure_of(
    request: httpx2.Request, attempt: int, outcome: httpx2.Response | httpx2.RequestError
) -> Failure:
    keyed = "idempotency-key" in request.headers or REPEATABLE in request.extensions
    if isinstance(outcome, httpx2.Response):
        headers = dict(outcome.headers)
        return Failure(request.method, attempt, outcome.status_code, idempotency_key=keyed, headers=headers)
    sent = not isinstance(outcome, _UNSENT)
    return Failure(request.method, attempt, None, sent=sent, idempotency_key=keyed)


class Faults:
    """The errors of one exchange, redacted. `endpoint` is what they are about."""

    def __init__(self, policy: Policy, endpoint: str) -> None:
        self._policy, self._endpoint = policy, endpoint

    def of_network(self, request: httpx2.Request, error: httpx2.RequestError) -> NetworkError:
        """No complete answer came to `request`."""
        where = origin(request.url)
        kind = RequestTimeoutError if isinstance(error, httpx2.TimeoutException) else NetworkError
        reason = self._policy.redact(str(error)) or type(error).__name__
        final = kind(f"{self._endpoint} on {where}: no complete answer: {reason}")
        final.__cause__ = error
        if isinstance(error, httpx2.ConnectError):
            final.hint = f"Is {where} up and reachable? The base URL is a setting of the connector."
        return final

    def of_status(self, response: httpx2.Response) -> HttpStatusError:
        """The answer has a status that is no data."""
        policy, status = self._policy, response.status_code
        text = response.content[:_LOOKED_AT].decode("utf-8", "replace")
        body = " ".join(policy.redact.beginning(text, _EXCERPT).split())
        error = error_class(status)(
            f"{self._endpoint}: {status} {response.reason_phrase}" + (f": {body}" if body else ""),
            status_code=status,
            body=body,
            retry_after_s=asked_delay(status, response.headers, policy.quota_prefix, policy.epoch()),
        )
        if status == 401:
            setting = policy.auth.setting if policy.auth else "whether it needs a credential"
            error.hint = f"The API refused the credential: check {setting}."
        elif status == 403 and policy.auth:
            error.hint = f"It is not allowed: look at what {policy.auth.setting} and the account may do."
        return error

    def unsendable(self) -> HttpClientError:
        """The request itself is at fault. What the library says of it is left out: it holds the header."""
        return HttpClientError(
            f"{self._endpoint}: the request is malformed and was not sent",
            hint="Look for line breaks and characters that no header can carry.",
        )
