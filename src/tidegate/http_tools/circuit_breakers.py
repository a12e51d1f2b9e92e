"""Breakers: after too many failures of the server in a row, stop asking for a while, then probe.

Only the server's failures count: not a 4xx, not a cancelled request, not a token call. The breaker never
waits; it says when a probe is due, and the retry strategy decides whether that is worth waiting for.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from enum import Enum

import httpx2

from tidegate.http_tools.exceptions import CircuitOpenError


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Verdict(Enum):
    """What an attempt says of the server. Nothing: it was cancelled, or the fault was ours."""

    OK = "ok"
    FAILED = "failed"
    NOTHING = "nothing"


class CircuitBreaker:
    """Opens after `failure_threshold` failures in a row; after `recovery_s` lets `probes` requests through.

    One object may be used from threads and event loops alike.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failure_threshold < 1 or probes < 1 or recovery_s < 0:
            raise ValueError("a breaker needs failure_threshold >= 1, probes >= 1 and recovery_s >= 0")
        self.failure_threshold, self.recovery_s, self.probes = failure_threshold, recovery_s, probes
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at = 0.0
        self._probing = 0

    def for_request(self, request: httpx2.Request) -> CircuitBreaker:  # noqa: ARG002 - per-endpoint ones look
        return self

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def _state(self) -> State:
        if self._failures < self.failure_threshold:
            return State.CLOSED
        return State.OPEN if self._clock() < self._opened_at + self.recovery_s else State.HALF_OPEN

    def enter(self) -> Callable[[Verdict], None]:
        """Ask to pass. Gives the function to call, exactly once, with the verdict.

        Raises `CircuitOpenError`, which says how long until a probe may pass.
        """
        with self._lock:
            probe = self._state() is not State.CLOSED
            if probe:
                left = self._opened_at + self.recovery_s - self._clock()
                if left > 0 or self._probing >= self.probes:
                    raise CircuitOpenError(
                        f"the endpoint failed {self._failures} times in a row and is left alone for now",
                        retry_after_s=max(left, 0.05),
                    )
                self._probing += 1
        return lambda verdict: self._leave(verdict, probe=probe)

    def _leave(self, verdict: Verdict, *, probe: bool) -> None:
        with self._lock:
            if probe:
                self._probing -= 1
            if verdict is Verdict.OK:
                self._failures = 0
            elif verdict is Verdict.FAILED:
                self._failures += 1
                self._opened_at = self._clock()


class PerEndpointCircuitBreaker:
    """A breaker of its own for every endpoint, so that one that is down does not stop the others.

    `/contacts/123` and `/contacts/456` are one endpoint: path segments that look like ids do not count.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arguments = (failure_threshold, recovery_s, probes)
        self._clock = clock
        self._make()  # checks the arguments now, not at the first request
        self._lock = threading.Lock()
        self._breakers: dict[str, CircuitBreaker] = {}

    def for_request(self, request: httpx2.Request) -> CircuitBreaker:
        key = endpoint_pattern(request)
        with self._lock:
            if key not in self._breakers:
                self._breakers[key] = self._make()
            return self._breakers[key]

    def _make(self) -> CircuitBreaker:
        threshold, recovery_s, probes = self._arguments
        return CircuitBreaker(threshold, recovery_s, probes, clock=self._clock)

    @property
    def states(self) -> dict[str, State]:
        """The state of every endpoint asked so far."""
        with self._lock:
            return {key: breaker.state for key, breaker in self._breakers.items()}


_ID = re.compile(r"\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[^/]*%40[^/]*|[^/]*@[^/]*|[0-9a-fA-F]{16,}")


def endpoint_pattern(request: httpx2.Request) -> str:
    """Method, host and path with ids (numbers, UUIDs, addresses, long hex) as `{id}`."""
    path = "/".join("{id}" if _ID.fullmatch(part) else part for part in request.url.path.split("/"))
    return f"{request.method} {request.url.host}{path}"
