"""Parameters that ask for what changed since, or for a window of time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tidegate.authoring.description import Endpoint, Parameter, Schema, Since
from tidegate.authoring.listings.keys import made_of, version_of
from tidegate.authoring.listings.shapes import Shapes, is_whole_number, kinds, samples, text_of
from tidegate.authoring.listings.words import words

_STARTS = frozenset(
    [
        "since",
        "after",
        "start",
        "from",
        "begin",
        "min",
        "gte",
        "gt",
        "ge",
        "minimum",
        "oldest",
        "lower",
        "starting",
        "newer",
    ]
)
_ENDS = frozenset(
    [
        "until",
        "before",
        "end",
        "to",
        "max",
        "lte",
        "lt",
        "le",
        "maximum",
        "latest",
        "upper",
        "till",
        "ending",
        "older",
        "through",
    ]
)
_CHANGES = frozenset(
    [
        "updated",
        "update",
        "modified",
        "changed",
        "modification",
        "edited",
        "lastmodified",
        "updatedat",
        "modifiedsince",
        "modify",
        "change",
    ]
)
_MAKES = frozenset(["created", "creation", "create", "added", "createdat", "createdsince"])
_DATED = frozenset(["date", "time", "datetime", "timestamp", "day", "at", "ts", "on"])
_SAYS_DATE = re.compile(
    r"\bdate|\btime\b|timestamp|\bepoch\b|iso[- ]?8601|yyyy|rfc[- ]?3339|\bday\b", re.IGNORECASE
)
_SAYS_EPOCH = re.compile(r"\bunix|\bepoch\b|timestamp in (milli)?seconds|seconds since", re.IGNORECASE)
_SAYS_TIME = re.compile(
    r"hh|T\d\d|time ?zone|utc|iso[- ]?8601|date-?time|rfc[- ]?3339|\btime\b", re.IGNORECASE
)
_DAY = re.compile(r"yyyy[-/]mm[-/]dd|\b\d{4}-\d\d-\d\d\b", re.IGNORECASE)
_LENGTH = re.compile(
    r"(?:max(?:imum)?\.?|at most|up to|exceed\w*|more than|greater than|longer than|within|limited to|no larger than|limit)\b[^.\d]{0,60}?(\d+|one|two|three|six|a)[ -]?(day|week|month|year)s?"
    r"|(\d+)[ -]?(day|week|month|year)s? (?:max(?:imum)?|at most|window|range|period|interval)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(range|period|window|interval|span|between|difference|date|apart|duration)", re.IGNORECASE
)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "six": 6}
_BOTH = re.compile(
    r"(mandatory|required|must|needed|both|together|only|compulsory)\b.{0,60}\b(end|to|until|before|start|from|since|after|both)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    since: Since
    todo: tuple[str, ...] = ()


def window_of(endpoint: Endpoint, shapes: Shapes, row: Schema) -> Window | None:
    """The filter by time that serves loads best: one by change, else one by creation, else any."""
    starts = [
        each for each in endpoint.parameters if each.place == "query" and _is_edge(each, _STARTS, _ENDS)
    ]
    if not starts:
        return None
    start = min(starts, key=_rank)
    end = _end_of(endpoint, start)
    attribute = _attribute(start, shapes, row)
    wire = _wire(start)
    since = Since(
        start_param=start.name,
        end_param=end.name if end is not None else None,
        attribute=attribute,
        wire=wire,
        required=start.required,
        max_days=_longest(endpoint, start, end),
    )
    return Window(since, tuple(_notes(endpoint, start, end, since)))


def _is_edge(parameter: Parameter, edges: frozenset[str], others: frozenset[str]) -> bool:
    pieces = set(words(parameter.name))
    if not pieces & edges or pieces & (others - {"to", "at", "max"} if "since" in pieces else others):
        return False
    if kinds(parameter.schema) & {"boolean", "object", "array"}:
        return False
    return _is_dated(parameter, pieces)


def _is_dated(parameter: Parameter, pieces: set[str]) -> bool:
    if parameter.schema.get("format") in {"date", "date-time", "unix-time"}:
        return True
    told = _told(parameter)
    if re.search(
        r"\bids?\b|cursor|\bindex\b|\brows?\b|offset|\bpage\b", told, re.IGNORECASE
    ) and not _SAYS_DATE.search(told):
        return False
    return bool(pieces & (_DATED | _CHANGES | _MAKES)) or bool(_SAYS_DATE.search(told))


def _told(parameter: Parameter) -> str:
    values = " ".join(str(each) for each in samples(parameter.schema))
    return f"{parameter.description} {text_of(parameter.schema)} {values}"


def _rank(parameter: Parameter) -> int:
    pieces = set(words(parameter.name))
    told = parameter.description.lower()
    if pieces & _CHANGES or re.search(r"\b(updated|modified|changed)\b", told):
        return 0
    return 2 if pieces & _MAKES else 1


def _end_of(endpoint: Endpoint, start: Parameter) -> Parameter | None:
    """The other edge: the parameter whose name is the same but for the words of edges."""
    ends = [
        each
        for each in endpoint.parameters
        if each.place == "query" and _is_edge(each, _ENDS, _STARTS - {"after"})
    ]
    return next((each for each in ends if _core(each) == _core(start)), None)


def _core(parameter: Parameter) -> tuple[str, ...]:
    return tuple(piece for piece in words(parameter.name) if piece not in _STARTS | _ENDS)


def _attribute(start: Parameter, shapes: Shapes, row: Schema) -> str | None:
    rank = _rank(start)
    if rank == 0:
        return version_of(shapes, row)
    told = _told(start).lower()
    named = [
        name
        for name in shapes.properties(row)
        if len(name) > 3 and name.lower() in re.findall(r"[a-z_]+", told)
    ]
    if named and set(words(named[0])) & (_DATED | _MAKES):
        return named[0]
    return made_of(shapes, row)


def _wire(start: Parameter) -> Literal["datetime", "date", "epoch"]:
    told = _told(start)
    if is_whole_number(start.schema) or start.schema.get("format") == "unix-time" or _SAYS_EPOCH.search(told):
        return "epoch"
    if start.schema.get("format") == "date":
        return "date"
    if (
        start.schema.get("format") != "date-time"
        and _DAY.search(told)
        and not _SAYS_TIME.search(_DAY.sub(" ", told))
    ):
        return "date"
    return "datetime"


def _longest(endpoint: Endpoint, start: Parameter, end: Parameter | None) -> int | None:
    texts = [
        start.description,
        end.description if end is not None else "",
        endpoint.description,
        endpoint.summary,
    ]
    for told in texts:
        for sentence in re.split(r"(?<=[.!?;])\s|\n", told):
            found = _LENGTH.search(sentence)
            if found is not None and _SPAN.search(sentence):
                number, unit = found[1] or found[3], (found[2] or found[4]).lower()
                return (_NUMBERS.get(number.lower()) or int(number)) * _DAYS[unit]
    return None


def _notes(endpoint: Endpoint, start: Parameter, end: Parameter | None, since: Since) -> list[str]:
    notes = []
    if end is not None and not start.required and _BOTH.search(f"{start.description} {end.description}"):
        notes.append(f"The description ties {start.name} and {end.name} together: send both or neither.")
    if since.attribute is None:
        notes.append(f"Which field of a row {start.name} goes by is not told: look it up.")
    if re.search(r"millisecond", _told(start), re.IGNORECASE) and since.wire == "epoch":
        notes.append(f"{start.name} is in milliseconds.")
    if since.end_param is not None and since.max_days is None:
        notes.append(
            f"How long a window from {start.name} to {since.end_param} may be is not told: look it up."
        )
    return notes
