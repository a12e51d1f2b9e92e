"""The two drivers: the only code of this package that blocks, awaits or sends. They hold no policy."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import httpx2

from tidegate.http_tools.effects import Effect, Flow, Send, Sleep, Wait
from tidegate.http_tools.exceptions import ClientClosedError, ResponseTooLargeError

T = TypeVar("T")

# These headers describe the body as it travelled; the body that we hand on is decoded and whole.
_WIRE_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Stop:
    """A signal, set once, that cuts every wait under it. A child is set with its parent, not the reverse.

    `set` may be called from a signal handler, whatever the thread under it was doing: hence a lock that can
    be taken twice, and bells that are rung without one (a `threading.Event` would hang).
    """

    def __init__(self, parent: Stop | None = None) -> None:
        self._stopped = False
        self._lock = threading.RLock()
        self._bells: set[Callable[[], None]] = set()
        self._children: weakref.WeakSet[Stop] = weakref.WeakSet()
        if parent is not None:
            parent.adopt(self)

    def adopt(self, child: Stop) -> None:
        with self._lock:
            self._children.add(child)
        if self._stopped:
            child.set()

    def set(self) -> None:
        with self._lock:
            self._stopped = True
            bells, children = list(self._bells), list(self._children)
        for ring in bells:
            ring()
        for child in children:
            child.set()

    def is_set(self) -> bool:
        return self._stopped

    def check(self) -> None:
        if self._stopped:
            raise ClientClosedError("stopped while a request was under way")

    def sleep(self, seconds: float) -> None:
        bell: SimpleQueue[None] = SimpleQueue()
        with self._rings(lambda: bell.put(None)), suppress(Empty):
            bell.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        self.check()

    def wait_for(self, future: Future[T]) -> T:
        bell: SimpleQueue[None] = SimpleQueue()
        future.add_done_callback(lambda _: bell.put(None))
        with self._rings(lambda: bell.put(None)):
            bell.get()
        return self._outcome(future)

    async def sleep_async(self, seconds: float) -> None:
        woken, ring = _alarm()
        with self._rings(ring):
            await asyncio.wait((woken,), timeout=seconds)
        self.check()

    async def wait_for_async(self, future: Future[T]) -> T:
        # not asyncio.wrap_future: many may wait for one future, and a cancelled one would cancel it for all
        woken, ring = _alarm()
        future.add_done_callback(lambda _: ring())
        with self._rings(ring):
            await woken
        return self._outcome(future)

    def _outcome(self, future: Future[T]) -> T:
        if not future.done():
            self.check()
        return future.result()

    @contextmanager
    def _rings(self, ring: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._bells.add(ring)
        if self._stopped:
            ring()
        try:
            yield
        finally:
            with self._lock:
                self._bells.discard(ring)


def _alarm() -> tuple[asyncio.Future[None], Callable[[], None]]:
    """A future of the running loop, and the function that ends it from any thread."""
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    def ring() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(wake)

    return woken, ring


def drive(flow: Flow[T], http: httpx2.Client | None, stop: Stop) -> T:
    """Run a flow on this thread, to its result or its error."""
    try:
        effect = next(flow)
        while True:
            try:
                result = _perform(effect, http, stop)
            except BaseException as error:  # noqa: BLE001 - the flow decides what an error means
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        flow.close()


async def drive_async(flow: Flow[T], http: httpx2.AsyncClient | None, stop: Stop) -> T:
    """Run a flow on this event loop, to its result or its error."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await _perform_async(effect, http, stop)
            except BaseException as error:  # noqa: BLE001 - the flow decides what an error means
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        flow.close()


def _perform(effect: Effect[Any], http: httpx2.Client | None, stop: Stop) -> Any:
    match effect:
        case Send(request=request, max_bytes=max_bytes) if http is not None:
            stop.check()
            body = _Body(request, max_bytes, stop)
            with closing(http.send(request, stream=True)) as response:
                for chunk in response.iter_bytes():
                    body.add(chunk)
                return body.of(response)
        case Sleep(seconds=seconds):
            return stop.sleep(seconds)
        case Wait(future=future):
            return stop.wait_for(future)
        case _:
            raise TypeError(f"no driver for {effect!r}")


async def _perform_async(effect: Effect[Any], http: httpx2.AsyncClient | None, stop: Stop) -> Any:
    match effect:
        case Send(request=request, max_bytes=max_bytes) if http is not None:
            stop.check()
            body = _Body(request, max_bytes, stop)
            response = await http.send(request, stream=True)
            try:
                async for chunk in response.aiter_bytes():
                    body.add(chunk)
                return body.of(response)
            finally:
                await response.aclose()
        case Sleep(seconds=seconds):
            return await stop.sleep_async(seconds)
        case Wait(future=future):
            return await stop.wait_for_async(future)
        case _:
            raise TypeError(f"no driver for {effect!r}")


class _Body:
    """Collects a decoded body under a cap and a total time: a server that drips a byte at a time is cut."""

    def __init__(self, request: httpx2.Request, max_bytes: int, stop: Stop) -> None:
        self._request, self._max_bytes, self._stop = request, max_bytes, stop
        self._chunks: list[bytes] = []
        self._size = 0
        timeout = request.extensions.get("tidegate.total_timeout_s")
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def add(self, chunk: bytes) -> None:
        self._stop.check()
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise ResponseTooLargeError(
                f"{self._request.method} {self._request.url.path}: the answer is over {self._max_bytes} bytes"
            )
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise httpx2.ReadTimeout("the whole answer took too long", request=self._request)
        self._chunks.append(chunk)

    def of(self, response: httpx2.Response) -> httpx2.Response:
        headers = [
            (k, v) for k, v in response.headers.raw if k.decode("latin-1").lower() not in _WIRE_HEADERS
        ]
        return httpx2.Response(
            response.status_code, headers=headers, content=b"".join(self._chunks), request=self._request
        )
