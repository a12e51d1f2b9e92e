"""The two drivers: the only code of this package that blocks, awaits or sends. They hold no policy."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from typing import Any, TypeVar

import httpx2

from tidegate.http_tools.effects import Effect, Flow, Send, Sleep, Wait
from tidegate.http_tools.exceptions import ClientClosedError, ResponseTooLargeError

T = TypeVar("T")

# These headers describe the body as it travelled; the body that we hand on is decoded and whole.
_WIRE_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Stop:
    """A signal, set once, that cuts every wait under it. A child is set with its parent, not the reverse."""

    def __init__(self, parent: Stop | None = None) -> None:
        self._event = threading.Event()
        self._future: Future[None] = Future()
        self._lock = threading.Lock()
        self._children: weakref.WeakSet[Stop] = weakref.WeakSet()
        if parent is not None:
            parent.adopt(self)

    def adopt(self, child: Stop) -> None:
        with self._lock:
            self._children.add(child)
            already = self._event.is_set()
        if already:
            child.set()

    def set(self) -> None:
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            self._future.set_result(None)
            children = list(self._children)
        for child in children:
            child.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        if self._event.is_set():
            raise ClientClosedError("stopped while a request was under way")

    def sleep(self, seconds: float) -> None:
        if self._event.wait(seconds):
            self.check()

    def wait_for(self, future: Future[T]) -> T:
        either: tuple[Future[Any], ...] = (future, self._future)
        wait(either, return_when=FIRST_COMPLETED)
        if not future.done():
            self.check()
        return future.result()

    async def sleep_async(self, seconds: float) -> None:
        await self._first_of(asyncio.sleep(seconds))

    async def wait_for_async(self, future: Future[T]) -> T:
        # shielded: many flows may wait for one future, and a cancelled one must not cancel it for all
        result: T = await self._first_of(asyncio.shield(asyncio.wrap_future(future)))
        return result

    async def _first_of(self, awaitable: Any) -> Any:
        self.check()
        work = asyncio.ensure_future(awaitable)
        stopped = asyncio.shield(asyncio.wrap_future(self._future))
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.check()
            return work.result()
        finally:
            work.cancel()
            stopped.cancel()


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
