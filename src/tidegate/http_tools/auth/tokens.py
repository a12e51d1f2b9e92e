"""One token for many: fetched once for all who need it at the same time, and ahead of its end.

`TokenCell` knows nothing of how a token is fetched; it is given a flow.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tidegate.http_tools.auth.base import Hop
from tidegate.http_tools.effects import Flow, Shielded, Sleep, Wait, WaitAtMost
from tidegate.http_tools.exceptions import Attempt, TokenError
from tidegate.http_tools.retry_strategies import Failure
from tidegate.utils.errors import ExitCode

# A token that the API refuses at this age or younger is not replaced: the fault is another one.
YOUNG_S = 60.0
# A try ahead of the end that failed is not followed by the next at once.
_PAUSE_S = 1.0
# Servers count in whole seconds: the end may come up to one early (seen with oidc-provider).
_ROUNDING_S = 1.0
# Where a fetch stands before it is given to whoever carries it out; no driver sees it.
_TAKE_OFF = Sleep(0)


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token call gave. The lifetime is in seconds; None: the server did not say."""

    value: str = field(repr=False)
    lifetime_s: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its times, in seconds of the monotonic clock, counted from before it was asked for."""

    value: str = field(repr=False)
    born: float
    refresh_at: float
    expires_at: float


class Unanswered(Exception):  # noqa: N818 - it never leaves this package: `error` does
    """A token call that may be tried again: `failure` is what the retry strategy is asked."""

    def __init__(self, error: TokenError, failure: Failure) -> None:
        super().__init__(str(error))
        self.error, self.failure = error, failure


def temporary(message: str, *, hint: str) -> TokenError:
    """A `TokenError` that is worth another run."""
    error = TokenError(message, hint=hint)
    error.exit_code = ExitCode.TRY_AGAIN
    return error


Fetch: TypeAlias = Callable[[Hop], Flow[Granted]]
Refreshed: TypeAlias = Callable[[Granted, str, float], None]  # the grant, the reason, how long it took
Retrying: TypeAlias = Callable[[int, str, float], None]


class TokenCell:
    """The token and who is fetching it. Shared by threads, tasks and event loops; the lock is never held
    while anything is waited for.

    `margin_s` before its end a token is replaced: by one caller, while the others go on with the old one. Of
    a short-lived token the margin is a quarter of its life, or a second where that is more. With `shielded` a
    fetch that has begun ends even where its caller is cancelled, or past its deadline.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        margin_s: float,
        unsaid_lifetime_s: float,
        shielded: bool,
        refreshed: Refreshed,
        retrying: Retrying,
    ) -> None:
        self._fetch, self._shielded = fetch, shielded
        self._margin_s, self._unsaid_lifetime_s = margin_s, unsaid_lifetime_s
        self._refreshed, self._retrying = refreshed, retrying
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._flight: _Flight | None = None
        self._not_before = float("-inf")

    def renewable(self, token: str, hop: Hop) -> bool:
        """Whether `token`, just refused, is another one than the present, or old enough to be replaced."""
        with self._lock:
            present, now = self._token, hop.clock()
        return (
            present is None
            or present.value != token
            or now - present.born >= YOUNG_S
            or now >= present.refresh_at
        )

    def get(self, rejected: str | None, hop: Hop) -> Flow[Token]:
        """A token that is not `rejected`. Raises `TokenError`."""
        token = self._token
        if token is not None and token.value != rejected and hop.clock() < token.refresh_at:
            return token
        while True:
            mine = _Flight()
            try:
                with self._lock:
                    spare = self._usable(rejected, hop.clock())
                    if spare is not None and not self._due(spare, hop.clock()):
                        return spare
                    if self._flight is None:
                        self._flight = mine
                    flight = self._flight
                if flight is mine:
                    return (yield from self._fly(mine, spare, rejected is not None, hop))
            finally:
                self._disown(mine)
            outcome = yield from self._of_another(flight, hop)
            if isinstance(outcome, TokenError):
                raise copy.copy(outcome)  # each of many has its own to add to
            if outcome is not None:
                return outcome

    @staticmethod
    def _of_another(flight: _Flight, hop: Hop) -> Flow[Token | TokenError | None]:
        if not math.isinf(hop.deadline) and not (yield from WaitAtMost(flight.landed, hop.left_s)):
            raise temporary(
                "the token did not come before the request's deadline",
                hint="Run again, or allow a longer deadline.",
            )
        return (yield from Wait(flight.landed))

    def _usable(self, rejected: str | None, now: float) -> Token | None:
        token = self._token
        return token if token is not None and token.value != rejected and now < token.expires_at else None

    def _due(self, token: Token, now: float) -> bool:
        return now >= token.refresh_at and now >= self._not_before and self._flight is None

    def _fly(self, flight: _Flight, spare: Token | None, refused: bool, hop: Hop) -> Flow[Token]:
        """Fetch; with a spare token at hand once, else as often as the retry strategy says."""
        reason = "rejected" if refused else "first" if self._token is None else "expiring"
        try:
            return (yield from self._attempts(flight, reason, hop, once=spare is not None))
        except TokenError as error:
            if spare is None or error.exit_code is not ExitCode.TRY_AGAIN:
                flight.outcome = copy.copy(error)  # the caller's own is added to while others read
                raise
            now = hop.clock()
            self._not_before = now + max(_PAUSE_S, (spare.expires_at - now) / 4)
            return spare

    def _attempts(self, flight: _Flight, reason: str, hop: Hop, *, once: bool) -> Flow[Token]:
        number, history = 1, list[Attempt]()
        while True:
            try:
                return (yield from self._attempt(flight, reason, hop))
            except Unanswered as unanswered:
                error, failure = unanswered.error, replace(unanswered.failure, attempt=number)
                why = str(failure.status_code or error)
                delay_s = None if once else hop.retry.delay_s(failure)
                if delay_s is None or delay_s > min(hop.max_wait_s, hop.left_s):
                    error.history = (*history, Attempt(number, why, 0.0))
                    raise error from error.__cause__
            history.append(Attempt(number, why, delay_s))
            self._retrying(number, why, delay_s)
            yield from Sleep(delay_s)
            number += 1

    def _attempt(self, flight: _Flight, reason: str, hop: Hop) -> Flow[Token]:
        flow = self._land(flight, reason, replace(hop, deadline=math.inf) if self._shielded else hop)
        next(flow)  # from here on it lands, whatever becomes of it
        return (yield from Shielded(flow)) if self._shielded else (yield from flow)

    def _land(self, flight: _Flight, reason: str, hop: Hop) -> Flow[Token]:
        flight.running = True
        try:
            yield _TAKE_OFF
            began = hop.clock()
            granted = yield from self._fetch(hop)
            token = self._timed(granted, began)
            with self._lock:
                self._token, flight.outcome = token, token
                self._not_before = float("-inf")
            self._refreshed(granted, reason, hop.clock() - began)
            return token
        finally:
            flight.running = False
            if not flight.owned or flight.outcome is not None:
                self._finish(flight)

    def _timed(self, granted: Granted, born: float) -> Token:
        lifetime_s = self._unsaid_lifetime_s if granted.lifetime_s is None else granted.lifetime_s
        margin_s = min(self._margin_s, max(lifetime_s / 4, min(_ROUNDING_S, lifetime_s / 2)))
        return Token(granted.value, born, born + lifetime_s - margin_s, born + lifetime_s)

    def _disown(self, flight: _Flight) -> None:
        """Its caller is done with it, or cut: unless a shielded fetch goes on, whoever waits takes over."""
        flight.owned = False
        if not flight.running:
            self._finish(flight)

    def _finish(self, flight: _Flight) -> None:
        with self._lock:
            if self._flight is flight:
                self._flight = None
            first, flight.finished = not flight.finished, True
        if first:
            flight.landed.set_result(flight.outcome)


@dataclass(slots=True, eq=False)
class _Flight:
    """One fetch. `landed` brings the token, the error, or None where its caller was cut: try again."""

    landed: Future[Token | TokenError | None] = field(default_factory=Future)
    outcome: Token | TokenError | None = None
    owned: bool = True
    running: bool = False
    finished: bool = False
