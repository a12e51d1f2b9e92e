"""`Stop`: a signal that cuts waits, on threads and event loops alike."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from tidegate.http_tools.exceptions import ClientClosedError

T = TypeVar("T")


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
        with self.rings(lambda: bell.put(None)), suppress(Empty):
            bell.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        self.check()

    def wait_for(self, future: Future[T]) -> T:
        bell: SimpleQueue[None] = SimpleQueue()
        future.add_done_callback(lambda _: bell.put(None))
        with self.rings(lambda: bell.put(None)):
            bell.get()
        return self._outcome(future)

    async def sleep_async(self, seconds: float) -> None:
        woken, ring = alarm()
        with self.rings(ring):
            await asyncio.wait((woken,), timeout=seconds)
        self.check()

    async def wait_for_async(self, future: Future[T]) -> T:
        # not asyncio.wrap_future: many may wait for one future, and a cancelled one would cancel it for all
        woken, ring = alarm()
        future.add_done_callback(lambda _: ring())
        with self.rings(ring):
            await woken
        return self._outcome(future)

    def wait_at_most(self, future: Future[Any], seconds: float) -> bool:
        bell: SimpleQueue[None] = SimpleQueue()
        future.add_done_callback(lambda _: bell.put(None))
        with self.rings(lambda: bell.put(None)), suppress(Empty):
            bell.get(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX))
        if not future.done():
            self.check()
        return future.done()

    async def wait_at_most_async(self, future: Future[Any], seconds: float) -> bool:
        woken, ring = alarm()
        future.add_done_callback(lambda _: ring())
        with self.rings(ring):
            await asyncio.wait((woken,), timeout=seconds)
        if not future.done():
            self.check()
        return future.done()

    def _outcome(self, future: Future[T]) -> T:
        if not future.done():
            self.check()
        return future.result()

    @contextmanager
    def rings(self, ring: Callable[[], None]) -> Iterator[None]:
        """Meanwhile `ring` is called when this is set (at once where it is), on the thread that sets it."""
        self.hang(ring)
        try:
            yield
        finally:
            self.unhang(ring)

    def hang(self, ring: Callable[[], None]) -> None:
        """As `rings`, until `unhang`: for the way of every request, where a context costs."""
        with self._lock:
            self._bells.add(ring)
        if self._stopped:
            ring()

    def unhang(self, ring: Callable[[], None]) -> None:
        with self._lock:
            self._bells.discard(ring)


def alarm() -> tuple[asyncio.Future[None], Callable[[], None]]:
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
