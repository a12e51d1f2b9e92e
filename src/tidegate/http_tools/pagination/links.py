"""Next-links: joined to the page that they stand on, and read out of `Link` headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2

from tidegate.http_tools.exceptions import PaginationError
from tidegate.http_tools.pagination.base import PageRequest, PageView
from tidegate.http_tools.pagination.chain import ChainPlan

# RFC 8288: <target> and its parameters, up to the next comma; a quoted value may hold commas. An end that is
# missing is the header's: to look for one from every beginning would take a hostile header seconds.
_LINK = re.compile(r"<([^<>]*)>((?:[^,\"]|\"(?:[^\"\\]|\\.?)*\"?)*)")
_PARAM = re.compile(r";\s*([^\s=;,\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.?)*)\"?|([^\s;,\"]*))")


def joined(page: PageView, link: str) -> str:
    """The address that `link` means on `page`. Whether it may be asked, the policy says.

    Raises `PaginationError` for what is no address.
    """
    try:
        return str(httpx2.URL(page.url).join(link.strip()).copy_with(fragment=None))
    except (httpx2.InvalidURL, ValueError) as error:
        raise PaginationError(f"the link to the page after {page.request.index} is malformed") from error


class LinkPlan(ChainPlan):
    """A walk along links: the addresses that were asked count among those that must not come again."""

    def _check(self, page: PageView, rows: list[object]) -> None:  # noqa: ARG002
        self._seen.add(page.url)

    def _linked(self, page: PageView, link: str) -> tuple[str, PageRequest]:
        target = joined(page, link)
        return target, PageRequest(page.request.index + 1, url=target)


def link_of(header: str, relation: str) -> str | None:
    """The first target of a `Link` header that has the relation; None where none has. Never raises."""
    for target, params in _links(header):
        if "anchor" not in params and relation.lower() in params.get("rel", "").lower().split():
            return target
    return None


def _links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    for found in _LINK.finditer(header):
        params: dict[str, str] = {}
        for name, quoted, bare in _PARAM.findall(found[2]):
            params.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
        yield found[1], params
