"""Walks whose pages can be asked for by number, several at once."""

from __future__ import annotations

from abc import abstractmethod

from tidegate.http_tools.pagination.base import PagePlan, PageRequest


class AheadPlan(PagePlan):
    """Hands out pages in order, up to the end where it is known, and at most `width` beyond what was seen.

    Where the end is not known the walk starts slowly (1, 1, 2, 4 ... pages ahead), so that a listing of
    one or two pages costs no request too many. Where one of its kind was walked before, as many pages as this
    had are asked for after the first, and the slow start comes behind them. It also keeps an eye on the
    total, and on the number of pages: one that fell means that rows vanished. Where neither a total nor a
    seam would show that, it is told.
    """

    def __init__(self, width: int, *, seam: bool) -> None:
        self._width = width
        self._seam = seam
        self._next = 0
        self._seen = 0
        self._ahead = 1
        self._expected = 0
        self._end: int | None = None  # the number of pages, once it is known
        self._rows = 0
        self._first_total: float | None = None
        self._total: float | None = None
        self._totals, self._page_counts = _Falls(), _Falls()

    def take(self) -> PageRequest | None:
        if self._next >= self._limit():
            return None
        index = self._next
        self._next += 1
        self._totals.ask(index)
        self._page_counts.ask(index)
        return self._request(index)

    def expect(self, pages: int) -> None:
        self._expected = pages

    def _limit(self) -> int:
        """How many pages may have been asked for by now."""
        if self._end is not None:
            return min(self._end, self._seen + self._width)
        expected = self._expected if self._seen else 0
        return max(self._seen + self._ahead, min(expected, self._seen + self._width))

    @abstractmethod
    def _request(self, index: int) -> PageRequest:
        """The request for the page at this position."""

    def _count(self, index: int, rows: int, total: float | None, pages: float | None = None) -> bool:
        """Add a page of `rows` rows; tell whether the total or the number of pages that it says fell."""
        self._seen += 1
        self._rows += rows
        # many listings end on their second page, or where others did: nothing is asked for beyond it
        if self._seen > max(1, self._expected):
            self._ahead = min(self._width, self._ahead * 2)
        self._total = total
        self._first_total = total if self._first_total is None else self._first_total
        fell = self._page_counts.fell(index, pages)
        return self._totals.fell(index, total) or fell

    def beyond(self, index: int) -> bool:
        return self._end is not None and index >= self._end

    def warnings(self) -> list[str]:
        told: list[str] = []
        if self._is_blind:
            told.append(
                "no count of rows and no seam joins its pages:"
                " a row that vanished while it was read may have hidden another one"
            )
        if self._total is None or self._first_total is None:
            return told
        if self._first_total != self._total:
            told.append(f"the API counted {self._first_total:.0f} rows at first, {self._total:.0f} at last")
        if self._end == self._seen and self._total != self._rows:
            told.append(f"the API counts {self._total:.0f} rows and sent {self._rows}")
        return told

    def is_whole(self) -> bool:
        """A total that grew, or is too low, takes nothing away of what came."""
        if self._is_blind or self._total is None:
            return not self._is_blind
        fell = self._first_total is not None and self._total < self._first_total
        return self._total <= self._rows and (self._seam or not fell)

    @property
    def _is_blind(self) -> bool:
        """Rows may have moved up into pages that were read, and nothing would show it."""
        return self._seen > 1 and self._first_total is None and not self._seam


class _Falls:
    """Of a number that pages carry: it fell where it is lower than one that came before the page was asked
    for. (Answers to requests under way at once tell no order.)
    """

    def __init__(self) -> None:
        self._highest: float | None = None
        self._known: dict[int, float] = {}

    def ask(self, index: int) -> None:
        if self._highest is not None:
            self._known[index] = self._highest

    def fell(self, index: int, number: float | None) -> bool:
        known = self._known.pop(index, None)
        if number is None:
            return False
        self._highest = number if self._highest is None else max(self._highest, number)
        return known is not None and number < known
