"""Page numbers, in parallel where the number of pages or rows is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidegate.http_tools.exceptions import ListingMovedError, PaginationError
from tidegate.http_tools.pagination.ahead import AheadPlan
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.reading import Repeats, count, dig, headers_of


@dataclass(frozen=True)
class PageNumberPaginator(Paginator):
    """`param` counts the pages from `first` on, of `limit` rows each, sent as `limit_param` where given.

    `total` and `pages` are the dotted paths of the body, or headers (`header:x-total-pages`), that hold the
    number of rows and of pages. With one of them pages are fetched in parallel; without, the walk starts
    slowly. It ends with the last page by that number, with an empty page, and, where no number says
    otherwise, with a page shorter than `limit`.

    Pages by number have no seam. A total, or a number of pages, that shrinks under way, and a row whose
    `identity` (a dotted path in the row) stood on the page before, raise `ListingMovedError`; a total that
    grows is a warning, and so is more than one page without a total: rows that vanish go unseen there. A page
    that repeats one before raises `PaginationError`.
    """

    limit: int | None = None
    param: str = "page"
    limit_param: str | None = "per_page"
    first: int = 1
    total: str | None = None
    pages: str | None = None
    identity: str | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")

    @property
    def headers(self) -> frozenset[str]:
        return headers_of(self.total, self.pages)

    def plan(self, width: int) -> PagePlan:
        return _PageNumberPlan(self, width)


class _PageNumberPlan(AheadPlan):
    def __init__(self, how: PageNumberPaginator, width: int) -> None:
        super().__init__(width, seam=False)
        self._how = how
        self._size = how.limit  # of a page, as far as is known
        self._last: list[Any] = []
        self._pages: float | None = None
        self._repeats = Repeats()

    def _request(self, index: int) -> PageRequest:
        how = self._how
        sized = {how.limit_param: how.limit} if how.limit_param is not None and how.limit is not None else {}
        return PageRequest(index, {**sized, how.param: how.first + index})

    def saw(self, page: PageView) -> None:
        items, index = page.all_items, page.request.index
        if (earlier := self._repeats.of(page)) is not None:
            raise PaginationError(f"page {index} repeats page {earlier}: the API ignores the page number")
        self._check_joins(index, items)
        self._pages = count(page, self._how.pages)
        if self._count(index, len(items), count(page, self._how.total), self._pages):
            raise ListingMovedError(
                f"the listing moved while it was read: it was shorter at page {index} than before"
            )
        if index == 0 and items:
            self._size = min(len(items), self._how.limit or len(items))  # some APIs cap what was asked for
        self._end = self._seen if self._is_last(items) else self._known_end()

    def _check_joins(self, index: int, items: list[Any]) -> None:
        if self._how.identity is None:
            return
        before, self._last = self._last, [dig(row, self._how.identity) for row in items]
        if any(each in before for each in self._last[:1]) or any(each in self._last for each in before[-1:]):
            raise ListingMovedError(
                f"the listing moved while it was read: page {index} has a row of page {index - 1}"
            )

    def _is_last(self, items: list[Any]) -> bool:
        if not items or self._total == self._rows or self._pages == self._seen:
            return True
        if (self._pages or 0) > self._seen or (self._total or 0) > self._rows:
            return False
        return len(items) < (self._how.limit or 0)

    def _known_end(self) -> int | None:
        """The number of pages; None where no number tells it, or one that is too low already."""
        if self._pages is not None:
            return int(self._pages) if self._pages > self._seen else None
        if self._total is None or self._total <= self._rows or not self._size:
            return None
        return max(self._seen + 1, -(-int(self._total) // self._size))

    def warnings(self) -> list[str]:
        told = super().warnings()
        if self._pages is not None and self._end == self._seen != self._pages:
            told.append(f"the API counts {self._pages:.0f} pages and sent {self._seen}")
        return told
