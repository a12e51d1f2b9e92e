"""How a listing goes on: what its parameters ask for, held against what its answer says."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidegate.authoring.description import Endpoint, Paging, Parameter, Schema
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.answering import Next, Told
from tidegate.authoring.listings.asking import Asked
from tidegate.authoring.listings.shapes import told_of
from tidegate.authoring.listings.sizes import default_size, first_page, largest_page
from tidegate.authoring.listings.vocabulary import NEXT
from tidegate.authoring.listings.words import squashed, words

_NO_NEXT = "{} goes on from a page, and where the answer holds the next one is not told: look it up."
_NO_TAKER = "The answer names the next page in {}, and no parameter is told that takes it: look it up."
_NO_WAY = "The answer speaks of further pages, and no parameter is told that leads to them: look it up."
_ONLY_SIZE = "{} bounds what comes, and nothing leads to the rest: slice where one answer may not be all."
_ONLY_WORDS = "The description speaks of pages, and of no parameter for them: look it up."
_NO_FIRST = "Whether {} counts from 0 or from 1 is not told: look it up."
_NO_ORDER = "Whether the rows come by rising ids, for {} to go on from the last, is not told: look it up."
_NO_LARGEST = "The largest value that {} takes is not told; {}: look it up."


@dataclass(frozen=True, slots=True)
class Found:
    paging: Paging
    todo: tuple[str, ...] = ()


def paging_of(endpoint: Endpoint, ask: Asked, told: Told, row: Schema) -> Found:
    """The surest way on that both sides of the route speak of, with what is left to look up.

    A cursor goes before all, an offset before a link (neighbouring pages can be compared at their seam), a
    link before a page number (it needs no count).
    """
    found = (
        _by_cursor(ask, told, row)
        or _by_number(ask, told)
        or _by_answer(endpoint, told)
        or _without_way(endpoint, ask, told)
    )
    return _sized(endpoint, ask, found)


def _by_cursor(ask: Asked, told: Told, row: Schema) -> Found | None:
    param = ask.ways.get("cursor") or ask.ways.get("id_after")
    if param is None:
        return None
    next_one = _matching(param, [each for each in told.nexts if each.kind == "cursor"])
    if next_one is not None:
        return Found(Paging("cursor", param.name, found_at=next_one.path))
    linked = _linked(told)
    if linked is None and says.LINK_HEADER.search(told_of(param)):
        linked = Found(Paging("link_header"))
    if linked is not None or ask.ways.get("page_number") or ask.ways.get("offset"):
        return linked
    by_id = ask.ways.get("id_after") or (param if says.LAST_ROW.search(told_of(param)) else None)
    if by_id is not None and _has_id(row) and not says.NO_ID.search(told_of(by_id)):
        return Found(Paging("id_after", by_id.name), (_NO_ORDER.format(by_id.name),))
    return Found(Paging("unknown", param.name), (_NO_NEXT.format(param.name),))


def _by_number(ask: Asked, told: Told) -> Found | None:
    offset, page = ask.ways.get("offset"), ask.ways.get("page_number")
    if offset is None and page is None:
        return None
    if any(each.kind == "url" and each.path.startswith("@") for each in told.nexts):
        return _linked(told)  # a link that the protocol itself defines goes where no offset may
    if page is not None and (offset is None or _goes_with_pages(ask.size)):
        return _linked(told) or _by_page(page, told)
    return Found(Paging("offset", offset.name, total=told.total)) if offset is not None else None


def _by_page(page: Parameter, told: Told) -> Found:
    first = first_page(page)
    paging = Paging("page_number", page.name, total=told.total, pages=told.pages)
    if first is None:
        return Found(paging, (_NO_FIRST.format(page.name),))
    return Found(replace(paging, first=first))


def _goes_with_pages(size: Parameter | None) -> bool:
    """Of a route that takes both an offset and a page: whether the size is that of a page."""
    return size is None or "page" in words(size.name) or squashed(size.name) == "size"


def _linked(told: Told) -> Found | None:
    links = [each for each in told.nexts if each.kind == "url"]
    if links:
        return Found(Paging("next_url", found_at=min(links, key=lambda each: each.weak).path))
    return Found(Paging("link_header")) if told.link_header else None


def _by_answer(endpoint: Endpoint, told: Told) -> Found | None:
    if (linked := _linked(told)) is not None:
        return linked
    text = f"{endpoint.summary[: says.MOST]} {endpoint.description[: says.MOST]}"
    return Found(Paging("link_header")) if says.LINK_HEADER.search(text) else None


def _without_way(endpoint: Endpoint, ask: Asked, told: Told) -> Found:
    strong = next((each for each in told.nexts if not each.weak), None)
    if strong is not None:
        return Found(Paging("unknown", found_at=strong.path), (_NO_TAKER.format(strong.path),))
    if told.more or told.page or told.pages is not None:
        return Found(Paging("unknown", total=told.total, pages=told.pages), (_NO_WAY,))
    bare = next((each.path for each in told.nexts if squashed(each.path.rpartition(".")[2]) in NEXT), None)
    if bare is not None:
        return Found(Paging("single"), (_NO_TAKER.format(bare),))
    if ask.size is not None:
        return Found(Paging("single"), (_ONLY_SIZE.format(ask.size.name),))
    is_paged = says.PAGED.search(endpoint.description[: says.MOST])
    return Found(Paging("single"), (_ONLY_WORDS,) if is_paged else ())


def _matching(param: Parameter, nexts: list[Next]) -> Next | None:
    """The cursor that this parameter takes: one that bears its name, else the surest."""
    name = squashed(param.name)

    def distance(each: Next) -> tuple[bool, bool]:
        last = squashed(each.path.rpartition(".")[2])
        is_other = last.removeprefix("next") != name.removeprefix("next") and not name.endswith(last)
        return is_other, each.weak

    return min(nexts, key=distance, default=None)


def _has_id(row: Schema) -> bool:
    return any(
        (words(name) or ("",))[-1] in {"id", "uuid", "guid", "key"} for name in row.get("properties", {})
    )


def _sized(endpoint: Endpoint, ask: Asked, found: Found) -> Found:
    if ask.size is None:
        return found
    most, usual = largest_page(endpoint, ask.size), default_size(ask.size)
    paging = replace(found.paging, limit_param=ask.size.name, limit=most or usual)
    if most is not None or paging.kind == "single":
        return Found(paging, found.todo)
    told = f"its default, {usual}, is asked for" if usual is not None else "none is asked for"
    return Found(paging, (*found.todo, _NO_LARGEST.format(ask.size.name, told)))
