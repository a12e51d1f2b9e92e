"""The last row's id leads to the next page (keyset paging)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.chain import ChainPlan
from tidegate.http_tools.pagination.reading import MISSING, dig


@dataclass(frozen=True)
class IdAfterPaginator(Paginator):
    """Asks for the rows behind the last one: `param` is the value at the path `id` of the row read last.

    The ids must strictly progress from row to row, over all pages: upwards, or downwards with
    `descending=True`. Numbers (also those written as text) are compared as numbers, other text as text; for
    ids that have no order say `ordered=False`, then only one that comes again is an error
    (`PaginationError`). A page shorter than `limit` ends the walk; without a `limit`, or where `more` says
    that another page follows, an empty one does. `first` is what the first request sends, if anything.
    """

    id: str = "id"
    param: str = "after_id"
    limit: int | None = None
    limit_param: str | None = "limit"
    more: str | None = None
    descending: bool = False
    ordered: bool = True
    first: str | int | None = None

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002 - an id is known only with the page before
        return _IdAfterPlan(self)


class _IdAfterPlan(ChainPlan):
    def __init__(self, how: IdAfterPaginator) -> None:
        self._how = how
        self._last: Any = how.first
        super().__init__(
            self._asking(0, {} if how.first is None else {how.param: how.first}), how.limit, how.more
        )

    def _asking(self, index: int, given: Mapping[str, Any]) -> PageRequest:
        name, limit = self._how.limit_param, self._how.limit
        sized = {name: limit} if name is not None and limit is not None else {}
        return PageRequest(index, {**sized, **given})

    def _check(self, page: PageView, rows: list[object]) -> None:
        index, how = page.request.index, self._how
        for number, row in enumerate(rows):
            value = dig(row, how.id)
            if value is MISSING or not isinstance(value, str | int) or isinstance(value, bool) or value == "":
                raise PaginationError(f"page {index} row {number} has no id that could be asked after")
            if how.ordered and self._last is not None and not self._progresses(value):
                raise PaginationError(
                    f"page {index} row {number}: its id does not come after the one before it;"
                    f" is the listing sorted by {how.id}, {'falling' if how.descending else 'rising'}?"
                )
            self._last = value

    def _progresses(self, value: str | int) -> bool:
        before, after = _key(self._last), _key(value)
        return after < before if self._how.descending else before < after

    def _following(self, page: PageView, rows: list[object]) -> tuple[str, PageRequest] | None:
        if not rows:
            return None
        return str(self._last), self._asking(page.request.index + 1, {self._how.param: self._last})


def _key(value: str | int) -> tuple[int, int, str]:
    """Numbers before text, so that any two ids compare."""
    if isinstance(value, int):
        return (0, value, "")
    digits = value.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 100:
        return (0, int(value), "")
    return (1, 0, value)
