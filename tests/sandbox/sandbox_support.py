"""A running Brevo sandbox and a client for it, in one `with`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

NOW = datetime(2026, 4, 15, 13, 37, 11, 250_000, tzinfo=UTC)
EVENTS = "/smtp/statistics/events"


@dataclass(frozen=True)
class Api:
    """`get` and `json` go to the API under /v3 with a key; `client` goes to the origin without one."""

    sandbox: BrevoSandbox
    client: httpx2.Client

    def get(self, path: str, /, **params: object) -> httpx2.Response:
        return self.client.get(f"/v3{path}", params=params, headers={"api-key": "k"})  # type: ignore[arg-type]  # ints and lists are fine

    def json(self, path: str, /, **params: object) -> dict[str, Any]:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def events(self, **params: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json(EVENTS, **params).get("events", [])
        return rows

    def error(self, path: str, /, **params: object) -> tuple[int, str]:
        response = self.get(path, **params)
        return response.status_code, response.json()["code"]


@contextmanager
def brevo(**settings: Any) -> Iterator[Api]:
    sandbox = BrevoSandbox(**{"rows": 600, "now": NOW, "quota": 100_000.0, **settings})
    with running(sandbox) as origin, httpx2.Client(base_url=origin) as client:
        yield Api(sandbox, client)


class HandClock:
    """A monotonic clock that moves when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s
