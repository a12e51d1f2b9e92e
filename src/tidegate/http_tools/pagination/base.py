"""What every way of paging shares: the request for a page, the view of one, the state of a walk.

A paginator is a frozen description; its `plan(width)` is the state of one walk. The walk is asked which page
may be fetched now (`take`), and is told of every page in order (`saw`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from tidegate.http_tools.polling import Until

Form: TypeAlias = Literal["json", "json_lines"]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to fetch: its position, from 0, and what it adds to the call.

    `params` join the call's query parameters, `body` its JSON body. `url` is asked in place of the call's
    URL, without its parameters; a relative one is joined to the call's URL. `seam` is how many of the page's
    first rows repeat the end of the page before. The others say what differs from the call: the `method`;
    `until` asks again and again, and the answer that says "ready" is the page; `accept` are more statuses
    that are data; a page of the form `json_lines` is a file, gzipped or not, with one value a line; a POST
    that is `repeatable` does no harm if it arrives twice, and is tried again as a GET is.
    """

    index: int
    params: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    seam: int = 0
    body: Mapping[str, Any] | None = None
    method: str | None = None
    until: Until | None = None
    form: Form = "json"
    accept: frozenset[int] = frozenset()
    repeatable: bool = False


class PageView(Protocol):
    """What a walk looks at of a page: the decoded body, and its rows with the seam still there.

    `url` is the address that was asked, without a credential; `headers` holds the headers that the paginator
    keeps (`Paginator.headers`), with names in lower case.
    """

    @property
    def request(self) -> PageRequest: ...
    @property
    def doc(self) -> Any: ...
    @property
    def all_items(self) -> list[Any]: ...
    @property
    def status_code(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class PagePlan(ABC):
    """The state of one walk. Used from one thread at a time."""

    @abstractmethod
    def take(self) -> PageRequest | None:
        """The next page that may be fetched now; None while nothing more is known to be worth asking for."""

    @abstractmethod
    def saw(self, page: PageView) -> None:
        """Told of each page, in order. Raises `PaginationError` where the listing makes no sense."""

    def expect(self, pages: int) -> None:  # noqa: B027 - most listings never prefetch
        """Told before the walk begins how many pages a listing of its kind had: a hint, no promise."""

    def keeps(self, page: PageView) -> bool:  # noqa: ARG002 - only a route leaves pages out
        """Whether the page that was just seen is one of the listing; False where it only showed the way."""
        return True

    def rows(self, page: PageView) -> list[Any] | None:  # noqa: ARG002 - only a route looks for them itself
        """Those of the page that was just seen, where they do not stand under the call's key; else None."""
        return None

    def beyond(self, index: int) -> bool:  # noqa: ARG002 - most listings never prefetch
        """Whether the page at `index` is now known to lie behind the end."""
        return False

    def warnings(self) -> list[str]:
        """What was odd and did not stop the walk."""
        return []

    def is_whole(self) -> bool:
        """Of a walk that came to its end: whether nothing speaks against it that every row came."""
        return not self.warnings()


class Paginator(ABC):
    @property
    def headers(self) -> frozenset[str]:
        """The response headers that the walk looks at, in lower case. They are kept with every page."""
        return frozenset()

    @property
    def page_rows(self) -> int | None:
        """How many rows a full page adds to the listing; None where only the API knows."""
        limit: int | None = getattr(self, "limit", None)
        return limit

    @abstractmethod
    def plan(self, width: int) -> PagePlan:
        """Begin a walk that keeps at most `width` pages in flight."""

    def describe(self) -> dict[str, Any]:
        """Plain values that say how the listing is walked, for fingerprints."""
        return {"kind": type(self).__name__, **vars(self)}


@dataclass(frozen=True)
class SinglePage(Paginator):
    """One request is the whole listing."""

    def plan(self, width: int) -> PagePlan:  # noqa: ARG002
        return _SinglePlan()


class _SinglePlan(PagePlan):
    def __init__(self) -> None:
        self._request: PageRequest | None = PageRequest(0)

    def take(self) -> PageRequest | None:
        request, self._request = self._request, None
        return request

    def saw(self, page: PageView) -> None:
        pass
