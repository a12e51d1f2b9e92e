"""One breaker: closed, open, half-open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum

import httpx2

from tidegate.http_tools.audience import Source, tell
from tidegate.http_tools.circuit_breakers.rules import ConsecutiveFailures, TripRule
from tidegate.http_tools.events import BreakerChanged, Listener, ignore
from tidegate.http_tools.exceptions import CircuitOpenError

# How soon to ask again while the probes are out, for who cannot wait for their return.
_PROBING_S = 0.05


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Verdict(Enum):
    """What an attempt says of the server. Nothing: it was cancelled, or the fault was ours."""

    OK = "ok"
    FAILED = "failed"
    NOTHING = "nothing"


class CircuitBreaker(Source):
    """Opens after `failure_threshold` failures in a row, or by another `rule` (`FailureRate`); after
    `recovery_s` seconds lets `probes` requests through. The first probe that comes back decides.

    One object may be used from threads and event loops alike. `listener` hears every `BreakerChanged`, on
    the thread whose request changed it, as do the listeners of the clients that use the breaker; `name` is
    what the event says. Half-open begins when the first probe asks, not when it might.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        rule: TripRule | None = None,
        name: str = "",
        listener: Listener = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failure_threshold < 1 or probes < 1 or recovery_s < 0:
            raise ValueError("a breaker needs failure_threshold >= 1, probes >= 1 and recovery_s >= 0")
        self.rule = rule or ConsecutiveFailures(failure_threshold)
        self.recovery_s, self.probes, self.name = recovery_s, probes, name
        self._listener, self._clock = listener, clock
        self._lock = threading.Lock()
        self._count = self.rule.count()
        self._opened_at: float | None = None  # None: closed
        self._told = State.CLOSED
        self._times = 0  # opened or closed so often: verdicts of an earlier time do not count
        self._probing = 0
        self._returned: Future[None] = Future()  # done when a probe is back

    def for_request(self, request: httpx2.Request) -> CircuitBreaker:  # noqa: ARG002 - keyed ones look
        """The breaker that guards this request."""
        return self

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def _state(self) -> State:
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._clock() < self._opened_at + self.recovery_s else State.HALF_OPEN

    def enter(self) -> Callable[[Verdict], None]:
        """Ask to pass. Gives the function to call, exactly once, with the verdict.

        Raises `CircuitOpenError`, which says how long until a probe may pass.
        """
        with self._lock:
            probe = self._opened_at is not None
            if self._opened_at is not None:
                left = self._opened_at + self.recovery_s - self._clock()
                if left > 0 or self._probing >= self.probes:
                    raise CircuitOpenError(
                        f"the endpoint {self._count.reason} and is left alone for now",
                        retry_after_s=max(left, _PROBING_S),
                    )
                self._probing += 1
            times = self._times
            change = self._change_to(State.HALF_OPEN) if probe else None
        self._announce(change)
        return lambda verdict: self._leave(verdict, times, probe=probe)

    def probe_back(self) -> Future[None] | None:
        """Where all probes are out: done when one is back, so that who was refused may ask again.

        Done already where asking again would help now; None where the breaker is open for some time yet.
        """
        with self._lock:
            state = self._state()
            if state is State.OPEN:
                return None
            if state is State.HALF_OPEN and self._probing >= self.probes:
                return self._returned
        now: Future[None] = Future()
        now.set_result(None)
        return now

    def _leave(self, verdict: Verdict, times: int, *, probe: bool) -> None:
        change, returned = None, None
        with self._lock:
            if probe:
                self._probing -= 1
                returned, self._returned = self._returned, Future()
            if times == self._times and verdict is not Verdict.NOTHING:
                change = self._judge(failed=verdict is Verdict.FAILED)
        if returned is not None:
            returned.set_result(None)
        self._announce(change)

    def _judge(self, *, failed: bool) -> BreakerChanged | None:
        now = self._clock()
        if self._opened_at is None:
            if self._count.add(failed=failed, now=now):
                return self._turn(State.OPEN, now)
            return None
        if failed:
            self._count.add(failed=True, now=now)
            return self._turn(State.OPEN, now)
        change = self._turn(State.CLOSED, None)
        self._count = self.rule.count()
        return change

    def _turn(self, state: State, opened_at: float | None) -> BreakerChanged | None:
        self._opened_at = opened_at
        self._times += 1
        return self._change_to(state)

    def _change_to(self, state: State) -> BreakerChanged | None:
        before, self._told = self._told, state
        if before is state:
            return None
        return BreakerChanged(self.name, before.value, state.value, self._count.failures)

    def _announce(self, change: BreakerChanged | None) -> None:
        if change is not None:
            tell(self._listener, change)
            self.tell(change)
