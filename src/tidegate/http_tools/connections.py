"""The connections of one client: one pool for all threads, and one for each event loop that it is used on."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx2

from tidegate.http_tools import shielding, wire, wire_logs
from tidegate.http_tools.exceptions import ClientClosedError
from tidegate.http_tools.stopping import Stop

_LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=32)


class Connections:
    """Opens nothing before it is asked. `transport` takes the place of the network."""

    def __init__(self, transport: Any, stop: Stop) -> None:
        self._transport, self._stop = transport, stop
        self._lock = threading.Lock()
        self._sync: httpx2.Client | None = None
        self._kept: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Kept] = weakref.WeakKeyDictionary()
        wire_logs.keep_secrets_out()

    def of_threads(self) -> httpx2.Client:
        with self._lock:
            self._check()
            if self._sync is None:
                transport = self._transport or wire.transport(_LIMITS)
                self._sync = httpx2.Client(transport=transport, follow_redirects=False, limits=_LIMITS)
            return self._sync

    async def of_loop(self) -> httpx2.AsyncClient:
        """Those of the running event loop; they are closed with it."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._check()
            kept = self._kept.get(loop)
        if kept is None:
            made = httpx2.AsyncClient(transport=self._transport, follow_redirects=False, limits=_LIMITS)
            kept = _Kept(made, _close_with_loop(made))
            await anext(kept.closer)
            with self._lock:
                self._kept[loop] = kept
        return kept.client

    def close(self) -> None:
        """Close those of threads, when what is shielded has ended."""
        with self._lock:
            http = self._sync
        if http is not None:
            shielding.wait(http)
            http.close()

    async def aclose(self) -> None:
        """Close those of the running event loop, when what is shielded has ended."""
        with self._lock:
            kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await shielding.wait_async(kept.client)
            await kept.closer.aclose()

    def _check(self) -> None:
        if self._stop.is_set():
            raise ClientClosedError("this client is closed")


@dataclass(frozen=True, slots=True)
class _Kept:
    client: httpx2.AsyncClient
    closer: AsyncGenerator[None, None]


async def _close_with_loop(client: httpx2.AsyncClient) -> AsyncGenerator[None, None]:
    """Closes the client when it is closed itself, as `asyncio.run` does with every generator at its end."""
    try:
        yield
    finally:
        await client.aclose()
