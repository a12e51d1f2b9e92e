"""`Call`: a value that says what to ask and how to read it, and sends nothing until it is iterated.

Pages come in order, fetched ahead in parallel as far as the walk and the quota allow.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx2
import orjson
from pydantic import BaseModel, ValidationError

from tidegate.contracts.reading import RowsReader
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.events import Event, Waiting
from tidegate.http_tools.exceptions import ContractError, HttpClientError, ListingMovedError, PaginationError
from tidegate.http_tools.pagination import PagePlan, PageRequest, Paginator
from tidegate.http_tools.policy import DEFAULT_TERMS, Terms

if TYPE_CHECKING:
    from tidegate.http_tools.clients import HttpClient

R = TypeVar("R", bound=BaseModel)

# Of a body that is no JSON: far more than is shown, so that no secret is cut in two.
_LOOKED_AT = 1 << 20
# A listing that moves is read anew this many times before it is given up.
STARTS = 3


@dataclass(frozen=True)
class Page(Generic[R]):
    """One answer that a route takes as data: its bytes, and how they are read."""

    call: Call[R]
    request: PageRequest
    body: bytes = field(repr=False)
    status_code: int = 200

    @cached_property
    def doc(self) -> Any:
        """The decoded body. Raises `ContractError` where it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            start = self.call.client.policy.redact.beginning(
                self.body[:_LOOKED_AT].decode("utf-8", "replace"), 60
            )
            raise self.error(f"the body is not JSON ({error}); it begins {start!r}") from error

    @property
    def ends_listing(self) -> bool:
        """Whether this is the `{}` with which some routes say that there is nothing (more)."""
        return self.call.empty_object_ends and self.doc == {}

    @cached_property
    def all_items(self) -> list[Any]:
        """The rows as decoded JSON, seam included. A missing envelope key is a `ContractError`."""
        if self.ends_listing:
            return []
        name, rows = self.call.items, self.doc
        if name is not None:
            if not isinstance(rows, dict) or name not in rows:
                raise self.error(f"the key {name!r} is missing from the body: {_shape(rows)}")
            rows = rows[name]
        if not isinstance(rows, list):
            where = f"the key {name!r}" if name else "the body"
            raise self.error(f"{where} holds {_shape(rows)}, not a list")
        return rows

    @property
    def items(self) -> list[Any]:
        """The rows as decoded JSON, each row of the listing once."""
        return self.all_items[self.request.seam :]

    def parse(self) -> list[R]:
        """The rows as read models, each once. Raises `ContractError` that names row and field."""
        if not self.items:
            return []
        try:
            models, problems = self.call.reader.read(self.body, self.request.seam)
        except ValidationError as error:  # the envelope is sound, so this is JSON that only one parser takes
            raise self.error(f"the body cannot be read: {error.errors()[0]['msg']}") from error
        if problems:
            raise self.error(f"{problems[0]}{f' and {len(problems) - 1} more' if len(problems) > 1 else ''}")
        return models

    def error(self, what: str) -> ContractError:
        told = self.call.client.policy.redact(what)
        problem = ContractError(f"{self.call.endpoint} page {self.request.index}: {told}")
        problem.page = self.request.index
        return problem


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(list(map(str, value))[:8]) or '(none)'}"
    return {list: "a list", str: "a string", type(None): "null"}.get(type(value), f"a {type(value).__name__}")


@dataclass(frozen=True)
class Call(Generic[R]):
    """What a connector method gives. `for page in call`, `async for page in call`, `call.send()` and
    `await call` (one raw response), `call.json()` (the rows of all pages), or the engine, run it.
    """

    client: HttpClient
    method: str
    url: str
    reads: type[R]
    paginator: Paginator
    items: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    empty_object_ends: bool = False
    terms: Terms = DEFAULT_TERMS

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.url}"

    @cached_property
    def reader(self) -> RowsReader[R]:
        return RowsReader(self.reads, self.items)

    def under(self, terms: Terms) -> Call[R]:
        """The same call under other terms (who listens, how long it may wait)."""
        return replace(self, terms=terms)

    def describe(self) -> dict[str, Any]:
        """Plain values that identify what is asked, for fingerprints: of the credential its digest only."""
        auth = self.client.policy.auth
        return {
            "account": auth.identity() if auth is not None else None,
            "method": self.method,
            "url": self.client.display_url(self.url),
            "params": self.client.encode_params(self.params),
            "body": self.body,
            "items": self.items,
            "paginator": self.paginator.describe(),
        }

    def first(self) -> PageRequest:
        request = self.paginator.plan(1).take()
        if request is None:
            raise ValueError(f"{self.endpoint}: the paginator has no first page")
        return request

    def flow(self, request: PageRequest, terms: Terms | None = None) -> Flow[httpx2.Response]:
        """The exchange that fetches one page, for a driver."""
        return self.client.flow(
            self.method,
            request.url or self.url,
            params=None if request.url else {**self.params, **request.params},
            json=self.body,
            headers=self.headers,
            terms=self.terms if terms is None else terms,
        )

    def page(self, request: PageRequest, response: httpx2.Response) -> Page[R]:
        return Page(self, request, response.content, response.status_code)

    def fetch(self, request: PageRequest, terms: Terms | None = None, stop: Stop | None = None) -> Page[R]:
        """One page, fetched on this thread."""
        try:
            return self.page(request, self.client.drive(self.flow(request, terms), stop))
        except HttpClientError as error:
            error.page = request.index
            raise

    async def fetch_async(self, request: PageRequest, terms: Terms | None = None) -> Page[R]:
        """One page, fetched on this event loop."""
        try:
            return self.page(request, await self.client.drive_async(self.flow(request, terms)))
        except HttpClientError as error:
            error.page = request.index
            raise

    def saw(self, plan: PagePlan, page: Page[R]) -> None:
        """Tell the walk of a page; an error of its says which listing and page it is about."""
        try:
            plan.saw(page)
        except PaginationError as error:
            error.args = (f"{self.endpoint}: {error}",)
            error.page = page.request.index
            raise

    def send(self) -> httpx2.Response:
        """The raw response to the first page's request."""
        return self.client.drive(self.flow(self.first()))

    def __await__(self) -> Generator[Any, Any, httpx2.Response]:
        return self.client.drive_async(self.flow(self.first())).__await__()

    def json(self) -> list[Any]:
        """The rows of every page as decoded JSON. A listing that moves is read anew, three times at most."""
        for start in range(STARTS):
            try:
                return [row for page in self for row in page.items]
            except ListingMovedError:
                if start == STARTS - 1:
                    raise
        raise AssertionError("unreachable")

    def __iter__(self) -> Generator[Page[R], None, None]:
        return walk(self, self.fetch)

    async def __aiter__(self) -> AsyncGenerator[Page[R], None]:
        plan, gate, width = self.paginator.plan(self.client.width), _Gate(self.terms), self.client.width
        queue: deque[tuple[PageRequest, asyncio.Task[Page[R]]]] = deque()
        behind: list[
            asyncio.Task[Page[R]]
        ] = []  # past the end: cancelled, their outcome is no one's business
        try:
            while True:
                while len(queue) < width and (not queue or gate.open) and (request := plan.take()):
                    fetch = self.fetch_async(request, gate.terms(request.index))
                    queue.append((request, asyncio.ensure_future(fetch)))
                if not queue:
                    return
                page = await queue.popleft()[1]
                self.saw(plan, page)
                yield page
                while queue and plan.beyond(queue[-1][0].index):
                    behind.append(queue.pop()[1])
                    behind[-1].cancel()
        finally:
            behind += (task for _, task in queue)
            for task in behind:
                task.cancel()
            await asyncio.gather(*behind, return_exceptions=True)


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
    what is under way.
    """
    client = call.client
    plan = plan or call.paginator.plan(client.width)
    stop = Stop(stop or client.stop)
    gate = _Gate(call.terms)
    queue: deque[tuple[PageRequest, Future[Page[R]]]] = deque()
    with ThreadPoolExecutor(client.width, thread_name_prefix="tidegate-fetch") as pool:
        try:
            while True:
                while len(queue) < client.width and (not queue or gate.open) and (request := plan.take()):
                    queue.append((request, pool.submit(fetch, request, gate.terms(request.index), stop)))
                if not queue:
                    return
                page = stop.wait_for(queue.popleft()[1])
                call.saw(plan, page)
                yield page
                while queue and plan.beyond(queue[-1][0].index):
                    queue.pop()[1].cancel()
        finally:
            stop.set()
            for _, future in queue:
                future.cancel()


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
