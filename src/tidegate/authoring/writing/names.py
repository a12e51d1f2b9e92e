"""What each listing of an API is called: its task, table, method, contracts."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tidegate.authoring.writing.words import argument, pascal, singular, snake, unique, words

_VERSION = re.compile(r"v\d+(\.\d+)*|\d+(\.\d+)*")
_ENDING = re.compile(r"\.(json|xml)$", re.IGNORECASE)  # of the file that an address once was
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")  # of a path
# What a module of tasks has of other names.
_KEPT = frozenset({"annotations", "app", "load", "task", "timedelta", "window", "workflow", *dir(builtins)})


@dataclass(frozen=True, slots=True)
class Names:
    """`plural` is the task and, with the API in front, the table; `thing` is one row, in snake case."""

    api: str
    plural: str
    thing: str

    @property
    def table(self) -> str:
        return f"{self.api}_{self.plural}"

    @property
    def constant(self) -> str:
        return self.plural.upper()

    @property
    def method(self) -> str:
        return f"get_{self.plural}"

    @property
    def reads(self) -> str:
        return f"Api{pascal(self.thing)}"

    @property
    def writes(self) -> str:
        return f"Clean{pascal(self.thing)}"

    @property
    def transform(self) -> str:
        return f"to_clean_{self.thing}"


def named(api: str, paths: Sequence[str], all_paths: Iterable[str]) -> Mapping[str, Names]:
    """By path. The shortest end of a path that no other one of `all_paths` has, so that a name stays when
    another listing of the same API is written later.
    """
    ends = {path: _ends(path) for path in dict.fromkeys([*all_paths, *paths])}
    found: dict[str, Names] = {}
    plurals: list[str] = []
    things: list[str] = []
    for path in paths:
        others = {end for other, several in ends.items() if other != path for end in several}
        free = (each for each in ends[path] if each not in others and each not in _KEPT)
        plural = next(free, ends[path][-1])
        plurals.append(unique(argument(f"{plural}_" if plural in _KEPT else plural), plurals))
        things.append(unique(singular(plurals[-1]), things))
        found[path] = Names(api, plurals[-1], things[-1])
    return found


def _ends(path: str) -> list[str]:
    """`/lists/{id}/contacts.json` is contacts, list_contacts; the whole of it last."""
    steps: list[str] = []
    path = _ENDING.sub("", path.rstrip("/"))
    for segment in path.strip("/").split("/"):
        if PLACEHOLDER.fullmatch(segment):
            steps[-1:] = [singular(each) for each in steps[-1:]]
        elif words(PLACEHOLDER.sub("", segment)) and not _VERSION.fullmatch(segment.lower()):
            steps.append(snake(PLACEHOLDER.sub("", segment)))
    if path.endswith("}"):
        steps = ["_".join(steps)]
    steps = steps or ["rows"]
    return ["_".join(steps[-count:]) for count in range(1, len(steps) + 1)]
