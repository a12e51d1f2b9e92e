"""Walks: the pages of a call in order, fetched ahead in parallel as far as the plan and the quota allow."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.events import Event, Waiting
from tidegate.http_tools.logs import logger
from tidegate.http_tools.pages import Page
from tidegate.http_tools.pagination import PagePlan, PageRequest
from tidegate.http_tools.policy import Terms

if TYPE_CHECKING:
    from tidegate.http_tools.calls import Call

R = TypeVar("R", bound=BaseModel)

Fetch = Callable[[PageRequest, Terms, Stop], Page[R]]


def walk(
    call: Call[R],
    fetch: Fetch[R],
    *,
    plan: PagePlan | None = None,
    stop: Stop | None = None,
) -> Generator[Page[R], None, None]:
    """The pages of a call in order; `fetch` brings each one (from the network or from a page log).

    Up to `client.width` pages are under way at once, on threads of their own. Closing the iterator cuts
    what is under way. Who gives a `plan` asks it for its warnings; else they are logged.
    """
    client = call.client
    told_of = plan is not None  # by who made it
    plan, seen = plan or call.paginator.plan(client.width), 0
    plan.expect(client.lengths.get(call.reads, 0))
    stop = Stop(stop or client.stop)
    gate = _Gate(call.terms)
    queue: deque[tuple[PageRequest, Future[Page[R]]]] = deque()
    with ThreadPoolExecutor(client.width, thread_name_prefix="tidegate-fetch") as pool:
        try:
            while True:
                while len(queue) < client.width and (not queue or gate.open) and (request := plan.take()):
                    run = copy_context().run  # a span of the caller's is the parent of its fetches
                    queue.append((request, pool.submit(run, fetch, request, gate.terms(request.index), stop)))
                if not queue:
                    client.lengths[call.reads] = seen
                    if not told_of:
                        _warn(call, plan)
                    return
                page = stop.wait_for(queue.popleft()[1])
                call.saw(plan, page)
                seen += 1
                if plan.keeps(page):
                    yield page.holding(plan.rows(page))
                while queue and plan.beyond(queue[-1][0].index):
                    queue.pop()[1].cancel()
        finally:
            stop.set()
            for _, future in queue:
                future.cancel()


async def walk_async(call: Call[R], *, plan: PagePlan | None = None) -> AsyncGenerator[Page[R], None]:
    """As `walk`, on the running event loop, from the network.

    Closing the iterator cancels what is under way, and waits until that is done.
    """
    client, told_of, seen = call.client, plan is not None, 0
    plan, gate = plan or call.paginator.plan(client.width), _Gate(call.terms)
    plan.expect(client.lengths.get(call.reads, 0))
    queue: deque[tuple[PageRequest, asyncio.Task[Page[R]]]] = deque()
    behind: list[asyncio.Task[Page[R]]] = []  # past the end: cancelled, their outcome is no one's business
    try:
        while True:
            while len(queue) < client.width and (not queue or gate.open) and (request := plan.take()):
                fetch = call.fetch_async(request, gate.terms(request.index))
                queue.append((request, asyncio.ensure_future(fetch)))
            if not queue:
                client.lengths[call.reads] = seen
                if not told_of:
                    _warn(call, plan)
                return
            page = await queue.popleft()[1]
            call.saw(plan, page)
            seen += 1
            if plan.keeps(page):
                yield page.holding(plan.rows(page))
            while queue and plan.beyond(queue[-1][0].index):
                behind.append(queue.pop()[1])
                behind[-1].cancel()
    finally:
        behind += (task for _, task in queue)
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)


def _warn(call: Call[R], plan: PagePlan) -> None:
    """Log what was odd about a listing that came to its end, such as a total that changed under way."""
    for warning in plan.warnings():
        endpoint = call.client.policy.redact(call.endpoint)
        logger.warning(
            "%s: %s", endpoint, warning, extra={"event": "listing_odd", "endpoint": endpoint, "odd": warning}
        )


class _Gate:
    """Closed while a page of this walk waits for quota: pages further ahead would only wait behind it."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._lock = threading.Lock()
        self._waiting: set[int] = set()

    @property
    def open(self) -> bool:
        return not self._waiting

    def terms(self, index: int) -> Terms:
        def listen(event: Event) -> None:
            with self._lock:
                if isinstance(event, Waiting):
                    self._waiting.add(index)
                else:
                    self._waiting.discard(index)
            self._terms.listener(event)

        return replace(self._terms, listener=listen)
