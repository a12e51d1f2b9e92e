"""What descriptions say in words: of the size of a page, of ways to go on, of bounds, of time.

All is looked for in the first `MOST` characters, with bounded patterns: a description may be of any length.
"""

from __future__ import annotations

import re

MOST = 4000


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE | re.DOTALL)


_BEFORE = r"(?:previous|prior|last|preceding|earlier)"
_SHOWN = r"(?:to (?:be )?(?:return|retriev|fetch|list|show|include|display|get)|(?:return|retriev|fetch)ed)"
_THINGS = r"(?:index|position|row|record|item|result)"

# -- parameters

SIZE = _any(
    r"\b(?:per|each|every|a|one|single) (?:page|request|call|response|query|api call)\b",
    r"\bpage size|size of (?:the|a|each) page",
    rf"\b(?:number|amount|count|maximum|max|how many|limit\w*)\b.{{0,40}}\b{_SHOWN}",
    r"\b(?:limit|maximum number) (?:of|on|for) |limits? the (?:number|results?)",
)
OFFSET = _any(
    r"index of the first|\bskip|\boffset\b|zero-based index|point in the list",
    rf"\bstarting (?:point|{_THINGS})|\bstart(?:ing)? (?:at|from) (?:the )?{_THINGS}",
    rf"\b(?:number|{_THINGS}) (?:of|from) (?:the )?(?:first|start\w*|which|{_THINGS})",
    r"\bfrom which to (?:start|begin|return)",
)
PAGE = _any(
    r"\bpage (?:number|no\b|index|num\b)|number of the page|^(?:the )?(?:results? )?page\.?$",
    r"\bpage (?:of (?:the )?(?:results?|items?|records?|data|list)|you|being|requested)",
    r"\bpage to (?:be )?(?:return|retriev|fetch|get|show|display|view|load|start)",
    r"\b(?:which|what|specific|current|requested|desired|first|nth) page\b",
)
CURSOR = _any(
    r"\bcursor|\bopaque\b|continuation|\bbookmark",
    r"\b(?:page|paging|pagination|next)[- _]?(?:page[- _]?)?token",
    r"\btoken\b.{0,60}\b(?:page|next|previous|response)|\b(?:page|next|previous|response)\b.{0,60}\btoken\b",
    r"\b(?:return|provid|given|receiv|obtain|found|includ|present|contain)\w*.{0,30}\b"
    rf"{_BEFORE} (?:page|request|response|call|query|answer)",
    rf"\b(?:from|in|of) (?:the|a|your) {_BEFORE} (?:page|request|response|call|query)",
)
_ID = r"\b(?:ids?|identifier|uuid)\b"
LAST_ID = _any(
    rf"{_ID}.{{0,50}}\b(?:last|previous|greater|after|larger|higher|newer|begin|start|more recent)\b",
    r"\b(?:last|after|greater than|larger than|newer than|higher than|following|since|beyond)\b"
    rf".{{0,40}}{_ID}",
    r"\blast (?:item|record|object|row|entry|element|resource)\b",
)
NO_ID = _any(r"\bopaque\b", r"(?:\bnot|n't) (?:\w+ ){0,2}(?:correspond|refer|relate|match|equal)")
LAST_ROW = _any(r"\blast (?:item|record|object|row|entry|element)", r"\bids?\b")
DATE = _any(r"\bdate|\btime\b|timestamp|\bepoch\b|iso[- ]?8601|yyyy|rfc[- ]?3339|\bday\b")

# -- the size of a page

_NUMBER = r"[`*\"'(]{0,3}(\d{1,3}(?:[, _]\d{3})+|\d+)\b(?![.:/-]\d)"
_KIND = r"(?: (?:value|number|size|limit|amount|count|page|of|results|items|records|rows|entries)){0,4}"
_IS = r"(?: per page| allowed)?(?: ?(?:is|of|:|=|-|to|set|being)){0,3}"
_AND = r"(?:and|to|-|\u2013|\.\.|,)"
MAXIMA = tuple(
    re.compile(f"{pattern} ?{_NUMBER}", re.IGNORECASE)
    for pattern in (
        rf"\bmax(?:imum)?\.?(?: (?:allowed|possible|permitted|supported))?{_KIND}{_IS}",
        r"\bup to(?: a maximum of)?",
        r"\b(?:no|not|never)(?: be)? (?:more|greater|larger|higher|bigger) than",
        r"\bat most",
        r"\b(?:can(?:not|'t| not)|must ?n[o']t|may not|should not|not) exceed",
        r"\b(?:less|lower|smaller) than or equal to",
        r"(?:<=|\u2264)",
        r"\b(?:capped|limited) (?:at|to)",
        r"\b(?:upper|hard|size) (?:limit|bound)(?: is| of|:)?",
        r"(?<![\d-])\b(?:between|from|in the range|range:?)? ?[`*\"'(\[]{0,2}\d{1,3}[`*\"']{0,2} ?" + _AND,
        r"(?<!default )\blimit(?: is|:| of)",
    )
)
MAXIMA_BEHIND = re.compile(
    _NUMBER + r"[`*\"']{0,2} ?(?:is the max|max\b|maximum\b|at most|or (?:less|fewer))", re.IGNORECASE
)
DEFAULT = re.compile(
    r"\bdefaults?(?: (?:value|limit|size|page size))?(?: ?(?:is|to|of|:|=)){0,2} ?" + _NUMBER, re.IGNORECASE
)
ABOUT_PAGES = _any(
    r"\b(?:per page|page|limit|per request|per call|at a time|results?|rows?|records?|items?)\b"
)
_FIRST = r"(?:start|begin)(?:s|ning|ing)?(?: (?:at|from|with))? (?:page )?[`'\"]?"
FROM_ZERO = _any(
    r"\b(?:zero|0)[- ](?:based|indexed)", rf"\b{_FIRST}(?:0|zero)\b",
    r"\bfirst page(?: number)?(?: is|:| ?=) ?[`'\"]?(?:0|zero)\b",
    r"(?<!\d)[`'\"]?(?:0|zero)[`'\"]? (?:is|for|means|=) (?:the )?first",
)  # fmt: skip
FROM_ONE = _any(
    r"\b(?:one|1)[- ](?:based|indexed)", rf"\b{_FIRST}(?:1|one)\b",
    r"\bfirst page(?: number)?(?: is|:| ?=) ?[`'\"]?(?:1|one)\b",
)  # fmt: skip

# -- answers

OF_A_PAGE = _any(
    r"\b(?:this|current|the|each|a|per) (?:page|response|batch|result set)\b",
    r"\breturned\b",
    r"\bin (?:the )?(?:page|response)\b",
)
OF_ALL = _any(r"\btotal|\ball\b|\boverall\b|\bmatching\b|\bavailable\b|\bwhole\b")
A_LINK = _any(r"\b(?:urls?|uris?|links?|href|hyperlink|endpoint|address)\b")
A_TOKEN = _any(r"\b(?:cursor|token|opaque|identifier|key|marker)\b")
LINK_HEADER = _any(
    r"\blinks?[`'\"]{0,2} (?:response )?headers?\b",
    r"\bheaders?\b.{0,20}[`'\"]link[`'\"]",
    r"\brel=[\\\"'`]*next",
)
PAGED = _any(r"\bpaginat", r"\bpaged\b", r"\bnext page\b")
NAMED_ARRAY = re.compile(r"[`'\"](\w{1,60})[`'\"] (?:array|list)\b")
UNIQUE = _any(r"\bunique (?:id|identifier|key|code|number|reference|name)", r"\buniquely identif")
TOGETHER = re.compile(
    r"\b(?:combination|pair|tuple) of [`'\"]?(\w+)[`'\"]?(?:, [`'\"]?(\w+)[`'\"]?)?,? and [`'\"]?(\w+)[`'\"]?"
    r"|\bunique (?:per|by|for each|for every) [`'\"]?(\w+)[`'\"]? and [`'\"]?(\w+)",
    re.IGNORECASE,
)

# -- time

EPOCH = _any(r"\bunix|\bepoch\b|timestamp in (?:milli)?seconds|seconds since")
CLOCK = _any(r"hh|T\d\d|date-?time|rfc[- ]?3339|timestamp")
TIME = _any(CLOCK.pattern, r"time ?zone|utc|\btime\b")
DAY = _any(r"yyyy[-/]mm[-/]dd", r"\b\d{4}-\d\d-\d\d\b")
MILLISECONDS = _any(r"millisecond")
OF_CHANGE = _any(r"\b(?:updated|modified|changed)\b")
A_PLACE = _any(r"\bids?\b|cursor|\bindex\b|\brows?\b|offset|\bpage\b")
BOTH = _any(
    r"(?:mandatory|required|must|needed|both|together|only|compulsory)\b.{0,60}\b"
    r"(?:end|to|until|before|start|from|since|after|both)"
)
_UNIT = r"[ -]?(day|week|month|year)s?"
_MORE = r"(?:more|greater|longer|larger) than"
LENGTH = _any(
    rf"\b(?:max(?:imum)?\.?|at most|up to|exceed\w*|{_MORE}|within|limit(?:ed to)?)"
    rf"\b[^.\d]{{0,60}}?(\d{{1,4}}|\b(?:one|two|three|six|a)\b){_UNIT}",
    rf"\b(\d{{1,4}}){_UNIT} (?:max(?:imum)?|at most|window|range|period|interval)",
)
SPAN = _any(r"\b(?:range|period|window|interval|span|between|difference|date|apart|duration)")
QUOTA = _any(
    r"\brate[- ]limit|\bthrottl|\bquota",
    r"\brequests? (?:per|every|a|each|an|\d+) ?(?:second|minute|hour|day)|\b\d+ requests?\b",
)


def sentence_around(found: re.Match[str], longest: int) -> str:
    """The sentence in which something was found, on one line."""
    text = found.string
    begin = max(text.rfind(end, 0, found.start()) for end in (". ", "\n", "! ")) + 1
    ends = [at for end in (". ", "\n") if (at := text.find(end, found.end())) >= 0]
    whole = " ".join(text[begin : min(ends, default=len(text)) + 1].split())
    return whole if len(whole) <= longest else f"{whole[:longest]}..."
