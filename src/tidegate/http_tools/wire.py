"""The sockets of the sync driver: any wait on one can be cut from another thread or a signal handler.

A thread that waits for headers hears of nothing until they come. So each read and write notes its socket with
the `Cut` of the request under way on its thread, and cutting shuts that socket down. The async driver needs
none of this: a task can be cancelled.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.request import getproxies

import httpcore2
import httpx2


class Cut:
    """What ends one exchange from outside: `now()`, from any thread, or the moment `deadline` (monotonic)."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self._done = False
        self._socket: socket.socket | None = None

    def now(self) -> None:
        self._done = True
        if (waiting := self._socket) is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(waiting, socket.SHUT_RDWR)  # of an SSLSocket, too, only the socket

    def is_over(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def left(self, timeout: float | None) -> float | None:
        """The `timeout`, at most what remains until the deadline."""
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the whole answer took too long")
        return left if timeout is None else min(left, timeout)

    def begin(self, waiting: socket.socket | None) -> None:
        """A wait on this socket begins; `end` must follow."""
        self._socket = waiting  # first this, then the look at the flag: `now` does it the other way round
        if self._done:
            raise httpcore2.ReadError("cut")

    def end(self) -> None:
        self._socket = None


class _Current(threading.local):
    cut = Cut(None)


_current = _Current()


def put(cut: Cut) -> Cut:
    """From now on whatever this thread sends and reads ends with `cut`. Gives the one before, to put back."""
    before, _current.cut = _current.cut, cut
    return before


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket | None = stream.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        cut = _current.cut
        try:
            cut.begin(self._socket)
            return self._stream.read(max_bytes, cut.left(timeout))
        finally:
            cut.end()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        cut = _current.cut
        try:
            cut.begin(self._socket)
            self._stream.write(buffer, cut.left(timeout))
        finally:
            cut.end()

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        cut = _current.cut
        try:
            cut.begin(self._socket)
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, cut.left(timeout)))
        finally:
            cut.end()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        cut = _current.cut
        cut.begin(None)
        return _Stream(super().connect_tcp(host, port, cut.left(timeout), local_address, socket_options))


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _BELOW as error:
            raise _translated(error) from error

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class CuttableTransport(httpx2.BaseTransport):
    """HTTP/1.1 over connections that a `Cut` ends. TLS as httpx2 does it by default."""

    def __init__(self, limits: httpx2.Limits) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        asked = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
        except _BELOW as error:
            raise _translated(error) from error
        body: Any = answer.stream
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(body), extensions=dict(answer.extensions)
        )

    def close(self) -> None:
        self._pool.close()


_BELOW = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


def _translated(error: Exception) -> httpx2.RequestError:
    """An error of the library below as one of httpx2, which has the same names for them."""
    kind: type[httpx2.RequestError] = getattr(httpx2, type(error).__name__, httpx2.NetworkError)
    return kind(str(error))


def transport(limits: httpx2.Limits) -> CuttableTransport | None:
    """What a sync client sends by; None, httpx2's own, where the environment names a proxy.

    Through a proxy a wait for headers ends with `timeout_s`, not when it is cut.
    """
    return None if {"http", "https", "all"} & getproxies().keys() else CuttableTransport(limits)
