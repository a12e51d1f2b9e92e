"""Parameters that ask for what changed since, or for a window of time."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from tidegate.authoring.description import Endpoint, Parameter, Schema, Since
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.keys import made_of, version_of
from tidegate.authoring.listings.shapes import Shapes, is_whole_number, kinds, told_of
from tidegate.authoring.listings.vocabulary import ASKED_CHANGES, ASKED_MAKES, DATED, ENDS, STARTS
from tidegate.authoring.listings.words import words

_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "six": 6}
_SENTENCES = re.compile(r"(?<=[.!?;])\s|\n")


@dataclass(frozen=True, slots=True)
class Window:
    since: Since
    todo: tuple[str, ...] = ()


def window_of(
    endpoint: Endpoint, shapes: Shapes, row: Schema, taken: Collection[str | None] = ()
) -> Window | None:
    """The filter by time that serves loads best: one by change, else any window, else one by creation.

    Parameters in `taken` serve something else: `startAt` may be an offset.
    """
    query = [each for each in endpoint.parameters if each.place == "query" and each.name not in taken]
    starts = [each for each in query if _is_edge(each, STARTS, ENDS)]
    if not starts:
        return None
    start = min(starts, key=_rank)
    ends = [each for each in query if _is_edge(each, ENDS, STARTS - {"after"})]
    end = next((each for each in ends if _core(each) == _core(start)), None)
    since = Since(
        start_param=start.name,
        end_param=end.name if end is not None else None,
        attribute=_attribute(start, shapes, row),
        wire=_wire(start),
        required=start.required,
        max_days=_longest(endpoint, start, end),
    )
    return Window(since, tuple(_notes(start, end, since)))


def _is_edge(parameter: Parameter, edges: frozenset[str], others: frozenset[str]) -> bool:
    pieces = set(words(parameter.name))
    if "since" in pieces:
        others -= {"to", "max"}
    if not pieces & edges or pieces & others or kinds(parameter.schema) & {"boolean", "object", "array"}:
        return False
    if parameter.schema.get("format") in {"date", "date-time", "unix-time"}:
        return True
    told = told_of(parameter)
    if says.DATE.search(told):
        return True
    return bool(pieces & (DATED | ASKED_CHANGES | ASKED_MAKES)) and not says.A_PLACE.search(told)


def _rank(parameter: Parameter) -> int:
    pieces = set(words(parameter.name))
    if pieces & ASKED_CHANGES or says.OF_CHANGE.search(parameter.description[: says.MOST]):
        return 0
    return 2 if pieces & ASKED_MAKES else 1


def _core(parameter: Parameter) -> tuple[str, ...]:
    """The words of a name but for those of edges: the same for both ends of a window."""
    return tuple(piece for piece in words(parameter.name) if piece not in STARTS | ENDS)


def _attribute(start: Parameter, shapes: Shapes, row: Schema) -> str | None:
    if _rank(start) == 0:
        return version_of(shapes, row)
    told = set(re.findall(r"[a-z_]+", told_of(start).lower()))
    named = [name for name in shapes.properties(row) if len(name) > 3 and name.lower() in told]
    dated = [name for name in named if set(words(name)) & (DATED | ASKED_MAKES)]
    return dated[0] if dated else made_of(shapes, row, created=bool(set(words(start.name)) & ASKED_MAKES))


def _wire(start: Parameter) -> Literal["datetime", "date", "epoch"]:
    told, kind = told_of(start), start.schema.get("format")
    if is_whole_number(start.schema) or kind == "unix-time" or says.EPOCH.search(told):
        return "epoch"
    if kind in {"date", "date-time"}:
        return "date" if kind == "date" else "datetime"
    if says.DAY.search(told):
        return "datetime" if says.CLOCK.search(says.DAY.sub(" ", told)) else "date"
    is_day = (words(start.name) or ("",))[-1] in {"date", "day"} and not says.TIME.search(told)
    return "date" if is_day else "datetime"


def _longest(endpoint: Endpoint, start: Parameter, end: Parameter | None) -> int | None:
    texts = [start.description, end.description if end is not None else "", endpoint.description]
    sentences = [each for text in texts for each in _SENTENCES.split(text[: says.MOST])]
    for sentence in sentences:
        found = says.LENGTH.search(sentence)
        if found is not None and says.SPAN.search(sentence):
            number, unit = found[1] or found[3], (found[2] or found[4]).lower()
            return (_NUMBERS.get(number.lower()) or int(number)) * _DAYS[unit]
    return None


def _notes(start: Parameter, end: Parameter | None, since: Since) -> list[str]:
    notes = []
    if end is not None and not start.required and says.BOTH.search(f"{told_of(start)} {told_of(end)}"):
        notes.append(f"The description ties {start.name} and {end.name} together: send both or neither.")
    if since.attribute is None:
        notes.append(f"Which field of a row {start.name} goes by is not told: look it up.")
    if since.wire == "epoch" and says.MILLISECONDS.search(told_of(start)):
        notes.append(f"{start.name} is in milliseconds.")
    if end is not None and since.max_days is None:
        notes.append(f"How long a window from {start.name} to {end.name} may be is not told: look it up.")
    return notes
