"""Messages come a thousand at most: spans are halved, and no row at a cut comes twice or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tidegate.connectors.sendgrid.auth import SendGridAuthManager
from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.routes import messages
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination import Ask, PageView
from tidegate.sandbox.asgi import Request
from tidegate.sandbox.sendgrid import SendGridSandbox

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
SECOND_MS = 1000
_SPAN = re.compile(r'BETWEEN TIMESTAMP "(.*?)" AND TIMESTAMP "(.*?)"')


def walked(held_ms: list[int], first: int, last: int, most: int) -> list[int]:
    """What the route brings of an API that holds messages at these milliseconds and gives `most` at once."""
    route, rows = messages(first, last, most), list[int]()
    step: Any = next(route)
    try:
        while True:
            assert isinstance(step, Ask)
            found = _SPAN.search(step.params["query"])
            assert found
            start, end = (round(datetime.fromisoformat(text).timestamp() * 1000) for text in found.groups())
            page = cast("PageView", _Page([at for at in held_ms if start <= at <= end][:most]))
            step = route.send(page)
            while step is page:
                rows += page.all_items
                step = next(route)
    except StopIteration:
        return rows


class _Page:
    def __init__(self, rows: list[int]) -> None:
        self.all_items = rows


@given(
    held_ms=st.lists(st.integers(0, 16 * SECOND_MS - 1), max_size=60).map(sorted),
    first=st.integers(0, 7),
    last=st.integers(7, 15),
    most=st.integers(3, 12),
)
def test_every_message_of_a_span_comes_once(held_ms: list[int], first: int, last: int, most: int) -> None:
    wanted = [at for at in held_ms if first * SECOND_MS <= at < (last + 1) * SECOND_MS]
    busiest = max(Counter(at // SECOND_MS for at in wanted).values(), default=0)
    assume(busiest < most)
    assert walked(held_ms, first, last, most) == wanted


def test_a_second_that_is_full_is_an_error_since_rows_may_be_missing() -> None:
    with pytest.raises(PaginationError, match=r"1970-01-01T00:00:03.000Z.* alone has 5 messages or more"):
        walked([3000, 3001, 3002, 3500, 3999], 0, 9, 5)


@contextmanager
def connected(sandbox: SendGridSandbox) -> Iterator[SendGridConnector]:
    """The connector on the stand-in, without a server between them."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        url = request.url
        asked = Request(request.method, url.path, url.query.decode(), dict(request.headers), request.content)
        answered = sandbox.handle(asked)
        return httpx2.Response(answered.status, content=answered.body)

    transport = httpx2.MockTransport(answer)
    auth = SendGridAuthManager("a-key-of-the-tests")
    with SyncHttpClient("https://sendgrid.example", auth_manager=auth, transport=transport) as client:
        yield SendGridConnector(client)


def test_crowds_at_the_cuts_come_once_each() -> None:
    """At either side of each second where the span is cut first, and of the span itself, stand hundreds."""
    sandbox = SendGridSandbox(rows=0, now=START, quota=100_000.0)
    start_s, length_s = int(START.timestamp()) - 4096, 1024
    wanted = Counter[str]()
    for at_s in (start_s, start_s + 256, start_s + 512, start_s + 768, start_s + length_s):
        for milliseconds in (-SECOND_MS, -1, 0, 999):
            for _ in range(150):
                row = sandbox.store.messages.add(at_s * SECOND_MS + milliseconds)
                inside = (
                    start_s * SECOND_MS <= at_s * SECOND_MS + milliseconds < (start_s + length_s) * SECOND_MS
                )
                wanted[row["msg_id"]] += inside
    with connected(sandbox) as sendgrid:
        start = datetime.fromtimestamp(start_s, UTC)
        rows = sendgrid.get_messages(start, start + timedelta(seconds=length_s)).json()
    assert Counter(row["msg_id"] for row in rows) == +wanted
    assert wanted.total() == 2400


def test_few_messages_cost_one_request() -> None:
    sandbox = SendGridSandbox(rows=999, now=START, days=5)
    with connected(sandbox) as sendgrid:
        assert len(sendgrid.get_messages(START - timedelta(days=6), START).json()) == 999
    assert sandbox.counters()["requests"] == 1
