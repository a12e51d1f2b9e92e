"""Many breakers in one: by endpoint, by origin."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import httpx2

from tidegate.http_tools.audience import Source, tell
from tidegate.http_tools.circuit_breakers.breaker import CircuitBreaker, State
from tidegate.http_tools.circuit_breakers.rules import TripRule
from tidegate.http_tools.events import Event, Listener, ignore
from tidegate.http_tools.origins import origin
from tidegate.http_tools.routes import Route

# Ids that look like words are endpoints of their own; of so many, those that were not asked for longest go.
_MOST_KEYS = 2048


class KeyedCircuitBreaker(Source):
    """A `CircuitBreaker` of its own for whatever `key` tells apart. Settings as there.

    Of more than 2048 keys the one that was not asked for longest is forgotten.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        key: Callable[[httpx2.Request], str],
        rule: TripRule | None = None,
        listener: Listener = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def make(name: str) -> CircuitBreaker:
            return CircuitBreaker(
                failure_threshold, recovery_s, probes, rule=rule, name=name, listener=self._hear, clock=clock
            )

        self._key, self._make, self._listener = key, make, listener
        self._make("")  # checks the arguments now, not at the first request
        self._lock = threading.Lock()
        self._breakers: OrderedDict[str, CircuitBreaker] = OrderedDict()  # the last one asked for stands last

    def _hear(self, event: Event) -> None:
        tell(self._listener, event)
        self.tell(event)

    def for_request(self, request: httpx2.Request) -> CircuitBreaker:
        """The breaker that guards this request."""
        key = self._key(request)
        with self._lock:
            breaker = self._breakers.get(key)
            if breaker is not None:
                self._breakers.move_to_end(key)
                return breaker
            breaker = self._breakers[key] = self._make(key)
            if len(self._breakers) > _MOST_KEYS:
                self._breakers.popitem(last=False)
            return breaker

    @property
    def states(self) -> dict[str, State]:
        """The state of everything asked so far, what was asked last at the end."""
        with self._lock:
            return {key: breaker.state for key, breaker in self._breakers.items()}


class PerEndpointCircuitBreaker(KeyedCircuitBreaker):
    """A breaker of its own for every endpoint, so that one that is down does not stop the others.

    `/contacts/123` and `/contacts/456` are one endpoint: path segments that look like ids do not count. Ids
    that look like words need `patterns` ("GET /shops/{name}/orders", see `Route`): the first that matches,
    with host, is the endpoint.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        patterns: Sequence[str] = (),
        rule: TripRule | None = None,
        listener: Listener = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        routes = [Route(pattern) for pattern in patterns]

        def key(request: httpx2.Request) -> str:
            for route in routes:
                if route.matches(request):
                    return f"{route.pattern} on {request.url.host}"
            return endpoint_pattern(request)

        super().__init__(
            failure_threshold, recovery_s, probes, key=key, rule=rule, listener=listener, clock=clock
        )


class PerOriginCircuitBreaker(KeyedCircuitBreaker):
    """A breaker of its own for every scheme, host and port."""

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_s: float = 30.0,
        probes: int = 1,
        *,
        rule: TripRule | None = None,
        listener: Listener = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def key(request: httpx2.Request) -> str:
            return origin(request.url)

        super().__init__(
            failure_threshold, recovery_s, probes, key=key, rule=rule, listener=listener, clock=clock
        )


_ID = re.compile(r"\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[^/]*%40[^/]*|[^/]*@[^/]*|[0-9a-fA-F]{16,}")


def endpoint_pattern(request: httpx2.Request) -> str:
    """Method, host and path with ids (numbers, UUIDs, addresses, long hex) as `{id}`."""
    path = "/".join("{id}" if _ID.fullmatch(part) else part for part in request.url.path.split("/"))
    return f"{request.method} {request.url.host}{path}"
