"""The largest page that an API takes, and the number of its first page: from schemas, else from sentences."""

from __future__ import annotations

import re
from typing import Any

from tidegate.authoring.description import Endpoint, Parameter
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.shapes import told_of

_MOST = 100_000  # a larger bound is one of the type, not of the API
_SENTENCES = re.compile(r"(?<=[.!?])\s|\n")


def largest_page(endpoint: Endpoint, size: Parameter | None) -> int | None:
    """The documented maximum of a page's size; None where nothing tells it."""
    if size is None:
        return None
    for bound in (_of_schema(size), _of_text(told_of(size))):
        if bound is not None:
            return bound
    sentences = _SENTENCES.split(endpoint.description[: says.MOST])
    about = [each for each in sentences if size.name in each and says.ABOUT_PAGES.search(each)]
    return next((bound for each in about if (bound := _of_text(each)) is not None), None)


def default_size(size: Parameter | None) -> int | None:
    """What is asked for where nothing is said: as the schema has it, or the text."""
    if size is None:
        return None
    found = says.DEFAULT.search(told_of(size))
    return _whole(size.schema.get("default")) or (_whole(found[1]) if found is not None else None)


def first_page(page: Parameter) -> int | None:
    """0 or 1; None where nothing tells it."""
    told = told_of(page)
    if says.FROM_ZERO.search(told):
        return 0
    if says.FROM_ONE.search(told):
        return 1
    for value in (page.schema.get("default"), page.schema.get("minimum")):
        if not isinstance(value, bool) and value in {0, 1, "0", "1"}:
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
    for pattern in (*says.MAXIMA, says.MAXIMA_BEHIND):
        for found in pattern.finditer(told):
            digits = re.sub(r"[,_ ]", "", found[1])
            if len(digits) < 7 and 1 < int(digits) <= _MOST:
                return int(digits)
    return None


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value < 10**9 and value == int(value) else None
