"""`limit` and `offset`, pages in parallel, with a seam that shows a listing that moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidegate.http_tools.exceptions import ListingMovedError, PaginationError
from tidegate.http_tools.pagination.ahead import AheadPlan
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.reading import Repeats, count, headers_of


@dataclass(frozen=True)
class OffsetPaginator(Paginator):
    """`limit` and `offset`, pages in parallel.

    Neighbouring pages share a seam of `overlap` rows. Where the rows there differ, the listing has moved
    under way (rows vanished or were put in before) and `ListingMovedError` is raised: plain offsets would
    double or lose rows in silence. Rows are compared by `identity` (a key of the row), or whole without it.
    Without a seam (`overlap=0`) the same error is raised where the total shrinks under way.

    `total` is the dotted path of the body, or the header (`header:x-total`), that holds the number of rows.
    Without a total the walk starts slowly (1, 1, 2, 4 ... pages ahead), so that a short listing costs no
    request too many. A page shorter than `limit` ends the walk; but where the first is, and the total says
    that more follow, its length is taken for what the API makes of `limit`. Without a total an API that
    caps what it is asked for looks like one that has no more: ask for no more than it grants.
    """

    limit: int
    overlap: int = 2
    identity: str | None = None
    total: str | None = None
    limit_param: str = "limit"
    offset_param: str = "offset"

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.limit:
            raise ValueError(f"overlap {self.overlap} must be at least 0 and less than limit {self.limit}")

    @property
    def page_rows(self) -> int:
        return self.limit - self.overlap

    @property
    def headers(self) -> frozenset[str]:
        return headers_of(self.total)

    def plan(self, width: int) -> PagePlan:
        return _OffsetPlan(self, width)


class _OffsetPlan(AheadPlan):
    def __init__(self, how: OffsetPaginator, width: int) -> None:
        super().__init__(width, seam=how.overlap > 0)
        self._how = how
        self._size = how.limit  # of a page; some APIs cap what they are asked for
        self._joint: list[Any] = []  # what the next page must begin with
        self._repeats = Repeats()

    @property
    def _step(self) -> int:
        return self._size - self._how.overlap

    def _request(self, index: int) -> PageRequest:
        how = self._how
        params = {how.limit_param: how.limit, how.offset_param: index * self._step}
        return PageRequest(index, params, seam=how.overlap if index else 0)

    def saw(self, page: PageView) -> None:
        items, index = page.all_items, page.request.index
        self._check_seam(page)
        rows = len(items) - (self._how.overlap if index else 0)
        vanished = self._count(index, rows, count(page, self._how.total))
        if vanished and not self._how.overlap:
            raise ListingMovedError(
                f"the listing moved while it was read: it was shorter at page {index} than before"
            )
        if index == 0 and self._how.overlap < len(items) < (self._total or 0):
            self._size = len(items)
        self._joint = self._identities(items[self._step :])
        if len(items) < self._size:
            self._end = self._seen
        elif self._total is None or self._total < self._rows:
            self._end = None  # a total that is too low already says nothing of the end
        else:
            pages = -(-(int(self._total) - self._how.overlap) // self._step)
            # a full page is no end, whatever the total says: its seam shows whether anything follows
            self._end = max(self._seen + bool(self._how.overlap), pages)

    def _check_seam(self, page: PageView) -> None:
        items, index = page.all_items, page.request.index
        if len(items) > self._size:
            first = "" if self._size == self._how.limit else f" and the first page {self._size}"
            told = f"asked for {self._how.limit} rows, the page has {len(items)}{first}"
            raise PaginationError(f"{told}: the API ignores the limit")
        if index and self._identities(items[: self._how.overlap]) != self._joint:
            raise ListingMovedError(
                f"the listing moved while it was read: page {index} does not join page {index - 1}"
            )
        if (earlier := self._repeats.of(page)) is not None:
            kind = ListingMovedError if self._how.overlap else PaginationError  # a move may look like that
            raise kind(f"page {index} repeats page {earlier}: the API ignores the offset")

    def _identities(self, rows: list[Any]) -> list[Any]:
        name = self._how.identity
        if name is None:
            return rows
        return [row.get(name, row) if isinstance(row, dict) else row for row in rows]
