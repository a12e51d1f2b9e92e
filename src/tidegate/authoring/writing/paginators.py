"""How a listing goes on, as a paginator in source code.

Sizes of pages are told to a paginator only where a short page must mean the end: an API that gives fewer rows
than it is asked for would lose the others. Elsewhere they are parameters like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.authoring.description import Listing
from tidegate.authoring.writing.contracts import ReadModel
from tidegate.authoring.writing.words import quoted

_FEW = 20  # rows of a page, where nothing says how many the API grants
_OVERLAP = 2  # of OffsetPaginator by default


@dataclass(frozen=True, slots=True)
class Paged:
    """The class and its arguments, the `size` of a page as a parameter of the call, and a `todo`."""

    name: str = "SinglePage"
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    size: tuple[str, int] | None = None
    todo: str = ""

    def __str__(self) -> str:
        told = (f"{key}={value}" for key, value in self.arguments.items() if value is not None)
        return f"{self.name}({', '.join(told)})"


def paged(listing: Listing, row: ReadModel) -> Paged:
    """A listing of which nobody knows how it goes on has its first page only, and a `todo`."""
    identity = _identity(listing, row)
    match listing.paging.kind:
        case "offset" if listing.paging.limit_param:
            return _offset(listing, identity)
        case "page_number":
            return _page_number(listing, identity)
        case "id_after" if identity is None:
            return Paged(size=_size(listing), todo=_UNKNOWN)
    return _chained(listing)


_UNKNOWN = "find out how the listing goes on: this asks for its first page only"


def _chained(listing: Listing) -> Paged:
    paging, size = listing.paging, _size(listing)
    found = Paged(size=size, todo="" if paging.kind == "single" else _UNKNOWN)
    if paging.kind == "link_header":
        found = Paged("LinkHeaderPaginator", {}, size)
    elif paging.kind == "id_after":
        told = {"id": _other(listing.key[0], "id"), "param": _other(paging.param, "after_id")}
        found = Paged("IdAfterPaginator", told, size)
    elif paging.kind == "next_url" and paging.found_at:
        found = Paged("NextUrlPaginator", {"next": _text(paging.found_at)}, size)
    elif paging.kind == "cursor" and paging.found_at:
        told = {"cursor": _text(paging.found_at), "param": _other(paging.param, "cursor")}
        found = Paged("CursorPaginator", told, size)
    return found


def _size(listing: Listing) -> tuple[str, int] | None:
    paging = listing.paging
    return (paging.limit_param, paging.limit) if paging.limit_param and paging.limit else None


def _offset(listing: Listing, identity: str | None) -> Paged:
    paging = listing.paging
    limit = paging.limit or _granted(listing)
    told = {
        "limit": str(limit),
        "overlap": "0" if limit <= _OVERLAP else None,
        "identity": identity,
        "total": _text(paging.total),
        "limit_param": _other(paging.limit_param, "limit"),
        "offset_param": _other(paging.param, "offset"),
    }
    todo = "" if paging.limit else f"find out how many rows a page may have: {limit} are asked for"
    return Paged("OffsetPaginator", told, todo=todo)


def _page_number(listing: Listing, identity: str | None) -> Paged:
    paging = listing.paging
    sized = bool(paging.limit and paging.limit_param)
    told = {
        "limit": str(paging.limit) if sized else None,
        "param": _other(paging.param, "page"),
        "limit_param": _other(paging.limit_param, "per_page") if sized else None,
        "first": str(paging.first) if paging.first != 1 else None,
        "total": _text(paging.total),
        "pages": _text(paging.pages),
        "identity": identity,
    }
    return Paged("PageNumberPaginator", told)


def _granted(listing: Listing) -> int:
    """The size of a page that the API has by default."""
    parameter = listing.endpoint.parameter(listing.paging.limit_param or "")
    default = parameter.schema.get("default") if parameter else None
    return default if isinstance(default, int) and default > 0 else _FEW


def _identity(listing: Listing, row: ReadModel) -> str | None:
    """The field that tells rows from each other, where it is one."""
    if len(listing.key) == 1 and any(each.of.wire == listing.key[0] for each in row.fields):
        return _text(listing.key[0])
    return None


def _other(name: str | None, default: str) -> str | None:
    return None if name is None or name == default else _text(name)


def _text(text: str | None) -> str | None:
    return None if text is None else quoted(text)
