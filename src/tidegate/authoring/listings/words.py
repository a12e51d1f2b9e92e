"""Names as they are written everywhere: `page_size`, `pageSize`, `page[size]` and `$pagesize` are one."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PLURALS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ses", "s"),
    ("s", ""),
)


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """`campaignID` -> `campaign`, `id`."""
    return tuple(piece.lower() for piece in _PIECES.findall(name))


@lru_cache(maxsize=8192)
def squashed(name: str) -> str:
    """`page[size]`, `$pageSize` and `page-size` -> `pagesize`."""
    return "".join(words(name))


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """Of an English word, well enough to compare two: `campaigns`, `categories`, `addresses`."""
    for ending, other in _PLURALS:
        if word.endswith(ending) and len(word) > len(ending) + 1 and not word.endswith(("ss", "us", "is")):
            return word[: -len(ending)] + other
    return word


def resource(path: str) -> tuple[str, ...]:
    """The words of the last step of a path that is no placeholder, each in the singular."""
    steps = [step for step in path.split("/") if step and "{" not in step]
    return tuple(singular(word) for word in words(steps[-1])) if steps else ()
