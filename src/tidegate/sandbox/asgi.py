"""The little of ASGI 3 that a stand-in API needs: a request read whole, an answer sent in one piece.

Written by hand because a framework would tidy away what a sandbox is for: a body that breaks off
half way, a missing header, an answer that comes late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """Method, decoded path, raw query string, lower-case headers, whole body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `delay_s` comes before it; `cut_at` bytes of the body are sent and then no more."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    delay_s: float = 0.0
    cut_at: int | None = None

    def with_headers(self, headers: Mapping[str, object]) -> Answer:
        """The same answer with these headers added."""
        extra = tuple((name.encode(), str(value).encode()) for name, value in headers.items())
        return replace(self, headers=self.headers + extra)


def json_answer(status: int, content: object) -> Answer:
    """An answer whose body is this value as JSON."""
    return Answer(status, orjson.dumps(content))


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The request with its whole body; bodies are small, they come from tests and from the command line."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body)


async def send_answer(answer: Answer, send: Send) -> None:
    """Send it. A cut answer declares its whole length and stops short: the server then closes the
    connection, and the client sees a broken body."""
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.cut_at is None:
        await send({"type": "http.response.body", "body": answer.body})
    else:
        await send({"type": "http.response.body", "body": answer.body[: answer.cut_at], "more_body": True})
