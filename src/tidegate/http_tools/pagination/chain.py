"""Walks in which each page names the next: one page at a time, and never in a circle."""

from __future__ import annotations

from abc import abstractmethod

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView
from tidegate.http_tools.pagination.reading import MISSING, Repeats, dig

# A search may come upon many pages without a hit; one that says for ever that more follows has no end.
MOST_EMPTY = 1000


class ChainPlan(PagePlan):
    """`size`: a page with fewer rows is the last. `more`: a path to what says whether another page follows.

    An empty page is the last one, unless `more` says otherwise.
    """

    def __init__(self, first: PageRequest, size: int | None = None, more: str | None = None) -> None:
        self._request: PageRequest | None = first
        self._size, self._more = size, more
        self._seen: set[str] = set()
        self._empty = 0  # pages in a row
        self._repeats = Repeats()

    def take(self) -> PageRequest | None:
        request, self._request = self._request, None
        return request

    def saw(self, page: PageView) -> None:
        rows, index = page.all_items, page.request.index
        self._check(page, rows)
        if (earlier := self._repeats.of(page)) is not None:
            raise PaginationError(f"page {index} has the very rows of page {earlier}: it goes in a circle")
        self._empty = 0 if rows else self._empty + 1
        if self._empty > MOST_EMPTY:
            raise PaginationError(
                f"page {index} is the {self._empty}th in a row without a row: it has no end"
            )
        more = self._says_more(page)
        if more is False or (more is None and len(rows) < (self._size or 1)):
            return
        following = self._following(page, rows)
        if following is None:
            if more:
                raise PaginationError(f"page {index} says that more follows, and not where")
            return
        key, self._request = following
        if key in self._seen:
            raise PaginationError(f"page {index} leads back to a page that was read: it goes in a circle")
        self._seen.add(key)

    def _says_more(self, page: PageView) -> bool | None:
        if self._more is None:
            return None
        value = dig(page.doc, self._more)
        if value is MISSING:
            raise PaginationError(f"the key {self._more!r} is missing from page {page.request.index}")
        return bool(value) and value not in ("false", "0")

    def _check(self, page: PageView, rows: list[object]) -> None:
        """Raise where this page does not follow the one before."""

    @abstractmethod
    def _following(self, page: PageView, rows: list[object]) -> tuple[str, PageRequest] | None:
        """What names the page after this one, and its request; None where this is the last."""
