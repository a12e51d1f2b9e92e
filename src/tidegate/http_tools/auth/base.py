"""What every auth manager is: a flow that puts a credential on a request."""

from __future__ import annotations

import hashlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tidegate.http_tools.effects import Flow
from tidegate.http_tools.retry_strategies import BaseRetryStrategy, HeaderBasedRetryStrategy
from tidegate.utils.errors import SettingsError


class Sealed:
    """Holds a secret: it cannot be pickled or copied, and its `repr` is its name unless it says more."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, object]:
        raise TypeError(
            f"a {type(self).__name__} holds a secret and cannot be pickled; make it anew from settings"
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """What a credential's own call takes over from the request that needs it: patience, time and timeouts.

    The call is under neither the API's limiter nor its breaker. Waits are in seconds, `extensions` are those
    of the request (timeouts), `deadline` is a moment of `clock`.
    """

    retry: BaseRetryStrategy = field(default_factory=HeaderBasedRetryStrategy)
    max_wait_s: float = 7200.0
    clock: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    extensions: Mapping[str, Any] = field(default_factory=dict, repr=False)
    deadline: float = math.inf

    @property
    def left_s(self) -> float:
        """What remains until the deadline."""
        return max(0.0, self.deadline - self.clock())


class BaseAuthManager(Sealed, ABC):
    """Puts a credential on a request. The client sends it only to the origin of its base URL.

    One object may be used by several clients, threads and event loops at once.
    """

    setting = "the connector's key in its settings"  # what a person is told to check

    @abstractmethod
    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:
        """Add the credential to `request`; give the token that was used, None where a new one cannot be had.

        `rejected` is a token that the API has just answered with 401: it must not be used again.
        """

    def authorise(self, request: httpx2.Request, rejected: str | None, hop: Hop) -> Flow[str | None]:  # noqa: ARG002
        """As `apply`, with what a token call of its own may use. This is what the policy runs."""
        return self.apply(request, rejected)

    def renewable(self, token: str, response: httpx2.Response, hop: Hop) -> bool:  # noqa: ARG002
        """Whether another token is worth a try after `token` was answered with 401."""
        return True

    def renewing(self, token: str, response: httpx2.Response, hop: Hop) -> Flow[bool]:
        """As `renewable`, for a manager that has to ask elsewhere. This is what the policy runs."""
        yield from ()
        return self.renewable(token, response, hop)

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        """`url` as another origin may get it: without the credential where it stands in the query."""
        return url

    def scrubbed(self, body: bytes) -> bytes:
        """`body` as a page log may keep it: without a credential that the API wrote into its links."""
        return body

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """What must be taken out of logs and errors just now: asked again whenever a text is redacted."""

    @abstractmethod
    def identity(self) -> str:
        """Tells two credentials apart without telling them: a quota belongs to one of them."""


def fingerprint(secret: str) -> str:
    """A short digest that names a secret without giving it away."""
    return hashlib.sha256(b"tidegate credential:" + secret.encode()).hexdigest()[:16]


def is_sendable(text: str) -> bool:
    """Whether a header can carry the text as it is."""
    return bool(text) and text.isascii() and text.isprintable() and text == text.strip()


def sendable(text: str, what: str) -> str:
    """The text as it is. Raises `SettingsError` where no header can carry it."""
    if not is_sendable(text):
        raise SettingsError(
            f"{what} is empty or has characters that no header can carry",
            hint="Look for quotes, blanks or a line break that were copied with it.",
        )
    return text
