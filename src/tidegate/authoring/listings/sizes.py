"""The largest page that an API takes, and the number of its first page: from schemas, else from sentences."""

from __future__ import annotations

import re
from typing import Any

from tidegate.authoring.description import Endpoint, Parameter
from tidegate.authoring.listings.shapes import text_of

_NUMBER = r"(\d{1,3}(?:[,_ ]\d{3})+|\d+)\b(?![.:/-]\d)"
_MOST = 100_000
_MAXIMA = [
    re.compile(pattern + _NUMBER, re.IGNORECASE)
    for pattern in (
        r"\bmax(?:imum)?\.?(?: (?:allowed|possible|permitted|supported))?(?: (?:value|number|size|limit|amount|count|page size)s?)?"
        r"(?: of (?:results|items|records|rows|entries|objects)(?: per page)?| per page| allowed| is set to)?(?: ?(?:is|of|:|=|-|to|allowed is|being))* ?[`*\"'(]*",
        r"\bup to (?:a maximum of )?[`*\"'(]*",
        r"\b(?:no|not|never) (?:be )?(?:more|greater|larger|higher|bigger) than [`*\"'(]*",
        r"\bat most [`*\"'(]*",
        r"\b(?:can(?:not|'t| not)|must not|may not|should not|not|mustn't) (?:exceed|be (?:greater|more|larger|higher|above) than|be over|be above) [`*\"'(]*",
        r"\bless than or equal to [`*\"'(]*",
        r"(?:<=|≤) ?[`*\"'(]*",
        r"\b(?:capped|limited) (?:at|to) [`*\"'(]*",
        r"\b(?:upper|page|hard|size) (?:limit|bound|maximum)(?: is| of|:)* ?[`*\"'(]*",
        r"\b(?:between|from|range of|ranges? from|in the range|range:?|values?:?)? ?[`*\"'(\[]*\d{1,3}[`*\"']* ?(?:and|to|-|–|\.\.|,) ?[`*\"'(]*(?<!\d{4}-)",
        r"\blimit(?: is|:| of) [`*\"'(]*",
    )
]
_AFTERWARDS = re.compile(
    _NUMBER + r"[`*\"']* ?(?:is the max(?:imum)?|max(?:imum)?\b|at most|or (?:less|fewer)|\(max)",
    re.IGNORECASE,
)
_ABOUT_PAGES = re.compile(
    r"\b(per page|page|limit|per request|per call|at a time|results?|rows?|records?|items?)\b", re.IGNORECASE
)
_FROM_ZERO = re.compile(
    r"\b(zero|0)[- ](based|indexed)|(start|begin)(s|ning|ing)?( (at|from|with|number(ed)?))? (page )?[`'\"]?(0|zero)\b|first page( number)?( is|:|=) ?[`'\"]?(0|zero)\b"
    r"|[`'\"]?(0|zero)[`'\"]? (is|for|means|=) (the )?first",
    re.IGNORECASE,
)
_FROM_ONE = re.compile(
    r"\b(one|1)[- ](based|indexed)|(start|begin)(s|ning|ing)?( (at|from|with|number(ed)?))? (page )?[`'\"]?(1|one)\b|first page( number)?( is|:|=) ?[`'\"]?(1|one)\b",
    re.IGNORECASE,
)


def largest_page(endpoint: Endpoint, size: Parameter | None) -> int | None:
    """The documented maximum of a page's size; None where nothing tells it."""
    if size is None:
        return None
    for bound in (_of_schema(size), _of_text(f"{size.description}. {text_of(size.schema)}")):
        if bound is not None:
            return bound
    about = [each for each in re.split(r"(?<=[.!?])\s|\n", endpoint.description) if _ABOUT_PAGES.search(each)]
    return next(
        (bound for each in about if size.name in each and (bound := _of_text(each)) is not None), None
    )


def default_size(size: Parameter | None) -> int | None:
    if size is None:
        return None
    return _whole(size.schema.get("default"))


def first_page(page: Parameter) -> int | None:
    """0 or 1; None where nothing tells it."""
    told = f"{page.description} {text_of(page.schema)}"
    if _FROM_ZERO.search(told):
        return 0
    if _FROM_ONE.search(told):
        return 1
    for value in (page.schema.get("default"), page.schema.get("minimum")):
        if not isinstance(value, bool) and value in (0, 1, "0", "1"):
            return int(value)
    return 1 if page.schema.get("exclusiveMinimum") == 0 else None


def _of_schema(size: Parameter) -> int | None:
    schema = size.schema
    if (bound := _whole(schema.get("maximum"))) is not None:
        return bound if bound <= _MOST else None
    if (above := _whole(schema.get("exclusiveMaximum"))) is not None and 1 < above <= _MOST:
        return above - 1
    allowed = [_whole(each) for each in schema.get("enum", ())]
    return max((each for each in allowed if each is not None), default=None)


def _of_text(told: str) -> int | None:
    for pattern in (*_MAXIMA, _AFTERWARDS):
        for found in pattern.finditer(told):
            number = int(re.sub(r"[,_ ]", "", found[1]))
            if 1 < number <= _MOST:
                return number
    return None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return int(value) if isinstance(value, int | float) and value == value // 1 and value > 0 else None
