"""What the query parameters of a route are for: the size of a page, and the ways to go on.

A name suggests it; what a description says clearly goes before the name, since `offset` may well be a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tidegate.authoring.description import Endpoint, Parameter
from tidegate.authoring.listings.shapes import is_text, is_whole_number, kinds, samples, text_of
from tidegate.authoring.listings.words import words

Way = Literal["offset", "page_number", "cursor", "id_after"]

_SIZES = frozenset(
    [
        "limit", "perpage", "pagesize", "pagelimit", "size", "count", "maxresults", "max", "top", "first", "num",
        "resultsperpage", "itemsperpage", "rowsperpage", "recordsperpage", "entriesperpage", "pageitems", "take",
        "maxrecords", "maxitems", "maxrows", "maxcount", "maxpagesize", "pagelen", "pagelength", "rows", "recordsize",
        "hitsperpage", "batchsize", "results", "nb", "amount", "numresults", "numitems", "numberofitems",
        "numberofresults", "numberofrecords", "numberofrows", "resultlimit", "rowlimit", "limitto", "pagecount",
        "itemcount", "chunksize", "fetchsize", "resultcount", "rowcount", "recordcount", "pagemaxresults", "n",
        "pagenumitems", "perpagelimit", "pp", "ps", "itemsonpage", "maxnumberofresults", "resultspagesize",
    ]
)  # fmt: skip
_OFFSETS = frozenset(
    [
        "offset", "skip", "startindex", "startat", "start", "from", "firstresult", "begin", "startposition",
        "pageoffset", "startrow", "position", "startfrom", "rowoffset", "recordoffset", "resultoffset", "skipcount",
        "firstindex", "firstrow", "fromindex", "startrecord", "firstrecord", "startingat", "beginindex", "toskip",
        "itemoffset", "offsetby", "startoffset", "listoffset", "skiprows", "skiprecords", "skipresults",
    ]
)  # fmt: skip
_PAGES = frozenset(
    [
        "page", "pagenumber", "pagenum", "pageno", "pageindex", "currentpage", "p", "pg", "paged", "pagenr",
        "pageid", "pagepage", "startpage", "whichpage", "requestedpage", "resultpage", "resultspage", "pagecurrent",
    ]
)  # fmt: skip
_CURSORS = frozenset(
    [
        "cursor", "after", "pagetoken", "nexttoken", "continuationtoken", "continuation", "continuefrom", "startcursor",
        "nextcursor", "pagecursor", "pageafter", "pageinfo", "scrollid", "marker", "nextpagetoken", "nextpage",
        "nextpagekey", "bookmark", "token", "next", "continue", "searchafter", "aftercursor", "fromcursor", "pagekey",
        "exclusivestartkey", "startkey", "nextkey", "querylocator", "cursormark", "paginationtoken", "pagingtoken",
        "nextmarker", "pagemarker", "cursorafter", "paginationkey", "nextpagecursor", "cursorid", "cursortoken",
        "starttoken", "startingtoken", "pagestate", "pagestartcursor", "resumetoken", "skiptoken", "nextpageid",
        "pagingcursor", "paginationcursor", "cursornext", "pagenext", "nextid", "pagebookmark",
    ]
)  # fmt: skip
_IDS = frozenset(
    [
        "sinceid", "afterid", "lastid", "startingafter", "startafter", "fromid", "lastseenid", "idafter", "idgt",
        "startafterid", "lastitemid", "greaterthanid", "minid", "afteruuid", "idgreaterthan", "startid", "lastitem",
        "startingid", "lastkey", "sinceuuid", "previouslastid", "idfrom", "cursorlastid",
    ]
)  # fmt: skip
# Only the way back, or the way of one side of many: no way on.
_BACK = re.compile(r"before|prev|ending|until|max_?id", re.IGNORECASE)

_SAYS_SIZE = re.compile(
    r"\b(per|each|every|a|one|single) (page|request|call|response|query|api call)\b|page size|size of (the|a|each) page"
    r"|(number|amount|count|maximum|max|how many|limit\w*)\b.{0,40}\b(to (be )?(return|retriev|fetch|list|show|include|display|get)\w*|returned|retrieved|fetched)"
    r"|\b(limit|maximum number) (of|on|for) |limits? the (number|results?)",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_OFFSET = re.compile(
    r"index of the first|\bskip|\boffset\b|starting (index|position|row|point|record|item)|start(ing)? (at|from) (the )?(index|position|row|record|item|result)"
    r"|(index|position|row|number) (of|from) (the )?(first|start\w*|record|row|item|result|which)|from which to (start|begin|return)|zero-based index|point in the list",
    re.IGNORECASE,
)
_SAYS_PAGE = re.compile(
    r"\bpage (number|no\b|index|num\b)|number of the page|\bpage (of (the )?(results?|items?|records?|data|list)|"
    r"to (be )?(return|retriev|fetch|get|show|display|view|load|start)\w*|you|being|requested)"
    r"|(which|what|specific|current|requested|desired|first|nth) page\b|^(the )?(result(s)? )?page\.?$",
    re.IGNORECASE,
)
_SAYS_CURSOR = re.compile(
    r"\bcursor|\b(page|paging|pagination|continuation|next|opaque)[- _]?(page[- _]?)?token|\btoken\b.{0,60}\b(page|next|previous|response)"
    r"|\b(page|next|previous|response)\b.{0,60}\btoken\b|\bopaque\b|continuation|\bbookmark"
    r"|(return|provid|given|receiv|obtain|found|includ|present|contain)\w*.{0,30}\b(previous|prior|last|preceding|earlier) (page|request|response|call|query|answer)"
    r"|(from|in|of) (the|a|your) (previous|prior|last|preceding) (page|request|response|call|query)",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_ID = re.compile(
    r"\b(ids?|identifier|uuid)\b.{0,50}\b(last|previous|greater|after|larger|higher|newer|begin|start|more recent)\b"
    r"|\b(last|after|greater than|larger than|newer than|higher than|following|since|beyond)\b.{0,40}\b(ids?|identifier|uuid)\b"
    r"|\blast (item|record|object|row|entry|element|resource)\b",
    re.IGNORECASE | re.DOTALL,
)
_DATED = re.compile(r"date|time|timestamp|epoch|iso[- ]?8601|yyyy|\bday\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one route by what they are for. `ways` are those that a walk may go on by."""

    size: Parameter | None
    ways: dict[Way, Parameter]


def asked(endpoint: Endpoint) -> Asked:
    query = [each for each in endpoint.parameters if each.place == "query"]
    current = [each for each in query if not _is_old(each)] or query
    ways: dict[Way, Parameter] = {}
    for each in current:
        way = _way(each)
        if way is not None and _is_better(each, way, ways):
            ways[way] = each
    taken = [each.name for each in ways.values()]
    sizes = [each for each in current if each.name not in taken and _is_size(each)]
    size = min(sizes, key=_rank_of_size, default=None)
    return Asked(size, ways)


def _is_old(parameter: Parameter) -> bool:
    told = parameter.description[:40].lower()
    return parameter.schema.get("deprecated") is True or "deprecated" in told


def _name(parameter: Parameter) -> str:
    """Squashed, without a word that only says that it is about paging: `paging.limit`, `list[limit]`."""
    pieces = words(parameter.name)
    if len(pieces) > 1 and pieces[0] in {"pagination", "paging", "pager", "list", "query", "filter", "opt"}:
        pieces = pieces[1:]
    return "".join(pieces)


def _is_better(parameter: Parameter, way: Way, ways: dict[Way, Parameter]) -> bool:
    """Of two for one way the one with the clearer name; of equals the first."""
    if way not in ways:
        return True
    clear = {"offset": _OFFSETS - {"from", "start"}, "page_number": _PAGES, "cursor": _CURSORS - {"token", "next"},
             "id_after": _IDS}[way]  # fmt: skip
    return _name(parameter) in clear and _name(ways[way]) not in clear


def _rank_of_size(parameter: Parameter) -> tuple[bool, bool]:
    name = _name(parameter)
    return name not in _SIZES, name in {"first", "max", "n", "count", "results", "rows", "size", "amount"}


def _is_size(parameter: Parameter) -> bool:
    if not _counts(parameter):
        return False
    name = _name(parameter)
    if name in _SIZES:
        return True
    pieces = words(parameter.name)
    if not pieces or not _SAYS_SIZE.search(_told(parameter)):
        return False
    return pieces[-1] in {"limit", "size", "count", "max", "results", "rows", "page", "items"} or pieces[
        0
    ] in {"limit", "max"}


def _counts(parameter: Parameter) -> bool:
    """Whether its value is a number, also one that is declared as text."""
    if is_whole_number(parameter.schema) or not kinds(parameter.schema):
        return True
    values = [str(each) for each in samples(parameter.schema)]
    numeric = bool(values) and all(each.isdigit() for each in values)
    return is_text(parameter.schema) and (
        numeric or _name(parameter) in _SIZES - {"first", "max", "top", "n"}
    )


def _told(parameter: Parameter) -> str:
    return f"{parameter.description} {text_of(parameter.schema)}".strip()


def _way(parameter: Parameter) -> Way | None:
    if kinds(parameter.schema) & {"boolean", "array", "object"} or _BACK.search(parameter.name):
        return None
    named = _by_name(parameter)
    if named is None:
        return None
    told = _by_description(parameter)
    if not told or named in told:
        return named if _fits(parameter, named) else _other(parameter, told)
    return _other(parameter, told) or named


def _by_name(parameter: Parameter) -> Way | None:
    name = _name(parameter)
    if name in _IDS:
        return "id_after"
    if name in _CURSORS:
        return "cursor"
    if name in _PAGES:
        return "page_number"
    if name in _OFFSETS and not _is_dated(parameter):
        return "offset"
    if name == "since" and _SAYS_ID.search(_told(parameter)) and not _is_dated(parameter):
        return "id_after"
    return _by_last_word(parameter)


def _by_last_word(parameter: Parameter) -> Way | None:
    """`contacts_offset`, `resultsPage`: a word of paging at the end, if the description is about that."""
    last = (words(parameter.name) or ("",))[-1]
    told = _by_description(parameter)
    ways: dict[str, Way] = {
        "offset": "offset",
        "skip": "offset",
        "page": "page_number",
        "cursor": "cursor",
        "token": "cursor",
    }
    way = ways.get(last)
    return way if way in told else None


def _by_description(parameter: Parameter) -> list[Way]:
    """What the description may mean, the most telling first."""
    told = _told(parameter)
    found: list[Way] = []
    if _SAYS_CURSOR.search(told):
        found.append("cursor")
    if _SAYS_ID.search(told):
        found.append("id_after")
    if _SAYS_PAGE.search(told):
        found.append("page_number")
    if _SAYS_OFFSET.search(told):
        found.append("offset")
    return found


def _fits(parameter: Parameter, way: Way) -> bool:
    """An offset and a page are numbers. A cursor may be one."""
    if way in {"cursor", "id_after"}:
        return True
    return _counts(parameter) or (not parameter.schema.get("format") and not _by_description(parameter))


def _other(parameter: Parameter, told: list[Way]) -> Way | None:
    """The first way that the description means and the type allows."""
    number = is_whole_number(parameter.schema)
    allowed = [
        way
        for way in told
        if (way in {"offset", "page_number"}) == number or not kinds(parameter.schema) or way == "id_after"
    ]
    return allowed[0] if allowed else None


def _is_dated(parameter: Parameter) -> bool:
    schema = parameter.schema
    if schema.get("format") in {"date", "date-time"}:
        return True
    return bool(_DATED.search(_told(parameter))) and not _SAYS_OFFSET.search(_told(parameter))
