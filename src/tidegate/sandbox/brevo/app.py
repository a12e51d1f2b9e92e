"""The gate that every request passes: key, quota, churn, route, drift, fault, log, in this order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

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
from tidegate.sandbox.brevo import controls
from tidegate.sandbox.brevo.churn import Churn
from tidegate.sandbox.brevo.clock import AccountClock
from tidegate.sandbox.brevo.drift import Drift
from tidegate.sandbox.brevo.faults import Faults, too_many
from tidegate.sandbox.brevo.params import RefusedError
from tidegate.sandbox.brevo.quotas import LIMITS, Limits, Quotas
from tidegate.sandbox.brevo.routes import ROUTES, Route
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.truth import truth_json
from tidegate.sandbox.counters import CUT, Counters

BASE_PATH = "/v3"


class BrevoSandbox:
    """An ASGI application that behaves like Brevo's API; the base url is the origin and `/v3`.

    `rows` events lie in the `days` account-local days up to `now`; contacts, campaigns and templates are
    fewer in proportion. The same seed, rows, days and now give the same data. `quota` is a pace: 600 makes
    an hour last six seconds. `faults` and `churn` are shares of the data requests, `drift` are changes of the
    rows as `drift.Change` reads them. The clock runs on from `now` with `monotonic`, which also times the
    quotas. `limits` are the vendor's unless a test wants others.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        rows: int = 5000,
        quota: float = 1.0,
        faults: float = 0.0,
        churn: float = 0.0,
        drift: Iterable[str] = (),
        slow_s: float = 1.0,
        api_key: str | None = None,
        now: datetime | None = None,
        days: int = 30,
        monotonic: Callable[[], float] = time.monotonic,
        limits: Limits = LIMITS,
    ) -> None:
        self.quotas = Quotas(quota, monotonic, limits)
        self.store = Store(seed, rows, days, AccountClock(now or datetime.now(UTC), monotonic))
        self._faults = Faults(seed, faults, slow_s)
        self._churn = Churn(seed, churn)
        self._drift = Drift(drift)
        self._counters = Counters(ROUTES)
        self._api_key = api_key
        self._requests = 0
        self._lock = threading.RLock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP only, not {scope['type']}")
        answer = self.handle(await read_request(scope, receive))
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        await send_answer(answer, send)

    def handle(self, request: Request) -> Answer:
        """The answer to one request, without a server around it. Nothing is sent and nothing sleeps."""
        try:
            if request.path.startswith(controls.PREFIX):
                return controls.control(self, request)
            endpoint = request.path.removeprefix(BASE_PATH) if request.path.startswith(BASE_PATH) else ""
            route = _find(endpoint, request.method)
        except RefusedError as refusal:
            return _refusal(refusal)
        with self._lock:
            return self._data(endpoint, route, request)

    def prepare(self) -> None:
        """Make all data now, which takes seconds for a million rows, and not in the first requests."""
        with self._lock:
            self.store.events.prepare()
            _ = self.store.contacts, self.store.campaigns

    def counters(self) -> dict[str, Any]:
        """As `GET /_sandbox/counters`."""
        with self._lock:
            return self._counters.as_dict()

    def reset_counters(self) -> None:
        """Forget counts and log; faults and churn go on where they were."""
        with self._lock:
            self._counters.reset()

    def truth(self, name: str) -> dict[str, Any]:
        """As `GET /_sandbox/truth/{name}`: what a task of the workflow is called."""
        loaded: dict[str, Any] = orjson.loads(self.truth_json(name))
        return loaded

    def truth_json(self, name: str) -> bytes:
        """The same as bytes."""
        with self._lock:
            return self._drift.body(name, "rows", truth_json(self.store, name))

    def set_faults(self, rate: float) -> None:
        """From now on this share of the data requests goes wrong."""
        with self._lock:
            self._faults.rate = rate

    def set_churn(self, rate: float) -> None:
        """From now on something changes before this share of the data requests."""
        with self._lock:
            self._churn.rate = rate

    def set_drift(self, specs: Iterable[str]) -> None:
        """From now on the rows have these changes and no others."""
        with self._lock:
            self._drift.set(specs)

    def mutate(self, steps: int) -> dict[str, int]:
        """So many changes at once; returns how many of which kind."""
        with self._lock:
            return self._churn.run(self.store, steps)

    def _data(self, endpoint: str, route: Route, request: Request) -> Answer:
        key = request.headers.get("api-key", "")
        if not key or self._api_key not in (None, key):
            return self._logged(endpoint, request, _refusal(_UNKNOWN_KEY))
        grant = self.quotas.take(key, route.bucket)
        if not grant.granted:
            refused = too_many("Rate limit exceeded").with_headers(grant.headers())
            return self._logged(endpoint, request, refused, refused=True)
        self._requests += 1
        self._churn.maybe(self.store, self._requests)
        answer = _route_answer(route, request.query, self.store)
        if answer.status == 200:
            answer = replace(answer, body=self._drift.body(route.table, route.items, answer.body))
        struck = self._faults.strike(self._requests, answer)
        headers = dict(grant.headers())
        if struck is not None and struck.status == 429:
            headers["x-sib-ratelimit-reset"] = 1  # the platform is busy; the quota has nothing to do with it
        sent = (struck or answer).with_headers(headers)
        return self._logged(endpoint, request, sent, fault=struck is not None)

    def _logged(
        self, endpoint: str, request: Request, answer: Answer, *, refused: bool = False, fault: bool = False
    ) -> Answer:
        status = answer.status if answer.cut_at is None else CUT
        self._counters.record(endpoint, request.query, status, refused=refused, fault=fault)
        return answer


_UNKNOWN_KEY = RefusedError("unauthorized", "Key not found", status=401)


def _find(endpoint: str, method: str) -> Route:
    route = ROUTES.get(endpoint)
    if route is None:
        raise RefusedError("document_not_found", "Invalid route", status=404)
    if method != "GET":
        raise RefusedError("method_not_allowed", f"{method} Method is not allowed on this path", status=405)
    return route


def _route_answer(route: Route, query: str, store: Store) -> Answer:
    try:
        return Answer(200, route.answer(query, store))
    except RefusedError as refusal:
        return _refusal(refusal)


def _refusal(refusal: RefusedError) -> Answer:
    return json_answer(refusal.status, {"code": refusal.code, "message": refusal.message})
