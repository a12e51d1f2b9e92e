"""`HttpClient`: what both clients share, and all that a connector needs to know of either."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx2
from pydantic import BaseModel

from tidegate.http_tools.asking import lowered
from tidegate.http_tools.audience import Audience, Source
from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.calls import Call
from tidegate.http_tools.circuit_breakers import CircuitBreaker, KeyedCircuitBreaker
from tidegate.http_tools.clock import Clock, SystemClock
from tidegate.http_tools.connections import Connections
from tidegate.http_tools.downloads import MAX_BYTES, Download, Progress, download_flow
from tidegate.http_tools.drivers import Stop, drive, drive_async
from tidegate.http_tools.effects import BARE, MAX_RATIO, REPEATABLE, TOTAL_TIMEOUT, UNZIPPED, Flow
from tidegate.http_tools.events import Listener
from tidegate.http_tools.exceptions import CrossOriginError
from tidegate.http_tools.origins import check_target, checked, origin
from tidegate.http_tools.pagination import Paginator, RoutePaginator, SinglePage, Steps
from tidegate.http_tools.policy import DEFAULT_TERMS, Policy, Terms, request_flow
from tidegate.http_tools.polling import DEFAULT_PACE, DEFAULT_SIGNS, Pace, Ready, Signs, Start, poll_flow
from tidegate.http_tools.rate_limiters import BaseRateLimiter
from tidegate.http_tools.request_maker import RequestMaker
from tidegate.http_tools.resending import credential_free
from tidegate.http_tools.retry_strategies import BaseRetryStrategy, HeaderBasedRetryStrategy, RetryBudget
from tidegate.utils.redact import Redactor

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)
Self = TypeVar("Self", bound="HttpClient")

Transport = Any  # an httpx2 transport of the client's kind; MockTransport serves both


class HttpClient(RequestMaker):
    """What both clients share. `base_url` is the origin that the credential belongs to.

    `timeout_s` bounds each connect, read and write, `total_timeout_s` a whole answer, `deadline_s` a request
    with all its waits and attempts; `width` is how many pages of one listing are under way at once;
    `max_bytes` caps a decoded body, `max_ratio` how many times what was sent it may be; `max_wait_s` a wait
    for quota; `allowed_origins` may be asked without credentials; `headers` go with every request to
    `base_url`; `quota_prefix` begins the names of the vendor's quota headers (`x-ratelimit-reset`);
    `listeners` hear every event (`events.py`); `clock` is for tests. Without a `retry_strategy` and a
    `retry_budget` the defaults of both hold; without limiter and breaker there is none. Nothing is opened
    before the first request. Raises `SettingsError` for a URL that cannot be asked or holds a credential.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        auth_manager: BaseAuthManager | None = None,
        rate_limiter: BaseRateLimiter | None = None,
        retry_strategy: BaseRetryStrategy | None = None,
        retry_budget: RetryBudget | None = None,
        circuit_breaker: CircuitBreaker | KeyedCircuitBreaker | None = None,
        timeout_s: float = 30.0,
        total_timeout_s: float = 300.0,
        headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        allowed_origins: Collection[str] = (),
        width: int = 8,
        max_bytes: int = 256 << 20,
        max_ratio: float = MAX_RATIO,
        max_wait_s: float = 7200.0,
        deadline_s: float = math.inf,
        quota_prefix: str = "x-ratelimit",
        listeners: Iterable[Listener] = (),
        clock: Clock | None = None,
    ) -> None:
        if auth_manager is not None and not base_url:
            raise ValueError("an auth_manager needs a base_url: a credential belongs to one origin")
        super().__init__(base_url, headers, timeout_s, total_timeout_s)
        self.base_url = checked(base_url, "base_url") if base_url else None
        self.width = width
        self.lengths: dict[type[BaseModel], int] = {}  # pages of the latest listing of each kind of row
        self.stop = Stop()
        self._connections = Connections(transport, self.stop)
        self._clock = clock or SystemClock()
        self.policy = Policy(
            home=self.base_url,
            auth=auth_manager,
            limiter=rate_limiter,
            breaker=circuit_breaker,
            retry=retry_strategy or HeaderBasedRetryStrategy(quota_prefix, clock=self._clock.time),
            budget=retry_budget or RetryBudget(clock=self._clock.monotonic),
            allowed_origins=frozenset(origin(checked(each, "allowed_origins")) for each in allowed_origins),
            max_bytes=max_bytes,
            max_ratio=max_ratio,
            max_wait_s=max_wait_s,
            deadline_s=deadline_s,
            quota_prefix=quota_prefix,
            redact=Redactor(source=auth_manager.secrets) if auth_manager else Redactor(),
            clock=self._clock.monotonic,
            epoch=self._clock.time,
            audience=Audience(listeners),
        )
        shared: tuple[object, ...] = (auth_manager, circuit_breaker)
        for each in shared:
            if isinstance(each, Source):
                each.follow(self.policy.audience)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({origin(self.base_url) if self.base_url else ''!r})"

    # -- what to ask

    def pages(
        self,
        method: str,
        url: str,
        *,
        reads: type[R],
        paginator: Paginator | None = None,
        route: Callable[[], Steps] | None = None,
        items: str | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        empty_object_ends: bool = False,
        numbered: bool = False,
        accept: Collection[int] = (),
    ) -> Call[R]:
        """A listing whose rows are `reads`, under the body's key `items` (None: the body is the list).

        `items` may be a path (`result.data`). How the listing is walked says a `paginator`, or, where that
        takes looking at each answer, `route`: a function that gives a generator (`pagination/route.py`).
        `json` (the body) and `headers` go with every page, `params` not with those asked for by a link.
        With `empty_object_ends` a body that is exactly `{}` ends the listing. With `numbered` the rows may
        also come as an object with numbers for keys, which give their order. `accept` are statuses beside
        2xx that are data to this route. Nothing is sent before the call is iterated.
        """
        if (paginator is None) == (route is None):
            raise ValueError(f"{method} {url}: give either a paginator or a route")
        return Call(
            client=self,
            method=method,
            url=url,
            reads=reads,
            paginator=paginator or RoutePaginator(cast("Callable[[], Steps]", route)),
            items=items,
            params=params or {},
            body=json,
            headers=headers or {},
            empty_object_ends=empty_object_ends,
            numbered=numbered,
            terms=Terms(accept=frozenset(accept)),
        )

    def call(
        self,
        method: str,
        url: str,
        *,
        reads: type[R],
        items: str | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        numbered: bool = False,
        accept: Collection[int] = (),
    ) -> Call[R]:
        """One request whose answer holds all its rows."""
        return self.pages(
            method,
            url,
            reads=reads,
            paginator=SinglePage(),
            items=items,
            params=params,
            json=json,
            headers=headers,
            numbered=numbered,
            accept=accept,
        )

    def flow(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        terms: Terms = DEFAULT_TERMS,
        bare: bool = False,
        unzipped: bool = False,
        repeatable: bool = False,
    ) -> Flow[httpx2.Response]:
        """The exchange for one request, for a driver.

        `bare`: without any header that may be secret, wherever it leads; `unzipped`: where the body is a gzip
        file, what is in it, under the caps of any other body; `repeatable`: a POST that does no harm if it
        arrives twice, and is tried again as a GET is.

        Raises `CrossOriginError` for a body that is to be sent bare: it may be private, too.
        """
        request = self.build_request(method, url, params, json, headers)
        request.extensions |= {UNZIPPED: True} if unzipped else {}
        request.extensions |= {REPEATABLE: True} if repeatable else {}
        if bare:
            request.headers = credential_free(request.headers)
            request.extensions[BARE] = True
            if json is not None:
                raise CrossOriginError(f"{method} {request.url.path}: a link takes no body to another origin")
        return request_flow(self.policy, request, terms)

    def download_flow(
        self,
        url: str,
        to: Path | str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        total_timeout_s: float | None = None,
        progress: Progress | None = None,
    ) -> Flow[Download]:
        """What `download` does, for a driver."""
        request = self.build_request(method, url, params, None, {"accept": "*/*", **lowered(headers)})
        request.extensions[TOTAL_TIMEOUT] = total_timeout_s
        return download_flow(self.policy, request, Path(to), max_bytes=max_bytes, progress=progress)

    def poll_flow(
        self,
        url: str,
        *,
        start: Start | None = None,
        signs: Signs = DEFAULT_SIGNS,
        pace: Pace = DEFAULT_PACE,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        terms: Terms = DEFAULT_TERMS,
    ) -> Flow[Ready]:
        """What `poll` does, for a driver."""
        began: httpx2.Request | None = None
        if start is not None:
            began = self.build_request(start.method, start.url, start.params, start.json, start.headers)

        def ask(url: str) -> httpx2.Request:
            request = self.build_request("GET", url, params, None, headers)
            home = began.url if self.base_url is None and began is not None else self.base_url
            if home is not None and not check_target(request.url, home, self.policy.allowed_origins):
                request.headers = credential_free(request.headers)
            return request

        return poll_flow(self.policy, ask, url, began, signs, pace, terms)

    # -- how it is run

    def limited_by(self, limiter: BaseRateLimiter) -> None:
        """Go by another limiter from the next request on: in a worker, by the one that its parent hosts."""
        self.policy = replace(self.policy, limiter=limiter)

    def drive(self, flow: Flow[T], stop: Stop | None = None) -> T:
        """Run a flow on this thread; `stop` cuts it, as closing the client does."""
        return drive(self._clock.through(flow), self._connections.of_threads(), stop or self.stop)

    async def drive_async(self, flow: Flow[T]) -> T:
        """Run a flow on the running event loop."""
        return await drive_async(self._clock.through(flow), await self._connections.of_loop(), self.stop)

    def close(self) -> None:
        """Cut what is under way and free the connections of the sync driver."""
        self.stop.set()
        self._connections.close()

    async def aclose(self) -> None:
        """As `close`, and free the connections of the running event loop."""
        self.close()
        await self._connections.aclose()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
