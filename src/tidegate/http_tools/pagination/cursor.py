"""A cursor in the body leads to the next page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.chain import ChainPlan
from tidegate.http_tools.pagination.reading import MISSING, dig, header_of, headers_of


@dataclass(frozen=True)
class CursorPaginator(Paginator):
    """Each page holds, at the path `cursor` (`meta.next`, `header:x-next`), what the next one is asked with.

    It is sent as `param`. The walk ends with a cursor that is missing, null, false or empty, and with an
    empty page. Where pages may be empty in the middle, name in `more` the path of what says whether another
    follows. `limit`, sent as `limit_param` where that is given, is the size of a page: a shorter one ends the
    walk though it has a cursor, so leave it away for an API that does not fill its pages. With
    `where="body"` cursor and limit go into the JSON body, `param` being one of its keys. A cursor that comes
    again raises `PaginationError`.
    """

    cursor: str
    param: str = "cursor"
    limit: int | None = None
    limit_param: str | None = None
    more: str | None = None
    where: Literal["params", "body"] = "params"

    @property
    def headers(self) -> frozenset[str]:
        return headers_of(self.cursor)

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002 - a cursor is known only with the page before
        return _CursorPlan(self)


class _CursorPlan(ChainPlan):
    def __init__(self, how: CursorPaginator) -> None:
        self._how = how
        super().__init__(self._asking(0, {}), how.limit, how.more)

    def _asking(self, index: int, given: Mapping[str, Any]) -> PageRequest:
        name, limit = self._how.limit_param, self._how.limit
        sized = {name: limit} if name is not None and limit is not None else {}
        if self._how.where == "body":
            return PageRequest(index, body={**sized, **given})
        return PageRequest(index, {**sized, **given})

    def _following(self, page: PageView, rows: list[object]) -> tuple[str, PageRequest] | None:  # noqa: ARG002
        header = header_of(self._how.cursor)
        value = dig(page.doc, self._how.cursor) if header is None else page.headers.get(header)
        if value is MISSING or value is None or value is False or value == "":
            return None
        if not isinstance(value, str | int) or value is True:
            raise PaginationError(
                f"the cursor of page {page.request.index} is a {type(value).__name__}, no text or number"
            )
        return str(value), self._asking(page.request.index + 1, {self._how.param: value})
