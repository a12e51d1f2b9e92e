"""A `Link` header leads to the next page (RFC 8288)."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.http_tools.pagination.base import PagePlan, PageRequest, PageView, Paginator
from tidegate.http_tools.pagination.links import LinkPlan, link_of


@dataclass(frozen=True)
class LinkHeaderPaginator(Paginator):
    """Follows `Link: <...>; rel="next"`, as `NextUrlPaginator` follows a URL in the body.

    The walk ends where no link has the relation `rel`, with an empty page, and with a page of fewer than
    `limit` rows where `limit` is given. The header is kept in the page log, so that a run resumes from it;
    a secret in it is not (the credential is put on anew).
    """

    rel: str = "next"
    limit: int | None = None

    @property
    def headers(self) -> frozenset[str]:
        return frozenset({"link"})

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002 - a link is known only with the page before
        return _LinkHeaderPlan(self)


class _LinkHeaderPlan(LinkPlan):
    def __init__(self, how: LinkHeaderPaginator) -> None:
        self._how = how
        super().__init__(PageRequest(0), how.limit)

    def _following(self, page: PageView, rows: list[object]) -> tuple[str, PageRequest] | None:  # noqa: ARG002
        link = link_of(page.headers.get("link", ""), self._how.rel)
        return self._linked(page, link) if link else None
