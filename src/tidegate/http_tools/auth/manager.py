"""What all managers share whose token is fetched or made, and lives for a while."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque

import httpx2

from tidegate.http_tools.audience import Source
from tidegate.http_tools.auth.base import BaseAuthManager, Hop
from tidegate.http_tools.auth.placement import InHeader, Placement
from tidegate.http_tools.auth.scrubbing import scrubbed
from tidegate.http_tools.auth.tokens import Granted, TokenCell
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.events import Retrying, TokenRefreshed
from tidegate.http_tools.exceptions import TokenError

MARGIN_S = 60.0
# Of tokens whose server tells no lifetime. One that ends earlier is replaced when the API answers 401.
UNSAID_LIFETIME_S = 3600.0
_REMEMBERED = 8


class TokenAuthManager(BaseAuthManager, Source):
    """Fetches a token when one is needed, for all threads, tasks, loops and clients at once: one call.

    A token is replaced `margin_s` seconds before its end (of a short-lived one a quarter of its life, or a
    second where that is more), and once when the API answers 401 to one that is over a minute old. A failed
    call is a `TokenError`: exit code 20 where the endpoint could not be reached or had a fault (tried again
    as the client's retry strategy says), 30 where it refused. Tokens live in this object only.
    """

    _shielded = False  # whether a fetch must not be cut half-way

    def __init__(self, place: Placement | None = None, *, margin_s: float = MARGIN_S) -> None:
        if margin_s < 0:
            raise ValueError("margin_s is in seconds and not negative")
        self._place = place or InHeader()
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)
        self._recent_lock = threading.Lock()
        self._cell = TokenCell(
            self._fetch_or_fail,
            margin_s=margin_s,
            unsaid_lifetime_s=UNSAID_LIFETIME_S,
            shielded=self._shielded,
            refreshed=self._tell_refreshed,
            retrying=self._tell_retrying,
        )

    @abstractmethod
    def fetch(self, hop: Hop) -> Flow[Granted]:
        """Get a new token; `remember` whatever else is secret in the answer.

        Raises `Unanswered` where the call may be tried again, else `TokenError`.
        """

    @abstractmethod
    def fixed_secrets(self) -> tuple[str, ...]:
        """Those that this manager was made with."""

    @property
    @abstractmethod
    def issuer(self) -> str:
        """Where tokens come from, for events: an address without what may be secret, or a word."""

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:
        return self.authorise(request, rejected, Hop(extensions=request.extensions))

    def authorise(self, request: httpx2.Request, rejected: str | None, hop: Hop) -> Flow[str | None]:
        token = yield from self._cell.get(rejected, hop)
        self._place.put(request, token.value)
        return token.value

    def renewable(self, token: str, response: httpx2.Response, hop: Hop) -> bool:  # noqa: ARG002
        return self._cell.renewable(token, hop)

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        return self._place.cleaned(url)

    def scrubbed(self, body: bytes) -> bytes:
        with self._recent_lock:
            recent = tuple(self._recent)
        return scrubbed(body, recent)

    def secrets(self) -> tuple[str, ...]:
        with self._recent_lock:
            return (*self.fixed_secrets(), *self._recent)

    def remember(self, *secrets: str) -> None:
        """Hide these, too, from now on. Of those that came under way the latest eight are known."""
        with self._recent_lock:
            self._recent.extend(each for each in secrets if each not in self._recent)

    def _fetch_or_fail(self, hop: Hop) -> Flow[Granted]:
        try:
            granted = yield from self.fetch(hop)
        except httpx2.RequestError as error:  # of a fetch that sends by itself: never the API's own failure
            raise TokenError(f"the token call gave no complete answer: {type(error).__name__}") from error
        self.remember(granted.value)
        return granted

    def _tell_refreshed(self, granted: Granted, reason: str, duration_s: float) -> None:
        self.tell(TokenRefreshed(self.issuer, granted.lifetime_s, reason, duration_s))

    def _tell_retrying(self, attempt: int, failure: str, delay_s: float) -> None:
        self.tell(Retrying(f"token call to {self.issuer}", attempt, failure, delay_s))
