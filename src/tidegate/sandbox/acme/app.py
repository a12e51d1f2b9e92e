"""Acme's API: a key, a quota, a listing by offset and one by cursor, and the OpenAPI file of it all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tidegate.sandbox.acme.data import made
from tidegate.sandbox.asgi import (
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    json_answer,
    read_request,
    send_answer,
)

BASE_PATH = "/v1"
_A_SECOND = 20
_LARGEST_PAGE = 100
_TRUTH = {f"/_sandbox/truth/{name}": name for name in ("orders", "customers")}
_PARAMETERS = {"/orders": {"limit", "offset", "updatedSince"}, "/customers": {"limit", "cursor"}}


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AcmeSandbox:
    """An ASGI application; the base url is the origin and `/v1`, the file is at `/openapi.json`.

    `rows` orders, customers in proportion, the same for the same seed. Any `x-api-key` will do; each has 20
    requests a second times `quota`.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        rows: int = 5000,
        quota: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.data = made(rows, seed)
        self._a_second = max(1, round(_A_SECOND * quota))
        self._monotonic = monotonic
        self._sent: dict[str, list[float]] = {}
        self._requests = 0
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP only, not {scope['type']}")
        await send_answer(self.handle(await read_request(scope, receive)), send)

    def handle(self, request: Request) -> Answer:
        """The answer to one request, without a server around it."""
        if request.path == "/openapi.json":
            return json_answer(200, _description(request))
        if request.path == "/_sandbox/counters":
            return json_answer(200, self.counters())
        if request.path in _TRUTH:
            return json_answer(200, getattr(self.data, _TRUTH[request.path]))
        try:
            return self._data(request)
        except _RefusedError as refusal:
            return json_answer(refusal.status, {"error": str(refusal)})

    def counters(self) -> dict[str, int]:
        """How many requests for data came, those over quota among them."""
        with self._lock:
            return {"requests": self._requests}

    def _data(self, request: Request) -> Answer:
        key = request.headers.get("x-api-key", "")
        if not key:
            raise _RefusedError(401, "send a key in the header x-api-key")
        path = request.path.removeprefix(BASE_PATH)
        known = _PARAMETERS.get(path)
        if known is None or not request.path.startswith(BASE_PATH) or request.method != "GET":
            raise _RefusedError(404, "there is no such route")
        if not self._take(key):
            refused = json_answer(429, {"error": f"{self._a_second} requests a second are all you have"})
            return refused.with_headers({"Retry-After": 1})
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        if unknown := query.keys() - known:
            raise _RefusedError(400, f"there is no parameter {min(unknown)}")
        return json_answer(200, self._orders(query) if path == "/orders" else self._customers(query))

    def _take(self, key: str) -> bool:
        """Whether the key has a request left in this second."""
        with self._lock:
            self._requests += 1
            now = self._monotonic()
            sent = [at for at in self._sent.get(key, []) if at > now - 1]
            self._sent[key] = sent
            if len(sent) >= self._a_second:
                return False
            sent.append(now)
            return True

    def _orders(self, query: dict[str, str]) -> dict[str, Any]:
        rows = self.data.orders
        if since := query.get("updatedSince"):
            after = _instant(since)
            rows = [row for row in rows if _instant(row["updatedAt"]) > after]
        offset, limit = _number(query, "offset", 0, 0, None), _number(query, "limit", 20, 1, _LARGEST_PAGE)
        return {"orders": rows[offset : offset + limit], "count": len(rows)}

    def _customers(self, query: dict[str, str]) -> dict[str, Any]:
        start, limit = _number(query, "cursor", 0, 0, None), _number(query, "limit", 20, 1, _LARGEST_PAGE)
        end = start + limit
        more = str(end) if end < len(self.data.customers) else None
        return {"data": self.data.customers[start:end], "nextCursor": more}


def _description(request: Request) -> Any:
    """With the address at which it was asked for."""
    text = files("tidegate.sandbox.acme").joinpath("openapi.json").read_bytes()
    description = orjson.loads(text)
    description["servers"] = [{"url": f"http://{request.headers.get('host', '127.0.0.1')}{BASE_PATH}"}]
    return description


def _number(query: dict[str, str], name: str, default: int, least: int, most: int | None) -> int:
    text = query.get(name, str(default))
    if (
        not (text.isascii() and text.isdigit())
        or int(text) < least
        or (most is not None and int(text) > most)
    ):
        raise _RefusedError(400, f"{name} must be a number from {least}{f' to {most}' if most else ' on'}")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _RefusedError(400, f"{text!r} is not an instant with its zone")
    return found
