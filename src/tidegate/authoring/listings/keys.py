"""What identifies a row, and which of its fields says when it changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tidegate.authoring.description import Endpoint, Schema
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.shapes import Shapes, is_moment, is_text, kinds, text_of
from tidegate.authoring.listings.vocabulary import (
    ASKED_MAKES,
    CHANGES,
    FIGURES,
    KEYS,
    MADE,
    MOMENTS,
    NO_MOMENTS,
)
from tidegate.authoring.listings.words import resource, squashed, words


def key_of(
    endpoint: Endpoint, shapes: Shapes, row: Schema, shown: Sequence[Any] = (), single: str | None = None
) -> tuple[str, ...]:
    """Fields that identify a row; none where nothing tells.

    `shown` are rows of examples: a field that one of them lacks is no key. `single` is the placeholder of the
    route that gives one row (`/things/{thing_name}`). Of figures an id says what they are about, no more.
    """
    own = {_parent(endpoint)} | ({"id"} if FIGURES & set(words(endpoint.path)) else set())
    fields = {
        name: shapes.plain(each)
        for name, each in shapes.properties(row).items()
        if name not in own and all(isinstance(one, dict) and one.get(name) is not None for one in shown)
    }
    together = _told_together(f"{endpoint.description[: says.MOST]} {text_of(row)}", fields)
    if together:
        return together
    for name in _named(endpoint, row, fields, single):
        if not kinds(fields[name]) & {"object", "array", "boolean"}:
            return (name,)
    return ()


def _parent(endpoint: Endpoint) -> str | None:
    """The name of the placeholder that a path ends with: in the rows it names what they belong to."""
    found = re.search(r"\{([^{}]+)\}/?$", endpoint.path)
    return found[1] if found is not None else None


def _named(
    endpoint: Endpoint, row: Schema, fields: Mapping[str, Schema], single: str | None
) -> Iterator[str]:
    """Names of fields that may be the key, the likeliest first."""
    by_word = {squashed(name): name for name in reversed(list(fields))}
    for word in KEYS:
        if word in by_word:
            yield by_word[word]
    what = resource(endpoint.path)
    for tail in (what, what[-1:]):
        for word in ("id", "uuid", "guid", "sid", "gid", "key"):
            name = by_word.get("".join(tail) + word)
            if name is not None:
                yield name
    if single is not None:
        yield from _of_single(what, by_word, single)
    if "key" in by_word and by_word["key"] in row.get("required", ()):
        yield by_word["key"]
    unique = [name for name, each in fields.items() if _is_said_unique(each) and kinds(each) != {"number"}]
    if len(unique) == 1:
        yield unique[0]
    yield from _by_day(fields)


def _of_single(what: tuple[str, ...], by_word: Mapping[str, str], single: str) -> Iterator[str]:
    """`/secrets/{secret_name}` takes the `name` of a secret, `/branches/{branch}` that of a branch."""
    pieces = words(single)
    for tail in (pieces, pieces[1:] if pieces[:1] == what[-1:] else ()):
        if "".join(tail) in by_word:
            yield by_word["".join(tail)]
    if pieces == what[-len(pieces) :]:
        yield from (by_word[word] for word in ("name", "slug", "code") if word in by_word)


def _is_said_unique(schema: Schema) -> bool:
    return says.UNIQUE.search(text_of(schema)) is not None


def _by_day(fields: Mapping[str, Schema]) -> Iterator[str]:
    """Of rows that are nothing but figures of a day, the day."""
    days = [name for name in fields if squashed(name) in {"date", "day"}]
    rest = [each for name, each in fields.items() if name not in days]
    if len(days) == 1 and rest and not any(is_text(each) or kinds(each) == {"boolean"} for each in rest):
        yield days[0]


def _told_together(told: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    by_word = {squashed(name): name for name in fields}
    for found in says.TOGETHER.finditer(told):
        names = [by_word.get(squashed(each)) for each in found.groups() if each]
        known = tuple(name for name in names if name is not None)
        if len(names) > 1 and len(known) == len(names):
            return known
    return ()


def version_of(shapes: Shapes, row: Schema) -> str | None:
    """The field that grows with each change of a row."""
    return _moment(shapes, row, CHANGES)


def made_of(shapes: Shapes, row: Schema, *, created: bool) -> str | None:
    """The field that says when a row came to be; with `created` one that says so in its name, if any does."""
    named = _moment(shapes, row, ASKED_MAKES) if created else None
    return named or _moment(shapes, row, MADE)


def _moment(shapes: Shapes, row: Schema, about: frozenset[str]) -> str | None:
    found: list[tuple[bool, str]] = []
    for name, each in shapes.properties(row).items():
        pieces, schema = words(name), shapes.plain(each)
        if (not set(pieces) & about and squashed(name) not in about) or set(pieces) & NO_MOMENTS:
            continue
        says_so = bool(set(pieces) & MOMENTS) or squashed(name) in about
        if is_moment(
            schema, says_so or bool(re.search(r"\b(date|time|when)\b", text_of(schema), re.IGNORECASE))
        ):
            found.append((not is_moment(schema, name_says_so=False), name))
    return min(found, default=(True, None), key=lambda each: each[0])[1]
