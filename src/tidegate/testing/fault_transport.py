"""A transport that breaks on purpose, by script or by chance from a seed."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

import httpx2

from tidegate.testing.clock import FrozenClock
from tidegate.testing.faults import Delay, Drip, Fault, Refuse, Reset, ResetBody, Status, Truncate

Handler = Callable[[httpx2.Request], httpx2.Response]
Inner = httpx2.BaseTransport | httpx2.AsyncBaseTransport | Handler

_ORDINARY: tuple[Fault, ...] = (Reset(), ResetBody(10), Truncate(10), Status(503), Status(500))
_DEFAULT_READ_S = 30.0


class FaultTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Passes requests to `inner` (another transport, or a function of a request; None: the network).

    `script` says what happens to one request after the other (None: nothing). After it, each request meets
    one of `faults` with a likelihood of `rate`, drawn from `seed`: the n-th request meets the same fault in
    every run. `only` picks the requests that count; the others pass. `done` is what each request that counted
    met. Delays are real unless `clock` is a `FrozenClock`. Serves both clients, from threads and event loops,
    as far as `inner` does.
    """

    def __init__(
        self,
        inner: Inner | None = None,
        *,
        script: Iterable[Fault | None] = (),
        rate: float = 0.0,
        faults: Sequence[Fault] = _ORDINARY,
        seed: int = 0,
        only: Callable[[httpx2.Request], bool] = lambda _: True,
        clock: FrozenClock | None = None,
    ) -> None:
        if not 0 <= rate <= 1:
            raise ValueError("rate is a share of the requests: from 0 to 1")
        self._inner = _transport(inner)
        self._script = iter(tuple(script))
        self._rate, self._faults, self._only, self._pace = rate, tuple(faults), only, _Pace(clock)
        self._random = random.Random(seed)  # noqa: S311 - repeatable is what it must be
        self._lock = threading.Lock()
        self.done: list[Fault | None] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self._next(request)
        if (instead := _before(fault, request)) is not None:
            return instead
        if isinstance(fault, Delay):
            self._pace.wait(fault.seconds, request)
        inner = self._inner = self._inner or httpx2.HTTPTransport()
        if not isinstance(inner, httpx2.BaseTransport):
            raise TypeError("the transport inside of this FaultTransport serves AsyncHttpClient only")
        response = inner.handle_request(request)
        if fault is None or isinstance(fault, Delay):
            return response
        try:
            pieces = b"".join(_sync_stream(response))
        finally:
            response.close()
        return self._spoilt(fault, request, response, pieces)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self._next(request)
        if (instead := _before(fault, request)) is not None:
            return instead
        if isinstance(fault, Delay):
            await self._pace.wait_async(fault.seconds, request)
        inner = self._inner = self._inner or httpx2.AsyncHTTPTransport()
        if not isinstance(inner, httpx2.AsyncBaseTransport):
            raise TypeError("the transport inside of this FaultTransport serves SyncHttpClient only")
        response = await inner.handle_async_request(request)
        if fault is None or isinstance(fault, Delay):
            return response
        try:
            pieces = b"".join([piece async for piece in _async_stream(response)])
        finally:
            await response.aclose()
        return self._spoilt(fault, request, response, pieces)

    def _next(self, request: httpx2.Request) -> Fault | None:
        if not self._only(request):
            return None
        with self._lock:
            fault = next(self._script, ...)
            if fault is ...:
                hit = self._random.random() < self._rate
                fault = self._random.choice(self._faults) if hit else None
            self.done.append(fault)
        return fault

    def _spoilt(
        self, fault: Fault, request: httpx2.Request, response: httpx2.Response, body: bytes
    ) -> httpx2.Response:
        if isinstance(fault, Reset):
            raise httpx2.ReadError("the connection was reset after the request", request=request)
        headers = response.headers.copy()
        if isinstance(fault, Truncate) and not fault.noticed:
            headers.pop("content-length", None)
        stream = _Spoilt(fault, body, request, self._pace)
        return httpx2.Response(
            response.status_code, headers=headers, stream=stream, extensions=response.extensions
        )

    def close(self) -> None:
        if isinstance(self._inner, httpx2.BaseTransport):
            self._inner.close()

    async def aclose(self) -> None:
        if isinstance(self._inner, httpx2.AsyncBaseTransport):
            await self._inner.aclose()


def _transport(inner: Inner | None) -> httpx2.BaseTransport | httpx2.AsyncBaseTransport | None:
    if inner is None or isinstance(inner, httpx2.BaseTransport | httpx2.AsyncBaseTransport):
        return inner
    return httpx2.MockTransport(inner)


class _Pace:
    """Waits that end, as a real one would, in a timeout where the client has no more patience."""

    def __init__(self, clock: FrozenClock | None) -> None:
        self._clock = clock

    def wait(self, seconds: float, request: httpx2.Request) -> None:
        limit = _patience(request)
        if self._clock is not None:
            self._clock.advance(min(seconds, limit))
        else:
            time.sleep(min(seconds, limit))
        _check(seconds, limit, request)

    async def wait_async(self, seconds: float, request: httpx2.Request) -> None:
        limit = _patience(request)
        if self._clock is not None:
            self._clock.advance(min(seconds, limit))
        else:
            await asyncio.sleep(min(seconds, limit))
        _check(seconds, limit, request)


class _Spoilt(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that comes late, in pieces, or not whole."""

    def __init__(self, fault: Fault, body: bytes, request: httpx2.Request, pace: _Pace) -> None:
        self._fault, self._request, self._pace = fault, request, pace
        cut = fault.after if isinstance(fault, ResetBody | Truncate) else len(body)
        self._body = body[:cut]

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces():
            if isinstance(self._fault, Drip):
                self._pace.wait(self._fault.seconds, self._request)
            yield piece
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces():
            if isinstance(self._fault, Drip):
                await self._pace.wait_async(self._fault.seconds, self._request)
            yield piece
        self._end()

    def _pieces(self) -> Iterator[bytes]:
        size = self._fault.size if isinstance(self._fault, Drip) else max(1, len(self._body))
        return (self._body[at : at + size] for at in range(0, len(self._body), size))

    def _end(self) -> None:
        if isinstance(self._fault, ResetBody):
            raise httpx2.ReadError(
                "the connection was reset in the middle of the body", request=self._request
            )
        if isinstance(self._fault, Truncate) and self._fault.noticed:
            raise httpx2.RemoteProtocolError(
                "the server closed the connection before the whole body was sent", request=self._request
            )


def _before(fault: Fault | None, request: httpx2.Request) -> httpx2.Response | None:
    """What happens without the server; None where it is to be asked."""
    match fault:
        case Refuse():
            raise httpx2.ConnectError("the connection was refused", request=request)
        case Reset(delivered=False):
            raise httpx2.ReadError("the connection was reset before an answer", request=request)
        case Status(code=code, headers=headers, body=body):
            return httpx2.Response(code, headers=dict(headers), content=body)
        case _:
            return None


def _patience(request: httpx2.Request) -> float:
    read: object = request.extensions.get("timeout", {}).get("read", _DEFAULT_READ_S)
    return float(read) if isinstance(read, int | float) else float("inf")


def _check(seconds: float, limit: float, request: httpx2.Request) -> None:
    if seconds > limit:
        raise httpx2.ReadTimeout(f"no byte came for {limit:g} s", request=request)


def _sync_stream(response: httpx2.Response) -> httpx2.SyncByteStream:
    """The body as it travels, coded as it is."""
    stream = response.stream
    if not isinstance(stream, httpx2.SyncByteStream):
        raise TypeError("the transport inside of this FaultTransport gave an answer for an async client")
    return stream


def _async_stream(response: httpx2.Response) -> httpx2.AsyncByteStream:
    stream = response.stream
    if not isinstance(stream, httpx2.AsyncByteStream):
        raise TypeError("the transport inside of this FaultTransport gave an answer for a sync client")
    return stream
