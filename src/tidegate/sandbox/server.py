"""A loopback server for the stand-in APIs: blocking for the command line, in a thread for tests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from tidegate.sandbox.asgi import ASGIApp

_STOP_WITHIN_S = 10.0


def serve(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, on_start: Callable[[str], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, then return. `on_start` gets the origin once it accepts connections.

    Blocks, and belongs in the main thread: only there can signals be caught.
    """
    listener = _listen(host, port)
    origin = _origin(host, listener)
    server = _Server(app, lambda: on_start(origin) if on_start else None)
    server.run(sockets=[listener])


@contextlib.contextmanager
def running(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The origin (`http://127.0.0.1:PORT`) of a server that runs in a thread until the block is left.

    The listening socket is bound first and handed over, so a free port (0) cannot be lost to another
    process between being found and being used.
    """
    listener = _listen(host, port)
    ready = threading.Event()
    server = _Server(app, ready.set)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="tidegate-sandbox", daemon=True
    )
    thread.start()
    try:
        while not ready.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError("the sandbox server ended before it accepted a connection")
        yield _origin(host, listener)
    finally:
        server.should_exit = True
        thread.join(_STOP_WITHIN_S)
        listener.close()


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        # Level critical: a body that is cut on purpose would be logged as an error of the application.
        config = uvicorn.Config(
            app,
            http="auto",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        """As uvicorn's with shorter naps: tests start and stop many servers."""
        for tick in itertools.count():
            if await self.on_tick(tick):
                return
            await asyncio.sleep(0.02)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that was obeyed is not raised again: stopping is a normal end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in previous.items():
                signal.signal(sig, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: without it each answer
    # waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _origin(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
