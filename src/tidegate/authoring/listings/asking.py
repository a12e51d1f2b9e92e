"""What the query parameters of a route are for: the size of a page, and the ways to go on.

A name suggests it; what a description says clearly goes before the name, since `offset` may well be a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tidegate.authoring.description import Api, Endpoint, Parameter
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.shapes import is_text, is_whole_number, kinds, samples, told_of
from tidegate.authoring.listings.vocabulary import CURSORS, IDS, OFFSETS, PAGES, SIZES, UNSURE_SIZES
from tidegate.authoring.listings.words import squashed, words

Way = Literal["offset", "page_number", "cursor", "id_after"]

# Only the way back, or the way of one side of many: no way on.
_BACK = re.compile(r"before|prev|ending|until|max_?id", re.IGNORECASE)
_NAMES: dict[Way, frozenset[str]] = {
    "id_after": IDS | {"since"},
    "cursor": CURSORS,
    "page_number": PAGES,
    "offset": OFFSETS,
}
# These are other things as often (a date, a secret): a description or a type must bear them out.
_UNSURE = frozenset(["from", "start", "begin", "position", "since", "token", "startfrom", "startingat", "p"])
_OTHER_ENDS = frozenset(["to", "end", "until", "stop", "enddate", "endtime", "finish"])
_LAST_WORDS: dict[str, Way] = {
    "offset": "offset", "skip": "offset", "page": "page_number", "cursor": "cursor", "token": "cursor"
}  # fmt: skip
_SIZE_ENDS = frozenset(["limit", "size", "count", "max", "results", "rows", "page", "items"])
_SAYS: dict[Way, re.Pattern[str]] = {
    "cursor": says.CURSOR,
    "id_after": says.LAST_ID,
    "page_number": says.PAGE,
    "offset": says.OFFSET,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one route by what they are for. `ways` are those that a walk may go on by."""

    size: Parameter | None
    ways: dict[Way, Parameter]


def copied_texts(api: Api) -> frozenset[str]:
    """Descriptions that stand at parameters of several names: they tell less than a name does."""
    names: dict[str, set[str]] = {}
    for endpoint in api.endpoints:
        for each in endpoint.parameters:
            names.setdefault(each.description, set()).add(squashed(each.name))
    return frozenset(told for told, known in names.items() if told and len(known) > 1)


def asked(endpoint: Endpoint, copied: frozenset[str] = frozenset()) -> Asked:
    """`copied` are descriptions that are not to be trusted."""
    query = [each for each in endpoint.parameters if each.place == "query"]
    current = [each for each in query if not _is_old(each)] or query
    is_window = any(squashed(each.name) in _OTHER_ENDS for each in current)
    ways: dict[Way, Parameter] = {}
    for each in current:
        way = _way(each, is_copied=each.description in copied, is_window=is_window)
        if way is not None and _is_better(each, way, ways):
            ways[way] = each
    taken = [each.name for each in ways.values()]
    sizes = [each for each in current if each.name not in taken and _is_size(each)]
    return Asked(min(sizes, key=_rank_of_size, default=None), ways)


def _is_old(parameter: Parameter) -> bool:
    return parameter.schema.get("deprecated") is True or "deprecated" in parameter.description[:40].lower()


def _name(parameter: Parameter) -> str:
    """Squashed, without a word that only says that it is about paging: `paging.limit`, `list[limit]`."""
    pieces = words(parameter.name)
    if len(pieces) > 1 and pieces[0] in {"pagination", "paging", "pager", "list", "query", "filter", "opt"}:
        pieces = pieces[1:]
    return "".join(pieces)


# -- the size of a page


def _rank_of_size(parameter: Parameter) -> tuple[bool, bool]:
    name = _name(parameter)
    return name not in SIZES, name in UNSURE_SIZES


def _is_size(parameter: Parameter) -> bool:
    if not _counts(parameter):
        return False
    if _name(parameter) in SIZES:
        return True
    pieces = words(parameter.name)
    speaks_of_it = bool(pieces) and (pieces[-1] in _SIZE_ENDS or pieces[0] in {"limit", "max"})
    return speaks_of_it and says.SIZE.search(told_of(parameter)) is not None


def _counts(parameter: Parameter) -> bool:
    """Whether its value is a number, also one that is declared as text."""
    if is_whole_number(parameter.schema) or not kinds(parameter.schema):
        return True
    values = [str(each) for each in samples(parameter.schema)]
    numeric = bool(values) and all(each.isdigit() for each in values)
    return is_text(parameter.schema) and (numeric or _name(parameter) in SIZES - UNSURE_SIZES)


# -- the ways on


def _is_better(parameter: Parameter, way: Way, ways: dict[Way, Parameter]) -> bool:
    """Of two for one way the one with the clearer name; of equals the first."""
    clear = _NAMES[way] - _UNSURE
    return way not in ways or (_name(parameter) in clear and _name(ways[way]) not in clear)


def _way(parameter: Parameter, *, is_copied: bool, is_window: bool) -> Way | None:
    if kinds(parameter.schema) & {"boolean", "array", "object"} or _BACK.search(parameter.name):
        return None
    named = _by_name(parameter, is_window=is_window)
    if named is None:
        return None
    told = _by_description(parameter)
    if told and named not in told and not is_copied:
        return _other(parameter, told) or named
    return named if _fits(parameter, named) else _other(parameter, told)


def _by_name(parameter: Parameter, *, is_window: bool) -> Way | None:
    name, told = _name(parameter), _by_description(parameter)
    way = next((each for each, names in _NAMES.items() if name in names), None)
    if way is None:
        return _by_last_word(parameter, told)
    if name in _UNSURE and way not in told:
        sure = way == "offset" and is_whole_number(parameter.schema) and not is_window
        return way if sure and not _is_dated(parameter) else None
    return None if _is_dated(parameter) else way


def _by_last_word(parameter: Parameter, told: list[Way]) -> Way | None:
    """`contacts_offset`, `resultsPage`: a word of paging at the end, if the description is about that."""
    way = _LAST_WORDS.get((words(parameter.name) or ("",))[-1])
    return way if way in told else None


def _by_description(parameter: Parameter) -> list[Way]:
    """What the description may mean, the most telling first."""
    told = told_of(parameter)
    return [way for way, pattern in _SAYS.items() if pattern.search(told)]


def _fits(parameter: Parameter, way: Way) -> bool:
    """An offset and a page are numbers. A cursor may be one."""
    if way in {"cursor", "id_after"} or _counts(parameter):
        return True
    return not parameter.schema.get("format") and _by_description(parameter) in ([], [way])


def _other(parameter: Parameter, told: list[Way]) -> Way | None:
    """The first way that the description means and the type allows."""
    is_number, is_untyped = is_whole_number(parameter.schema), not kinds(parameter.schema)
    fit = [way for way in told if way == "id_after" or is_untyped or (way != "cursor") == is_number]
    return fit[0] if fit else None


def _is_dated(parameter: Parameter) -> bool:
    """Whether it is a moment: `from`, `start`, `since` and `after` may be one."""
    if parameter.schema.get("format") in {"date", "date-time"}:
        return True
    if is_whole_number(parameter.schema) and _name(parameter) not in _UNSURE:
        return False
    told = told_of(parameter)
    return says.DATE.search(told) is not None and not any(p.search(told) for p in _SAYS.values())
