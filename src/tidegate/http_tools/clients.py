"""The clients: what a connector is given. One policy, two drivers.

`SyncHttpClient.request` gives a response, `AsyncHttpClient.request` an awaitable of one; `pages` and `call`
are the same on both and give a `Call`, which both can run.
"""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import weakref
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import orjson
from pydantic import BaseModel

from tidegate.http_tools.auth import BaseAuthManager
from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.circuit_breakers import CircuitBreaker, PerEndpointCircuitBreaker
from tidegate.http_tools.drivers import Stop, drive, drive_async
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.exceptions import ClientClosedError, HttpClientError
from tidegate.http_tools.origins import checked, origin
from tidegate.http_tools.pagination import Paginator, SinglePage
from tidegate.http_tools.policy import DEFAULT_TERMS, Policy, Terms, request_flow
from tidegate.http_tools.rate_limiters import BaseRateLimiter
from tidegate.http_tools.retry_strategies import BaseRetryStrategy, HeaderBasedRetryStrategy
from tidegate.utils.redact import Redactor

__all__ = ["AsyncHttpClient", "Call", "HttpClient", "Page", "Request", "Response", "SyncHttpClient"]

# What connectors name in annotations, so that only this package imports an HTTP library.
Request = httpx2.Request
Response = httpx2.Response

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)
Self = TypeVar("Self", bound="HttpClient")

Transport = Any  # an httpx2 transport of the client's kind; MockTransport serves both


class HttpClient:
    """What both clients share. `base_url` is the origin that the credential belongs to.

    `timeout_s` bounds each connect, read and write, `total_timeout_s` a whole answer; `width` is how many
    pages of one listing are under way at once; `max_bytes` caps a decoded body; `max_wait_s` a wait for
    quota; `allowed_origins` may be asked without credentials. Nothing is opened before the first request.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        auth_manager: BaseAuthManager | None = None,
        rate_limiter: BaseRateLimiter | None = None,
        retry_strategy: BaseRetryStrategy | None = None,
        circuit_breaker: CircuitBreaker | PerEndpointCircuitBreaker | None = None,
        timeout_s: float = 30.0,
        total_timeout_s: float = 300.0,
        headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        allowed_origins: Collection[str] = (),
        width: int = 8,
        max_bytes: int = 256 << 20,
        max_wait_s: float = 7200.0,
        quota_prefix: str = "x-ratelimit",
    ) -> None:
        if auth_manager is not None and not base_url:
            raise ValueError("an auth_manager needs a base_url: a credential belongs to one origin")
        self.base_url = checked(base_url, "base_url") if base_url else None
        self._base_text = base_url
        self.width = width
        self.stop = Stop()
        self._headers = {**_default_headers(), **_lower(headers)}
        self._transport = transport
        self._timeout_s, self._total_timeout_s = timeout_s, total_timeout_s
        self.policy = Policy(
            home=self.base_url,
            auth=auth_manager,
            limiter=rate_limiter,
            breaker=circuit_breaker,
            retry=retry_strategy or HeaderBasedRetryStrategy(quota_prefix),
            allowed_origins=frozenset(origin(checked(each, "allowed_origins")) for each in allowed_origins),
            max_bytes=max_bytes,
            max_wait_s=max_wait_s,
            quota_prefix=quota_prefix,
            redact=Redactor(auth_manager.secrets() if auth_manager else ()),
        )
        self._lock = threading.Lock()
        self._kept: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Kept] = weakref.WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({origin(self.base_url) if self.base_url else ''!r})"

    # -- what to ask

    def pages(
        self,
        method: str,
        url: str,
        *,
        reads: type[R],
        paginator: Paginator,
        items: str | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        empty_object_ends: bool = False,
        accept: Collection[int] = (),
    ) -> Call[R]:
        """A listing whose rows are `reads`, under the body's key `items` (None: the body is the list).

        With `empty_object_ends` a body that is exactly `{}` ends the listing; `accept` are statuses beside
        2xx that are data to this route. Nothing is sent before the call is iterated.
        """
        return Call(
            client=self,
            method=method,
            url=url,
            reads=reads,
            paginator=paginator,
            items=items,
            params=params or {},
            body=json,
            headers=headers or {},
            empty_object_ends=empty_object_ends,
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
    ) -> Flow[httpx2.Response]:
        """The exchange for one request, for a driver."""
        return request_flow(self.policy, self.build_request(method, url, params, json, headers), terms)

    def build_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Request:
        """The request without its credential, which is added when it is sent."""
        target = self.resolve(url)
        encoded = self.encode_params(params or {})
        if encoded:
            target = target.copy_merge_params(encoded)
        body = None if json is None else orjson.dumps(json, option=orjson.OPT_NON_STR_KEYS)
        own = {"content-type": "application/json"} if body is not None else {}
        timeout = httpx2.Timeout(self._timeout_s).as_dict()
        return httpx2.Request(
            method,
            target,
            headers={**self._headers, **own, **_lower(headers)},
            content=body,
            extensions={"timeout": timeout, "tidegate.total_timeout_s": self._total_timeout_s},
        )

    def resolve(self, url: str) -> httpx2.URL:
        """`/contacts` under the base URL's path; an absolute URL as it is (the policy checks its origin)."""
        return _resolved(self._base_text, url)

    def display_url(self, url: str) -> str:
        """The resolved URL without its query, for fingerprints and messages."""
        return str(self.resolve(url).copy_with(query=None, userinfo=b""))

    @staticmethod
    def encode_params(params: Mapping[str, Any]) -> dict[str, Any]:
        """Query parameters as text: booleans as true/false, dates ISO, instants UTC with milliseconds.

        None is left out; a list repeats its name. Raises `ValueError` for a naive datetime, `TypeError` for
        what has no obvious text.
        """
        return {name: _encode(name, value) for name, value in params.items() if value is not None}

    # -- how it is run

    @cached_property
    def _sync(self) -> httpx2.Client:
        return httpx2.Client(transport=self._transport, follow_redirects=False, limits=self._pool)

    @property
    def _pool(self) -> httpx2.Limits:
        return httpx2.Limits(max_connections=64, max_keepalive_connections=32)

    async def _async_client(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()  # a pool of connections belongs to one event loop
        with self._lock:
            kept = self._kept.get(loop)
        if kept is None:
            made = httpx2.AsyncClient(transport=self._transport, follow_redirects=False, limits=self._pool)
            kept = _Kept(made, _close_with_loop(made))
            await anext(kept.closer)
            with self._lock:
                self._kept[loop] = kept
        return kept.client

    def drive(self, flow: Flow[T], stop: Stop | None = None) -> T:
        """Run a flow on this thread; `stop` cuts it, as closing the client does."""
        with self._lock:
            if self.stop.is_set():
                raise ClientClosedError("this client is closed")
            http = self._sync
        return drive(flow, http, stop or self.stop)

    async def drive_async(self, flow: Flow[T]) -> T:
        """Run a flow on the running event loop."""
        if self.stop.is_set():
            raise ClientClosedError("this client is closed")
        return await drive_async(flow, await self._async_client(), self.stop)

    def close(self) -> None:
        """Cut what is under way and free the connections of the sync driver."""
        self.stop.set()
        with self._lock:
            if "_sync" in vars(self):
                self._sync.close()

    async def aclose(self) -> None:
        """As `close`, and free the connections of the running event loop."""
        self.close()
        with self._lock:
            kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept.closer.aclose()

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


@dataclass(frozen=True, slots=True)
class _Kept:
    """The connections of one event loop."""

    client: httpx2.AsyncClient
    closer: AsyncGenerator[None, None]


async def _close_with_loop(client: httpx2.AsyncClient) -> AsyncGenerator[None, None]:
    """Closes the client when it is closed itself, as `asyncio.run` does with every generator at its end."""
    try:
        yield
    finally:
        await client.aclose()


class SyncHttpClient(HttpClient):
    """Blocks. May be used from several threads at once."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """A 2xx response, its body read; or an `HttpClientError`."""
        return self.drive(self.flow(method, url, params=params, json=json, headers=headers))


class AsyncHttpClient(HttpClient):
    """Awaits. May be used from several event loops; the connections of one are freed when it ends."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """A 2xx response, its body read; or an `HttpClientError`."""
        return await self.drive_async(self.flow(method, url, params=params, json=json, headers=headers))


@lru_cache(maxsize=256)  # the pages of a listing share their URL, and URLs are slow to build
def _resolved(base_text: str, url: str) -> httpx2.URL:
    try:
        given = httpx2.URL(url)
        if given.is_absolute_url or not base_text:
            return given
        base = httpx2.URL(base_text)
        if given.host:  # `//other.host/path` names another origin
            return base.join(url)
    except httpx2.InvalidURL as error:
        raise HttpClientError("the address to ask is malformed") from error
    path, _, _ = base.raw_path.partition(b"?")
    return base.copy_with(raw_path=path.rstrip(b"/") + b"/" + given.raw_path.lstrip(b"/"))


def _encode(name: str, value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return _encode(name, value.value)
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"parameter {name}: {value} has no time zone")
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list() | tuple():
            return [_encode(name, each) for each in value if each is not None]
        case str() | int() | float() | Decimal() | UUID():
            return str(value)
        case _:
            raise TypeError(f"parameter {name}: write the {type(value).__name__} as text yourself")


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    """With names in lower case, so that `Accept` takes the place of `accept`."""
    return {name.lower(): value for name, value in headers.items()} if headers else {}


def _default_headers() -> dict[str, str]:
    codings = ["gzip", "deflate"]
    codings += ["br"] if any(map(importlib.util.find_spec, ("brotli", "brotlicffi"))) else []
    codings += ["zstd"] if importlib.util.find_spec("zstandard") else []
    return {"accept": "application/json", "accept-encoding": ", ".join(codings), "user-agent": "tidegate"}
