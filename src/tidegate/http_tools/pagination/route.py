"""Routes with logic after the answer: a generator that asks for pages and looks at them before it goes on.

def bisect(start: int, end: int) -> Steps:
    page = yield Ask({"from": start, "to": end})
    if len(page.all_items) == 1000 and end - start > 1:     # full: rows may be missing
        yield from bisect(start, (start + end) // 2)
        yield from bisect((start + end) // 2, end)
    else:
        yield page                                          # a page of the listing

client.pages("GET", "/messages", reads=ApiMessage, items="messages", route=partial(bisect, 0, 86_400))
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import Form, PagePlan, PageRequest, PageView, Paginator

if TYPE_CHECKING:
    from tidegate.http_tools.polling import Until


@dataclass(frozen=True, slots=True)
class Ask:
    """A page that a route wants: what it adds to the call, as in `PageRequest`."""

    params: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    body: Mapping[str, Any] | None = None
    method: str | None = None
    until: Until | None = None
    form: Form = "json"
    accept: frozenset[int] = frozenset()
    repeatable: bool = False

    def request(self, index: int) -> PageRequest:
        return PageRequest(
            index,
            self.params,
            self.url,
            body=self.body,
            method=self.method,
            until=self.until,
            form=self.form,
            accept=self.accept,
            repeatable=self.repeatable,
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of the listing whose rows the route has found itself: under no key, in an object, or nowhere, as
    of a 404 that says that what was asked for is gone.

    The page log keeps the body as it came; the rows are made anew of it by whoever reads it again. They are
    plain JSON values, and stand in the place of those under the call's key `items`.
    """

    page: PageView
    rows: list[Any]


@dataclass(frozen=True, slots=True)
class Odd:
    """Something that speaks against it that every row came, and does not stop the walk: a warning of the run,
    which then takes no row for one that has vanished.
    """

    what: str


Steps: TypeAlias = Generator["Ask | PageView | Rows | Odd", PageView, None]
"""A route under way: `page = yield Ask(...)` fetches, `yield page` (or `yield Rows(page, [...])`) makes that
page one of the listing, `yield Odd("...")` warns."""


@dataclass(frozen=True)
class RoutePaginator(Paginator):
    """Walks as the generator that `steps()` gives says, one page at a time.

    `page = yield Ask(...)` fetches a page, under the policy as any other; `yield page`, at the latest before
    the next `Ask`, makes it one of the listing; `yield Rows(page, rows)` too, with rows of the route's own.
    A page that is not yielded back (a 404 that means "ask one by one", a window that came back full) only
    shows the way; it stands in the page log all the same. Which pages are asked for must depend on the pages
    alone: a resumed run walks the same way on logged ones.
    """

    steps: Callable[[], Steps]
    keep: frozenset[str] = frozenset()

    @property
    def headers(self) -> frozenset[str]:
        return self.keep

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002 - what comes next is known only with the page
        return _RoutePlan(self.steps())

    def describe(self) -> dict[str, Any]:
        steps, arguments = self.steps, dict[str, Any]()
        while isinstance(steps, partial):
            given = {str(at): value for at, value in enumerate(steps.args)}
            arguments = {**given, **steps.keywords, **arguments}
            steps = steps.func
        return {"kind": "RoutePaginator", "steps": getattr(steps, "__qualname__", ""), "arguments": arguments}


class _RoutePlan(PagePlan):
    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._index = 0
        self._kept: PageView | None = None
        self._rows: list[Any] | None = None
        self._odd: list[str] = []
        self._request = self._advance(None)

    def take(self) -> PageRequest | None:
        request, self._request = self._request, None
        return request

    def saw(self, page: PageView) -> None:
        self._kept = self._rows = None
        self._request = self._advance(page)

    def keeps(self, page: PageView) -> bool:
        return self._kept is page

    def rows(self, page: PageView) -> list[Any] | None:
        return self._rows if self._kept is page else None

    def warnings(self) -> list[str]:
        return list(self._odd)

    def _advance(self, page: PageView | None) -> PageRequest | None:
        try:
            step = next(self._steps) if page is None else self._steps.send(page)
            while not isinstance(step, Ask):
                if isinstance(step, Odd):
                    self._odd.append(step.what)
                else:
                    self._keep(step, page)
                step = next(self._steps)
        except StopIteration:
            return None
        request = step.request(self._index)
        self._index += 1
        return request

    def _keep(self, step: PageView | Rows, page: PageView | None) -> None:
        yielded, rows = (step.page, step.rows) if isinstance(step, Rows) else (step, None)
        if yielded is not page or self._kept is page:
            raise PaginationError("a route yields an Ask, or, once, the page that it was given last")
        self._kept, self._rows = page, rows
