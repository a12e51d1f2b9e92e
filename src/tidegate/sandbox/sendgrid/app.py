"""The gate that every request passes: key, subuser, quota, route, fault, log, in this order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from tidegate.sandbox.asgi import (
    Answer,
    ASGIApp,
    Receive,
    Request,
    Scope,
    Send,
    json_answer,
    read_request,
    send_answer,
)
from tidegate.sandbox.counters import CUT, Counters
from tidegate.sandbox.sendgrid.exports import Exports
from tidegate.sandbox.sendgrid.faults import Faults, errors
from tidegate.sandbox.sendgrid.params import RefusedError
from tidegate.sandbox.sendgrid.quotas import LIMITS, Quotas
from tidegate.sandbox.sendgrid.routes import ROUTES
from tidegate.sandbox.sendgrid.store import SUPPRESSIONS, Store

EXPORTS = "/v3/marketing/contacts/exports"
FILES = "/exports"
TABLES = (
    "campaigns", "single_sends", "single_send_stats", "stats", "category_stats", *SUPPRESSIONS,
    "lists", "templates", "messages", "contacts",
)  # fmt: skip
_CONTROLS = "/_sandbox/"


class SendGridSandbox:
    """An ASGI application that behaves like SendGrid's API; the base URL is the origin.

    `rows` messages lie in the `days` days up to `now`; all else is fewer in proportion. The same seed, rows,
    days and now give the same data. `quota` is a pace: 60 makes a minute last a second. `faults` is the share
    of requests that go wrong, also for files. `files` is a second application, for another port: exports lie
    there, at `exports.origin`, which whoever serves it sets. `subusers` may be named by `on-behalf-of`.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        rows: int = 5000,
        quota: float = 1.0,
        faults: float = 0.0,
        slow_s: float = 1.0,
        api_key: str | None = None,
        now: datetime | None = None,
        days: int = 30,
        subusers: tuple[str, ...] = ("shop",),
        monotonic: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
        limits: Mapping[str, tuple[int, float]] = LIMITS,
    ) -> None:
        self.store = Store(seed, rows, days, now or datetime.now(UTC))
        self.exports = Exports(seed, monotonic)
        self._quotas = Quotas(quota, monotonic, epoch, limits)
        self._faults = Faults(seed, faults, slow_s)
        self._counters = Counters([*ROUTES, EXPORTS, FILES])
        self._api_key, self._subusers = api_key, subusers
        self._requests = self._files = 0
        self._lock = threading.RLock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _Application(self.handle)(scope, receive, send)

    @property
    def files(self) -> ASGIApp:
        """Where exports lie: storage of another vendor, which knows no key of the API."""
        return _Application(self.handle_file)

    def handle(self, request: Request) -> Answer:
        """The answer to one request, without a server around it. Nothing is sent and nothing sleeps."""
        with self._lock:
            if request.path.startswith(_CONTROLS):
                return self._control(request.path.removeprefix(_CONTROLS))
            endpoint = _endpoint(request.path)
            if endpoint is None:
                return errors(404, "resource not found")
            if refused := self._refused(request, endpoint):
                return self._logged(endpoint, request, refused)
            granted, headers = self._quotas.take(request.headers["authorization"], endpoint)
            if not granted:
                answer = errors(429, "too many requests").with_headers(headers)
                return self._logged(endpoint, request, answer, refused=True)
            self._requests += 1
            answer = self._answer(request)
            struck = self._faults.strike(self._requests, answer)
            if struck is not None and struck.status == 429:  # it is busy; the quota has nothing to do with it
                headers = {**headers, "Retry-After": 1}
            sent = (struck or answer).with_headers(headers)
            return self._logged(endpoint, request, sent, fault=struck is not None)

    def handle_file(self, request: Request) -> Answer:
        """As `handle`, of a file of an export."""
        with self._lock:
            self._files += 1
            answer = self.exports.file(request)
            struck = self._faults.strike(self._files, answer, file=True) if answer.status == 200 else None
            return self._logged(FILES, request, struck or answer, fault=struck is not None)

    def counters(self) -> dict[str, Any]:
        """As `GET /_sandbox/counters`."""
        with self._lock:
            return self._counters.as_dict()

    def truth(self, name: str) -> list[dict[str, Any]]:
        """Every row of a table as the API would send it right now."""
        with self._lock:
            rows: list[dict[str, Any]] = orjson.loads(orjson.dumps(self.store.truth(name)))
            return rows

    def set_faults(self, rate: float) -> None:
        """From now on this share of the requests goes wrong."""
        with self._lock:
            self._faults.rate = rate

    def _control(self, name: str) -> Answer:
        kind, _, table = name.partition("/")
        if name == "counters":
            return json_answer(200, self._counters.as_dict())
        if kind == "truth" and table in TABLES:
            return json_answer(200, {"rows": self.store.truth(table)})
        return errors(404, "no such path in the sandbox")

    def _refused(self, request: Request, endpoint: str) -> Answer | None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not key or self._api_key not in (None, key):
            return errors(401, "authorization required")
        subuser = request.headers.get("on-behalf-of")
        if subuser is not None and not (subuser in self._subusers and _takes_subuser(endpoint)):
            return errors(403, "access forbidden")
        method = "POST" if request.path == EXPORTS else "GET"
        return None if request.method == method else errors(405, "method not allowed")

    def _answer(self, request: Request) -> Answer:
        try:
            if request.path == EXPORTS:
                return json_answer(202, self.exports.begin(request.body, self.store.contacts))
            if request.path.startswith(EXPORTS):
                return json_answer(200, self.exports.look(request.path.removeprefix(f"{EXPORTS}/")))
            url = f"http://{request.headers.get('host', 'api.sendgrid.com')}{request.path}"
            return json_answer(200, ROUTES[request.path].answer(request.query, self.store, url))
        except RefusedError as refusal:
            return errors(refusal.status, refusal.message, refusal.field)

    def _logged(
        self, endpoint: str, request: Request, answer: Answer, *, refused: bool = False, fault: bool = False
    ) -> Answer:
        status = answer.status if answer.cut_at is None else CUT
        self._counters.record(endpoint, request.query, status, refused=refused, fault=fault)
        return answer


def _endpoint(path: str) -> str | None:
    if path in ROUTES:
        return path
    return EXPORTS if path == EXPORTS or path.startswith(f"{EXPORTS}/") else None


def _takes_subuser(endpoint: str) -> bool:
    return endpoint in ROUTES and ROUTES[endpoint].on_behalf


@dataclass(frozen=True)
class _Application:
    handle: Callable[[Request], Answer]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP only, not {scope['type']}")
        answer = self.handle(await read_request(scope, receive))
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        await send_answer(answer, send)
