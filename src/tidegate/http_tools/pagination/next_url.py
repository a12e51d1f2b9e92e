"""A URL in the body leads to the next page."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.links import LinkPlan
from tidegate.http_tools.pagination.reading import MISSING, dig


@dataclass(frozen=True)
class NextUrlPaginator(Paginator):
    """Each page holds the next one's URL at the dotted path `next`; the call's parameters go with the first.

    A relative URL is joined to that of the page it stands on. One on another origin raises `CrossOriginError`
    unless the client's `allowed_origins` has it, and then no credential is sent. The walk ends with a URL
    that is missing, null, false or empty, with an empty page (unless the path `more` says that another
    follows), and with a page of fewer than `limit` rows where `limit` is given. A URL that comes again raises
    `PaginationError`.
    """

    next: str
    limit: int | None = None
    more: str | None = None

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002 - a link is known only with the page before
        return _NextUrlPlan(self)


class _NextUrlPlan(LinkPlan):
    def __init__(self, how: NextUrlPaginator) -> None:
        self._how = how
        super().__init__(PageRequest(0), how.limit, how.more)

    def _following(self, page: PageView, rows: list[object]) -> tuple[str, PageRequest] | None:  # noqa: ARG002
        link = dig(page.doc, self._how.next)
        if link is MISSING or link is None or link is False or link == "":
            return None
        if not isinstance(link, str):
            raise PaginationError(
                f"{self._how.next!r} of page {page.request.index} is a {type(link).__name__}, not a link"
            )
        return self._linked(page, link)
