"""How a listing goes on: what its parameters ask for, held against what its answer says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tidegate.authoring.description import Endpoint, Paging, Parameter, Schema
from tidegate.authoring.listings.answering import Next, Told
from tidegate.authoring.listings.asking import Asked
from tidegate.authoring.listings.sizes import default_size, first_page, largest_page
from tidegate.authoring.listings.words import squashed, words

_LINK_HEADER = re.compile(
    r"\blink(?:s)?\b[`'\"]* (?:response )?headers?\b|\bheaders?\b.{0,20}[`'\"]link[`'\"]|rel=", re.IGNORECASE
)
_PAGED = re.compile(r"\bpaginat|\bpaged\b|\bnext page\b", re.IGNORECASE)
_LAST_ROW = re.compile(r"\blast (item|record|object|row|entry|element)|\bids?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    paging: Paging
    todo: tuple[str, ...] = ()


def paging_of(endpoint: Endpoint, ask: Asked, told: Told, row: Schema) -> Found:
    """The surest way on that both sides of the route speak of, with what is left to look up."""
    found = (
        _by_cursor(ask, told, row)
        or _by_number(ask, told)
        or _by_answer(endpoint, told)
        or _without_way(endpoint, ask, told)
    )
    return _sized(endpoint, ask, found)


def _by_cursor(ask: Asked, told: Told, row: Schema) -> Found | None:
    param = ask.ways.get("cursor") or ask.ways.get("id_after")
    numbered = ask.ways.get("page_number") or ask.ways.get("offset")
    if param is None:
        return None
    next_one = _matching(param, [each for each in told.nexts if each.kind == "cursor"])
    if next_one is not None:
        return Found(Paging("cursor", param.name, found_at=next_one.path))
    link = _link(told)
    if link is not None:
        return Found(Paging("next_url", found_at=link.path))
    if told.link_header:
        return Found(Paging("link_header"))
    if numbered is not None:
        return None
    key = _id_of(row)
    by_id = ask.ways.get("id_after") or (param if _LAST_ROW.search(param.description) else None)
    if by_id is not None and key is not None:
        return Found(Paging("id_after", by_id.name))
    note = f"{param.name} goes on from a page, but the description does not say where the answer holds the next one: look it up."
    return Found(Paging("unknown", param.name), (note,))


def _by_number(ask: Asked, told: Told) -> Found | None:
    offset, page = ask.ways.get("offset"), ask.ways.get("page_number")
    protocol = next((each for each in told.nexts if each.path.startswith("@") and each.kind == "url"), None)
    if protocol is not None:  # a link that the protocol itself defines goes where no offset may
        return Found(Paging("next_url", found_at=protocol.path))
    if page is not None and (offset is None or _is_better_page(ask)):
        first = first_page(page)
        note = (
            ()
            if first is not None
            else (f"Whether {page.name} counts from 0 or from 1 is not told: look it up.",)
        )
        return Found(
            Paging(
                "page_number",
                page.name,
                first=1 if first is None else first,
                total=told.total,
                pages=told.pages,
            ),
            note,
        )
    if offset is not None:
        return Found(Paging("offset", offset.name, total=told.total))
    return None


def _is_better_page(ask: Asked) -> bool:
    """Of a route that takes both: whether the size goes with pages."""
    return ask.size is None or "page" in words(ask.size.name) or squashed(ask.size.name) == "size"


def _by_answer(endpoint: Endpoint, told: Told) -> Found | None:
    link = _link(told)
    if link is not None:
        return Found(Paging("next_url", found_at=link.path))
    if told.link_header or _LINK_HEADER.search(f"{endpoint.summary} {endpoint.description}"):
        return Found(Paging("link_header"))
    return None


def _without_way(endpoint: Endpoint, ask: Asked, told: Told) -> Found:
    strong = next((each for each in told.nexts if not each.weak), None)
    if strong is not None:
        note = f"The answer names the next page in {strong.path}, and no parameter of the description takes it: look it up."
        return Found(Paging("unknown", found_at=strong.path), (note,))
    if told.more or told.pages is not None:
        return Found(
            Paging("unknown", total=told.total, pages=told.pages),
            (
                "The answer speaks of further pages, and no parameter of the description leads to them: look it up.",
            ),
        )
    if ask.size is not None:
        note = f"{ask.size.name} limits how many rows come, and nothing leads to the rest: slice the listing where one answer may not be all."
        return Found(Paging("single"), (note,))
    if _PAGED.search(endpoint.description):
        return Found(
            Paging("single"), ("The description speaks of pages, and of no parameter for them: look it up.",)
        )
    return Found(Paging("single"))


def _matching(param: Parameter, nexts: list[Next]) -> Next | None:
    """The cursor that this parameter takes: one that bears its name, else the surest."""
    name = squashed(param.name)

    def distance(each: Next) -> tuple[bool, bool, int]:
        last = squashed(each.path.rpartition(".")[2])
        return (
            last.removeprefix("next") != name.removeprefix("next") and not name.endswith(last),
            each.weak,
            0,
        )

    return min(nexts, key=distance, default=None)


def _link(told: Told) -> Next | None:
    links = [each for each in told.nexts if each.kind == "url"]
    return min(links, key=lambda each: each.weak, default=None)


def _id_of(row: Schema) -> str | None:
    properties = row.get("properties", {})
    return next(
        (name for name in properties if (words(name) or ("",))[-1] in {"id", "uuid", "guid", "key"}), None
    )


def _sized(endpoint: Endpoint, ask: Asked, found: Found) -> Found:
    if ask.size is None:
        return found
    most = largest_page(endpoint, ask.size)
    usual = default_size(ask.size)
    paging = replace(found.paging, limit_param=ask.size.name, limit=most or usual)
    if most is not None or paging.kind == "single":
        return Found(paging, found.todo)
    told = f"its default, {usual}, is asked for" if usual is not None else "none is asked for"
    note = f"The largest value that {ask.size.name} takes is not told; {told}: look it up."
    return Found(paging, (*found.todo, note))
