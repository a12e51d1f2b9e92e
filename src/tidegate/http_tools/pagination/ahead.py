"""Walks whose pages can be asked for by number, several at once."""

from __future__ import annotations

from abc import abstractmethod

from tidegate.http_tools.pagination.base import PagePlan, PageRequest


class AheadPlan(PagePlan):
    """Hands out pages in order, up to the end where it is known, and at most `width` beyond what was seen.

    Where the end is not known the walk starts slowly (1, 1, 2, 4 ... pages ahead), so that a listing of
    one or two pages costs no request too many. It also keeps an eye on the total: one that is lower than a
    total that had come before the page was asked for means that rows vanished. (Answers to requests under
    way at once tell no order.)
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._next = 0
        self._seen = 0
        self._ahead = 1
        self._end: int | None = None  # the number of pages, once it is known
        self._rows = 0
        self._first_total: float | None = None
        self._total: float | None = None
        self._highest: float | None = None
        self._known: dict[int, float] = {}

    def take(self) -> PageRequest | None:
        limit = self._seen + self._ahead if self._end is None else min(self._end, self._seen + self._width)
        if self._next >= limit:
            return None
        index = self._next
        self._next += 1
        if self._highest is not None:
            self._known[index] = self._highest
        return self._request(index)

    @abstractmethod
    def _request(self, index: int) -> PageRequest:
        """The request for the page at this position."""

    def _count(self, index: int, rows: int, total: float | None) -> bool:
        """Add a page of `rows` rows that says `total`; tell whether the total shows that rows vanished."""
        self._seen += 1
        self._rows += rows
        if self._seen > 1:  # many listings end on their second page: nothing is asked for beyond it
            self._ahead = min(self._width, self._ahead * 2)
        self._total = total
        known = self._known.pop(index, None)
        if total is None:
            return False
        self._first_total = total if self._first_total is None else self._first_total
        self._highest = total if self._highest is None else max(self._highest, total)
        return known is not None and total < known

    def beyond(self, index: int) -> bool:
        return self._end is not None and index >= self._end

    def warnings(self) -> list[str]:
        told: list[str] = []
        if self._total is None or self._first_total is None:
            return told
        if self._first_total != self._total:
            told.append(f"the API counted {self._first_total:.0f} rows at first, {self._total:.0f} at last")
        if self._end == self._seen and self._total != self._rows:
            told.append(f"the API counts {self._total:.0f} rows and sent {self._rows}")
        return told
