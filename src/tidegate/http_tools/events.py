"""What a request tells while it is under way: one frozen value each, given to listeners.

A request without trouble tells `Sent` and `Answered`. Listeners are called on the thread or loop that runs
the request, in the order of that request's events; those of requests under way at once mix. They must be
quick. One that raises does not break the request: it is named once in the log.

No event holds a query, a header, a body or a credential. Seconds are floats, by the policy's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Waiting:
    """The quota asks for a wait of `seconds`."""

    endpoint: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A request is about to go out. `url` has neither query nor credentials.

    `resend` counts what the same call has sent before it: retries, redirects, the one after a refused token.
    """

    endpoint: str
    method: str = ""
    url: str = ""
    resend: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer came, of whatever status, and was read whole: `size` bytes once decoded.

    `waited_s` is what its slot of the quota cost, `duration_s` the time from sending to the last byte.
    """

    endpoint: str
    status_code: int
    size: int
    waited_s: float
    duration_s: float = 0.0
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No complete answer came to what was sent. `failure` is the name of the error's class."""

    endpoint: str
    failure: str
    duration_s: float = 0.0
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and another follows after `delay_s`."""

    endpoint: str
    attempt: int
    failure: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Redirected:
    """The answer sends us on, and we follow. `target` has neither query nor credentials."""

    endpoint: str
    status_code: int
    target: str


@dataclass(frozen=True, slots=True)
class TokenRefreshed:
    """A new access token came from `token_url` (without query), to be used for `lifetime_s` (None: unsaid).

    `reason`: "first", "expiring", or "rejected" where the API answered 401 to the old one.
    """

    token_url: str
    lifetime_s: float | None = None
    reason: str = "first"
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A breaker went from one state to another ("closed", "open", "half-open").

    `breaker` says what it guards (an endpoint pattern, an origin; empty: all of a client); `failures` is what
    it counted when it changed.
    """

    breaker: str
    before: str
    after: str
    failures: int = 0


Event: TypeAlias = (
    Waiting | Sent | Answered | Failed | Retrying | Redirected | TokenRefreshed | BreakerChanged
)
Listener: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of who does not listen."""
