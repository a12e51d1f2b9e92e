"""Pages of events in hand, and the builds that make rows of them: what the stage benches measure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
from pydantic import SecretStr

from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.schemas import ApiEvent
from tidegate.contracts.windows import Window
from tidegate.engine.context import Context
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.calls import Call, Page
from tidegate.http_tools.pagination import PageRequest
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.workflows.brevo.tasks import events

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(NOW, NOW)
CONTEXT = Context(NOW, WINDOW)
PAGE_ROWS = 5000


def events_call() -> Call[ApiEvent]:
    """Its connector is never asked for anything."""
    settings = BrevoSettings(api_key=SecretStr("bench"), base_url="http://127.0.0.1:1/v3", _env_file=None)
    return events.call(BrevoFactory.create_connector(settings), WINDOW)


def bodies(rows: int) -> Iterator[bytes]:
    """Pages as the sandbox sends them."""
    held = BrevoSandbox(rows=rows, now=NOW, days=max(1, rows // 33_000)).truth("events")["rows"]
    for start in range(0, len(held), PAGE_ROWS):
        yield orjson.dumps({"events": held[start : start + PAGE_ROWS]})


def page(call: Call[ApiEvent], index: int, body: bytes) -> Page[ApiEvent]:
    return Page(call, PageRequest(index, {}), body, 200)
