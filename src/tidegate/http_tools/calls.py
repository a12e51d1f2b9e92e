"""`Call`: a value that says what to ask and how to read it, and sends nothing until it is iterated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx2
from pydantic import BaseModel

from tidegate.contracts.reading import RowsReader
from tidegate.http_tools import origins
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import HttpClientError, ListingMovedError, PaginationError
from tidegate.http_tools.lines import array_of_lines
from tidegate.http_tools.pages import Page
from tidegate.http_tools.pagination import PagePlan, PageRequest, Paginator
from tidegate.http_tools.policy import DEFAULT_TERMS, Terms
from tidegate.http_tools.walks import walk, walk_async
from tidegate.utils.redact import MASK

if TYPE_CHECKING:
    from tidegate.http_tools.clients import HttpClient
    from tidegate.http_tools.polling import Until

__all__ = ["STARTS", "Call", "Page", "walk", "walk_async"]

R = TypeVar("R", bound=BaseModel)

# A listing that moves is begun this many times before it is given up.
STARTS = 3


@dataclass(frozen=True)
class Call(Generic[R]):
    """What a connector method gives. `for page in call`, `async for page in call`, `call.send()` and
    `await call` (one raw response), `call.json()` (the rows of all pages), or the engine, run it.

    To run it raises what `request` of the client raises, with `page` set, and `PaginationError` or
    `ListingMovedError` where the pages do not make one listing; to read a page raises `ContractError`.
    What the fields mean is said at `HttpClient.pages`.
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
    numbered: bool = False
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
        """Plain values that identify what is asked, for fingerprints: of what may be secret a digest only."""
        auth = self.client.policy.auth
        told = {
            "account": auth.identity() if auth is not None else None,
            "method": self.method,
            "url": self.client.full_url(self.url),
            "headers": self.client.header_digest(self.headers),
            "params": self.client.encode_params(self.params),
            "body": self.body,
            "items": self.items,
            "empty_object_ends": self.empty_object_ends,
            "accept": sorted(self.terms.accept),
            "paginator": self.paginator.describe(),
        }
        return {**told, "numbered": True} if self.numbered else told

    def first(self) -> PageRequest:
        request = self.paginator.plan(1).take()
        if request is None:
            raise ValueError(f"{self.endpoint}: the paginator has no first page")
        return request

    def flow(self, request: PageRequest, terms: Terms | None = None) -> Flow[httpx2.Response]:
        """The exchange that fetches one page, for a driver."""
        terms = self.terms if terms is None else terms
        if request.accept:
            terms = replace(terms, accept=terms.accept | request.accept)
        url = self.url if request.url is None else str(self.target(request))
        params = {**self.params, **request.params} if request.url is None else None
        if request.until is not None:
            return self._polled(url, params, request.until, terms)
        return self.client.flow(
            request.method or self.method,
            url,
            params=params,
            json=self.body if request.body is None else {**(self.body or {}), **request.body},
            headers=self.headers,
            terms=terms,
            bare=request.url is not None and not self._trusts(request),
            unzipped=request.form == "json_lines",
            repeatable=request.repeatable,
        )

    def _polled(
        self, url: str, params: Mapping[str, Any] | None, until: Until, terms: Terms
    ) -> Flow[httpx2.Response]:
        yield from Sleep(until.pace.first_s)
        ready = yield from self.client.poll_flow(
            url, signs=until.signs, pace=until.pace, params=params, headers=self.headers, terms=terms
        )
        return ready.response

    def target(self, request: PageRequest) -> httpx2.URL:
        """The address of a page, without the credential: not even one that the API wrote into a link."""
        base = self.client.resolve(self.url)
        if request.url is None:
            return self.client.with_params(base, {**self.params, **request.params})
        try:
            url = base.join(request.url).copy_with(userinfo=b"")
        except (httpx2.InvalidURL, ValueError) as error:
            raise PaginationError(f"the address of page {request.index} is malformed") from error
        asked = url.params.multi_items()
        kept = [(name, value) for name, value in asked if MASK not in self._scrubbed(f"&{name}={value}")]
        return url if len(kept) == len(asked) else url.copy_with(params=kept)

    def _trusts(self, request: PageRequest) -> bool:
        """Whether the caller's headers may go to the page's address. The policy sees to it for a client that
        has a base URL; for one without, the origin that the call names is the one that they were meant for.
        """
        policy = self.client.policy
        home = policy.home or self.client.resolve(self.url)
        return origins.check_target(self.target(request), home, policy.allowed_origins)

    def page(self, request: PageRequest, response: httpx2.Response) -> Page[R]:
        looked_at = self.paginator.headers & response.headers.keys()
        headers = {name: self._scrubbed(response.headers[name]) for name in looked_at}
        target = self.client.resolve(self.url) if request.url is None else self.target(request)
        asked, answered = origins.public(target), origins.public(response.request.url)
        moved = None if asked == answered else answered
        auth = self.client.policy.auth
        body = response.content if auth is None else auth.scrubbed(response.content)
        if request.form == "json_lines" and response.is_success:
            body = array_of_lines(body)
        return Page(self, request, body, response.status_code, headers, moved)

    def _scrubbed(self, text: str) -> str:
        auth = self.client.policy.auth
        return text if auth is None else auth.scrubbed(text.encode()).decode()

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
        """The raw response to the first page's request. Blocks, on either client; `await call` does not."""
        return self.client.drive(self.flow(self.first()))

    def __await__(self) -> Generator[Any, Any, httpx2.Response]:
        return self.client.drive_async(self.flow(self.first())).__await__()

    def json(self) -> list[Any]:
        """The rows of every page as decoded JSON. A listing that moves is begun three times at most.

        Blocks, on either client.
        """
        for start in range(STARTS):
            try:
                return [row for page in self for row in page.items]
            except ListingMovedError:
                if start == STARTS - 1:
                    raise
        raise AssertionError("unreachable")

    def __iter__(self) -> Generator[Page[R], None, None]:
        return walk(self, self.fetch)

    def __aiter__(self) -> AsyncGenerator[Page[R], None]:
        return walk_async(self)
