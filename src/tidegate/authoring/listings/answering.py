"""What the body of a listing says beside its rows: the way on, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tidegate.authoring.description import Endpoint, Schema
from tidegate.authoring.listings.shapes import Shapes, is_text, is_whole_number, kinds, samples, text_of
from tidegate.authoring.listings.words import squashed
from tidegate.http_tools.pagination.reading import MISSING, dig

_DEPTH = 4
_URLS = frozenset(
    [
        "nexturl", "nexturi", "nextlink", "nexthref", "nextpageurl", "nextpageuri", "nextpagelink", "nextpagehref",
        "nextrecordsurl", "odatanextlink", "nextpagepath", "nextpath", "nextresultsurl", "urlnext", "linknext",
        "nextresults", "nextbatchurl", "nextlinkurl", "nextpagerequest", "hrefnext",
    ]
)  # fmt: skip
_CURSORS = frozenset(
    [
        "nextcursor", "nextpagetoken", "nexttoken", "continuationtoken", "nextpagecursor", "endcursor", "nextmarker",
        "nextstartingafter", "scrollid", "nextcontinuationtoken", "nextkey", "nextpagekey", "nextbookmark",
        "lastevaluatedkey", "nextpageid", "querylocator", "aftercursor", "nextafter", "nextid", "cursornext",
        "nextcursormark", "nextpagemarker", "nextstartkey", "nextsearchafter", "nextpageinfo", "paginationtoken",
        "nextpaginationtoken", "continuation", "nextcursortoken", "nextscrollid", "nextcursorid", "nextstate",
        "nextpagestate", "nextstart", "nextskiptoken", "resumetoken", "nextcontinuation", "nextlastid",
    ]
)  # fmt: skip
_EITHER = frozenset({"next", "nextpage"})
# A cursor under these names only where a parameter takes one.
_WEAK = frozenset(
    ["cursor", "after", "token", "marker", "bookmark", "pagetoken", "startingafter", "pageinfo", "pagecursor",
     "lastid", "lastkey", "nextoffset", "offset", "key", "id"]
)  # fmt: skip
_LAST = frozenset({"last", "lastitem", "lastid"})
_TOTALS = frozenset(
    [
        "total", "totalcount", "totalresults", "totalitems", "totalelements", "totalrecords", "totalsize", "totalrows",
        "totalhits", "totalentries", "numresults", "resultcount", "odatacount", "totalnumber", "nbhits", "numfound",
        "totalavailable", "countall", "totalresultcount", "totalitemcount", "totalrecordcount", "itemstotal", "rowstotal",
        "resultstotal", "recordstotal", "totalmatches", "overallcount", "fullcount", "grandtotal", "alltotal",
        "totalobjects", "counttotal", "paginationtotal", "totalnumberofitems", "totalnumberofresults", "hitstotal",
    ]
)  # fmt: skip
_PAGE_COUNTS = frozenset(
    [
        "totalpages", "pagecount", "pages", "lastpage", "numpages", "totalpagecount", "nbpages", "pagestotal",
        "totalnumberofpages", "maxpage", "numberofpages", "pagetotal", "countpages",
    ]
)  # fmt: skip
_OF_A_PAGE = re.compile(
    r"\b(this|current|the|each|a|per) (page|response|batch|result set)\b|\breturned\b|\bin (the )?(page|response)\b",
    re.IGNORECASE,
)
_OF_ALL = re.compile(r"\btotal|\ball\b|\boverall\b|\bmatching\b|\bavailable\b|whole", re.IGNORECASE)
_A_LINK = re.compile(r"\b(urls?|uris?|links?|href|hyperlink|endpoint|address)\b", re.IGNORECASE)
_A_TOKEN = re.compile(r"\b(cursor|token|opaque|identifier|key|marker)\b", re.IGNORECASE)
_MORE = frozenset(
    {
        "hasmore",
        "hasnext",
        "hasnextpage",
        "more",
        "moreitems",
        "moreresults",
        "hasmoreitems",
        "ismore",
        "moreavailable",
    }
)
_TOTAL_HEADERS = frozenset(
    {
        "xtotalcount",
        "xtotal",
        "totalcount",
        "xpaginationtotalcount",
        "xwptotal",
        "xtotalresults",
        "xtotalitems",
        "xtotalrecords",
        "paginationcount",
        "xcount",
    }
)
_PAGE_HEADERS = frozenset(
    {"xtotalpages", "xpagecount", "xwptotalpages", "xpaginationpagecount", "totalpages"}
)
_CURSOR_HEADERS = frozenset(
    {
        "xnextcursor",
        "nextcursor",
        "xnextpagetoken",
        "xcontinuationtoken",
        "xnexttoken",
        "xcursor",
        "xnextpagecursor",
        "nextpagetoken",
        "xnextmarker",
        "xpaginationnextcursor",
    }
)


@dataclass(frozen=True, slots=True)
class Next:
    """What leads on: a link or a bare cursor, at `path`. `weak`: only its place and a parameter speak for it."""

    path: str
    kind: Literal["url", "cursor"]
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What stands beside the rows. `more`: something says whether another page follows."""

    nexts: tuple[Next, ...]
    total: str | None
    pages: str | None
    more: bool
    link_header: bool


def told(endpoint: Endpoint, shapes: Shapes, items: str) -> Told:
    beside = list(_beside(shapes, items))
    nexts = [each for path, schema in beside if (each := _next(endpoint, path, schema)) is not None]
    headers = {squashed(each): each for each in endpoint.response_headers}
    nexts += [Next(f"header:{name}", "cursor") for word, name in headers.items() if word in _CURSOR_HEADERS]
    return Told(
        nexts=tuple(nexts),
        total=_total(endpoint, beside, items) or _of_header(headers, _TOTAL_HEADERS),
        pages=_first(beside, _PAGE_COUNTS) or _of_header(headers, _PAGE_HEADERS),
        more=any(squashed(path.rpartition(".")[2]) in _MORE for path, _ in beside),
        link_header="link" in headers,
    )


def _beside(shapes: Shapes, items: str) -> Iterator[tuple[str, Schema]]:
    """All scalars around the rows; nothing of a row."""
    if items:
        for path, schema in shapes.walk(shapes.root, _DEPTH):
            if path != items and not path.startswith(f"{items}.") and not kinds(schema) & {"object", "array"}:
                yield path, schema


def _next(endpoint: Endpoint, path: str, schema: Schema) -> Next | None:
    steps = path.split(".") if "@" not in path else [path]
    last, parent = squashed(steps[-1]), squashed(steps[-2]) if len(steps) > 1 else ""
    if is_whole_number(schema) and last not in _CURSORS:
        return None
    if last in _URLS or (last in {"href", "url", "uri", "link"} and parent in _EITHER):
        return Next(path, "url")
    if last in _CURSORS:
        return Next(path, "url" if _looks_like_link(endpoint, path, schema) else "cursor")
    if last in _EITHER:
        return _either(endpoint, path, schema, parent)
    is_weak = last in _WEAK or last in _LAST
    if is_weak and (last not in {"key", "id", "offset"} or parent in _EITHER):
        return Next(path, "cursor", weak=parent not in _EITHER)
    return None


def _either(endpoint: Endpoint, path: str, schema: Schema, parent: str) -> Next:
    """A bare `next`: its values tell, then its words, then what it stands in."""
    if _looks_like_link(endpoint, path, schema):
        return Next(path, "url")
    if _values(endpoint, path, schema) or _A_TOKEN.search(text_of(schema)):
        return Next(path, "cursor")
    return Next(path, "url" if parent in {"links", "link", "urls"} else "cursor", weak=True)


def _looks_like_link(endpoint: Endpoint, path: str, schema: Schema) -> bool:
    if schema.get("format") in {"uri", "url", "uri-reference"}:
        return True
    values = _values(endpoint, path, schema)
    if values:
        return any(each.startswith(("http://", "https://", "/", "?")) or "?" in each for each in values)
    words = text_of(schema)
    return bool(_A_LINK.search(words)) and not _A_TOKEN.search(words)


def _values(endpoint: Endpoint, path: str, schema: Schema) -> list[str]:
    found = [*samples(schema), *(dig(body, path) for body in endpoint.examples)]
    return [each for each in found if isinstance(each, str) and each and each != "string"]


def _first(beside: list[tuple[str, Schema]], names: frozenset[str]) -> str | None:
    return next((path for path, schema in beside if _counted(schema) and _tail(path) & names), None)


def _tail(path: str) -> set[str]:
    """The last name of a path, alone and with the one it stands in: `page.total`, `hits.total`."""
    steps = path.split(".")
    return {squashed(steps[-1]), squashed("_".join(steps[-2:])) if len(steps) > 1 else squashed(path)}


def _counted(schema: Schema) -> bool:
    return is_whole_number(schema) or (is_text(schema) and any(str(v).isdigit() for v in samples(schema)))


def _total(endpoint: Endpoint, beside: list[tuple[str, Schema]], items: str) -> str | None:
    """The count of all rows, never one that counts the page: a walk by pages would end with it."""
    named = [(path, schema) for path, schema in beside if _counted(schema) and _tail(path) & _TOTALS]
    for path, schema in named:
        if not _counts_page(endpoint, path, schema, items):
            return path
    for path, schema in beside:
        if (
            squashed(path.rpartition(".")[2]) == "count"
            and _counted(schema)
            and _is_total(endpoint, path, schema, items)
        ):
            return path
    return None


def _counts_page(endpoint: Endpoint, path: str, schema: Schema, items: str) -> bool:
    words = text_of(schema)
    return (
        bool(_OF_A_PAGE.search(words)) and not _OF_ALL.search(words) and not _exceeds(endpoint, path, items)
    )


def _is_total(endpoint: Endpoint, path: str, schema: Schema, items: str) -> bool:
    """A bare `count`: by its words, or by an example that counts more rows than it shows."""
    return bool(_OF_ALL.search(text_of(schema))) or _exceeds(endpoint, path, items)


def _exceeds(endpoint: Endpoint, path: str, items: str) -> bool:
    return any(_is_more(dig(body, path), dig(body, items)) for body in endpoint.examples)


def _is_more(count: Any, rows: Any) -> bool:
    if (
        count is MISSING
        or isinstance(count, bool)
        or not isinstance(count, int)
        or not isinstance(rows, list)
    ):
        return False
    return count > len(rows)


def _of_header(headers: dict[str, str], names: frozenset[str]) -> str | None:
    return next((f"header:{name}" for word, name in headers.items() if word in names), None)
