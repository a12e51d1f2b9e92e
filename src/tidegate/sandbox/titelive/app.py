"""The two gates: the login's, and the API's, where token, quota, route and fault come in this order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
from tidegate.sandbox.counters import CUT, Counters
from tidegate.sandbox.titelive.catalogue import Base, Catalogue, Place, ean_of
from tidegate.sandbox.titelive.faults import Faults, overload
from tidegate.sandbox.titelive.login import Login
from tidegate.sandbox.titelive.query import RefusedError
from tidegate.sandbox.titelive.quota import LIMITS, Limits, Quota
from tidegate.sandbox.titelive.routes import answer_to, route_of
from tidegate.sandbox.titelive.wire import work_of

BASE_PATH = "/v1"
CONTROLS = "/_sandbox/"
LOGIN = "login"
_ROUTES = (LOGIN, "/ean", "/ean/{ean}", "/search")
_ZONE = ZoneInfo("Europe/Paris")


class TiteliveSandbox:
    """Two ASGI applications, `login` and `search`, that behave like Titelive's two origins.

    `rows` articles, about, belong to works of which one was modified in the `days` days up to `now` (in
    Paris); `crowd` more works were modified on the day in the middle. The same seed, rows, days and now give
    the same data. `quota` is a pace: 10 makes a rest of 15 seconds last 1.5. `faults` is a share of the
    requests to both. Tokens live `token_s` seconds of `monotonic`, which also times the quota.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        rows: int = 5000,
        quota: float = 1.0,
        faults: float = 0.0,
        slow_s: float = 1.0,
        password: str | None = None,
        now: datetime | None = None,
        days: int = 30,
        crowd: int = 0,
        token_s: float = 300.0,
        monotonic: Callable[[], float] = time.monotonic,
        limits: Limits = LIMITS,
    ) -> None:
        today = (now or datetime.now(UTC)).astimezone(_ZONE).date()
        self.catalogue = Catalogue(seed, max(1, rows * 2 // 5), days, today, crowd)
        self.quota = Quota(quota, monotonic, limits)
        self.tokens = Login(seed, monotonic, token_s, password)
        self._lock = threading.RLock()
        self.login, self.search = _Gate(self._login, self._lock), _Gate(self._search, self._lock)
        self._faults = Faults(seed, faults, slow_s)
        self._counters = Counters(_ROUTES)
        self._requests, self._strayed = 0, 0

    def counters(self) -> dict[str, Any]:
        """Requests by route and the log, as of every stand-in; `tokens` that were given, and `strayed`:
        requests with a credential that belongs to the other origin.
        """
        with self._lock:
            told = {"tokens": self.tokens.given, "strayed": self._strayed}
            return {**self._counters.as_dict(), **told}

    def reset_counters(self) -> None:
        with self._lock:
            self._counters.reset()

    def set_faults(self, rate: float) -> None:
        """From now on this share of the requests goes wrong."""
        with self._lock:
            self._faults.rate = rate

    def truth(self) -> dict[str, Any]:
        """Every article, with its work as it is sent, and the EANs of those that were deleted."""
        with self._lock:
            made, catalogue = [], self.catalogue
            for work in catalogue.numbers:
                sent, base = work_of(catalogue, work), catalogue.base(work)
                made += [
                    {"ean": ean_of(place), "base": base, "oeuvre": sent} for place in catalogue.places(work)
                ]
            return {"rows": made, "deleted": [ean_of(place) for place in catalogue.deleted()]}

    def touch(self, ean: str, days_ago: int = 0) -> None:
        """The article is modified today, or so many days ago."""
        with self._lock:
            self.catalogue.touch(self._place(ean), self.catalogue.today - timedelta(days=days_ago))

    def spoil(self, ean: str, name: str, value: object) -> None:
        """From now on a key of the article holds this value."""
        with self._lock:
            self.catalogue.spoilt.setdefault(self._place(ean), {})[name] = value

    def remove(self, ean: str) -> None:
        """The article is deleted."""
        with self._lock:
            self.catalogue.remove(self._place(ean))

    def found(self, base: Base, day: date) -> int:
        """How many works of a base have an article that was modified on the day."""
        return len(self.catalogue.found(base, day, day))

    def _place(self, ean: str) -> Place:
        place = self.catalogue.place_of(ean)
        if place is None:
            raise KeyError(f"there is no article {ean}")
        return place

    def _login(self, request: Request) -> Answer:
        self._strayed += "authorization" in request.headers
        answer = self.tokens.answer(request)
        return self._sent(LOGIN, request, answer)

    def _search(self, request: Request) -> Answer:
        if request.path.startswith(CONTROLS):
            return self._control(request)
        path = request.path.removeprefix(BASE_PATH) if request.path.startswith(BASE_PATH) else ""
        route = route_of(path)
        if route is None:
            return json_answer(404, {"error": "Not Found"})
        self._strayed += bool(request.body) or "password" in request.query
        if request.method != "GET":
            return json_answer(405, {"error": "Method Not Allowed"})
        if not self.tokens.holds(request.headers.get("authorization", "")):
            return self._logged(route, path, request, json_answer(401, {"error": "Unauthorized"}))
        if not self.quota.take():
            return self._logged(route, path, request, overload(), refused=True)
        try:
            body = answer_to(self.catalogue, path, request.query, self._requests)
            answer = json_answer(200, body)
        except RefusedError as refusal:
            answer = json_answer(refusal.status, {"error": refusal.message})
        return self._sent(route, request, answer, path)

    def _sent(self, route: str, request: Request, answer: Answer, path: str = "") -> Answer:
        self._requests += 1
        struck = self._faults.strike(self._requests, answer)
        return self._logged(route, path, request, struck or answer, fault=struck is not None)

    def _logged(
        self,
        route: str,
        path: str,
        request: Request,
        answer: Answer,
        *,
        refused: bool = False,
        fault: bool = False,
    ) -> Answer:
        status = answer.status if answer.cut_at is None else CUT
        query = f"path={path}&{request.query}" if route == "/ean/{ean}" else request.query
        self._counters.record(route, query, status, refused=refused, fault=fault)
        return answer

    def _control(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(CONTROLS):
            case "GET", "counters":
                return json_answer(200, self.counters())
            case "GET", "truth/products":
                return Answer(200, orjson.dumps(self.truth()))
            case "GET", "eans":
                truth = self.truth()
                eans = [*(row["ean"] for row in truth["rows"]), *truth["deleted"]]
                return Answer(200, "\n".join(eans).encode() + b"\n", b"text/plain")
            case _:
                return json_answer(404, {"error": "No such path in the sandbox"})


class _Gate:
    """One origin. `handle` decides under the sandbox's lock; what is slow is slow outside of it."""

    def __init__(self, handle: Callable[[Request], Answer], lock: threading.RLock) -> None:
        self._handle, self._lock = handle, lock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP only, not {scope['type']}")
        answer = self.handle(await read_request(scope, receive))
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        await send_answer(answer, send)

    def handle(self, request: Request) -> Answer:
        """The answer to one request, without a server around it. Nothing is sent and nothing sleeps."""
        with self._lock:
            return self._handle(request)
