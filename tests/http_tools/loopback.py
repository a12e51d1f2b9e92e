"""A real HTTP server on loopback that answers by script, and knows how to break off."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """One request as the server got it; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Answer:
    """What to send back. `cut_after` resets the connection behind so many bytes of the body; `drip_s` waits
    before each of its bytes; `delay_s` before the first header; `hang_up` sends nothing at all.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    drip_s: float = 0.0
    delay_s: float = 0.0
    hang_up: bool = False


def as_json(value: Any, **settings: Any) -> Answer:
    return Answer(body=json.dumps(value).encode(), **settings)


class Loopback:
    """`seen` are the requests so far. `answers` are used up one a request; after the last, `by` decides."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answers: list[Answer] = []
        self.by: Callable[[Seen], Answer] = lambda _: Answer()
        self.connections = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()

    def script(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def take(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            if self.answers:
                return self.answers.pop(0)
        return self.by(seen)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        with self._lock:
            self.connections += 1
        try:
            yield
        finally:
            with self._lock:
                self.connections -= 1

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what half of these tests are about."""


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self) -> None:
            with loopback.connected(), contextlib.suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

        def answer(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, self.rfile.read(length))
            self.play(loopback.take(seen))

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

        def play(self, answer: Answer) -> None:
            time.sleep(answer.delay_s)
            if answer.hang_up:
                self.reset()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            step = 1 if answer.drip_s else max(1, len(answer.body))
            sent = answer.body[: answer.cut_after]
            for position in range(0, len(sent), step):
                time.sleep(answer.drip_s)
                self.wfile.write(sent[position : position + step])
            if answer.cut_after is not None:
                self.reset()

        def reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise ConnectionAbortedError

    return Handler
