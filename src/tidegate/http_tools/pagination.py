"""Paginators: how a listing is walked, without I/O.

A paginator is a frozen description; its `plan(width)` is the state of one walk. The walk is asked which page
may be fetched now (`take`), and is told of every page in order (`saw`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tidegate.http_tools.exceptions import ListingMovedError, PaginationError


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to fetch: its position, from 0, and what it adds to the call.

    `seam` is how many of its first rows repeat the end of the page before.
    """

    index: int
    params: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    seam: int = 0


class PageView(Protocol):
    """What a walk looks at of a page: the decoded body, and its rows with the seam still there."""

    @property
    def request(self) -> PageRequest: ...
    @property
    def doc(self) -> Any: ...
    @property
    def all_items(self) -> list[Any]: ...


class PagePlan(ABC):
    """The state of one walk. Used from one thread at a time."""

    @abstractmethod
    def take(self) -> PageRequest | None:
        """The next page that may be fetched now; None while nothing more is known to be worth asking for."""

    @abstractmethod
    def saw(self, page: PageView) -> None:
        """Told of each page, in order. Raises `PaginationError` where the listing makes no sense."""

    def beyond(self, index: int) -> bool:  # noqa: ARG002 - most listings never prefetch
        """Whether the page at `index` is now known to lie behind the end."""
        return False

    def warnings(self) -> list[str]:
        """What was odd and did not stop the walk."""
        return []


class Paginator(ABC):
    @abstractmethod
    def plan(self, width: int) -> PagePlan:
        """Begin a walk that keeps at most `width` pages in flight."""

    def describe(self) -> dict[str, Any]:
        """Plain values that say how the listing is walked, for fingerprints."""
        return {"kind": type(self).__name__, **vars(self)}


@dataclass(frozen=True)
class SinglePage(Paginator):
    """One request is the whole listing."""

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002
        return _SinglePlan()


class _SinglePlan(PagePlan):
    def __init__(self) -> None:
        self._request: PageRequest | None = PageRequest(0)

    def take(self) -> PageRequest | None:
        request, self._request = self._request, None
        return request

    def saw(self, page: PageView) -> None:
        pass


@dataclass(frozen=True)
class OffsetPaginator(Paginator):
    """`limit` and `offset`, pages in parallel.

    Neighbouring pages share a seam of `overlap` rows. Where the rows there differ, the listing has moved
    under way (rows vanished or were put in before) and `ListingMovedError` is raised: plain offsets would
    double or lose rows in silence. Rows are compared by `identity` (a key of the row), or whole without it.

    `total` is the key of the body that holds the number of rows. Without a total the walk starts slowly
    (1, 2, 4 ... pages ahead), so that a short listing costs one request. A page shorter than `limit` ends
    the walk in any case.
    """

    limit: int
    overlap: int = 2
    identity: str | None = None
    total: str | None = None
    limit_param: str = "limit"
    offset_param: str = "offset"

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.limit:
            raise ValueError("an offset listing needs 0 <= overlap < limit")

    def plan(self, width: int) -> PagePlan:
        return _OffsetPlan(self, width)


class _OffsetPlan(PagePlan):
    def __init__(self, how: OffsetPaginator, width: int) -> None:
        self._how, self._width = how, width
        self._step = how.limit - how.overlap
        self._next = 0
        self._seen = 0
        self._ahead = 1
        self._end: int | None = None  # the number of pages, once it is known
        self._last: list[Any] = []
        self._rows = 0
        self._total: float | None = None

    def take(self) -> PageRequest | None:
        limit = self._seen + self._ahead if self._end is None else min(self._end, self._seen + self._width)
        if self._next >= limit:
            return None
        index, how = self._next, self._how
        self._next += 1
        params = {how.limit_param: how.limit, how.offset_param: index * self._step}
        return PageRequest(index, params, seam=how.overlap if index else 0)

    def saw(self, page: PageView) -> None:
        items = page.all_items
        self._check_seam(page.request.index, items)
        self._seen += 1
        self._rows += len(items) - (self._how.overlap if page.request.index else 0)
        self._ahead = min(self._width, self._ahead * 2)
        self._total = self._read_total(page)
        self._last = items
        if len(items) < self._how.limit:
            self._end = self._seen
        elif self._total is None or self._total < self._rows:
            self._end = None  # a total that is too low already says nothing of the end
        else:
            pages = -(-(int(self._total) - self._how.overlap) // self._step)
            self._end = max(self._seen, pages)

    def _check_seam(self, index: int, items: list[Any]) -> None:
        if len(items) > self._how.limit:
            raise PaginationError(
                f"asked for {self._how.limit} rows, the page has {len(items)}: the API ignores the limit"
            )
        if index and self._identities(items[: self._how.overlap]) != self._identities(
            self._last[self._step :]
        ):
            raise ListingMovedError(
                f"the listing moved while it was read: page {index} does not join page {index - 1}"
            )
        if items and not self._how.overlap and items == self._last:  # with a seam this would not join
            raise PaginationError(f"page {index} repeats page {index - 1}: the API ignores the offset")

    def _identities(self, rows: list[Any]) -> list[Any]:
        name = self._how.identity
        if name is None:
            return rows
        return [row.get(name, row) if isinstance(row, dict) else row for row in rows]

    def _read_total(self, page: PageView) -> float | None:
        name = self._how.total
        value = page.doc.get(name) if name is not None and isinstance(page.doc, dict) else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def beyond(self, index: int) -> bool:
        return self._end is not None and index >= self._end

    def warnings(self) -> list[str]:
        if self._total is None or self._end != self._seen or self._total == self._rows:
            return []
        return [f"the API counts {self._total:.0f} rows and sent {self._rows}"]
