"""What the body of a listing says beside its rows: the way on, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tidegate.authoring.description import Endpoint, Schema
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.shapes import Shapes, is_text, is_whole_number, kinds, samples, text_of
from tidegate.authoring.listings.vocabulary import (
    CURSOR_HEADERS,
    MORE,
    NEXT,
    NEXT_CURSORS,
    NEXT_URLS,
    PAGE_COUNTS,
    PAGE_HEADERS,
    TOTAL_HEADERS,
    TOTALS,
    WEAK_CURSORS,
)
from tidegate.authoring.listings.words import squashed
from tidegate.http_tools.pagination.reading import MISSING, dig

_DEPTH = 4
_NUMBERS = frozenset(["after", "cursor", "startingafter"])  # cursors that may be numbers
_THIS_PAGE = frozenset(["page", "currentpage", "pagenumber", "pageindex", "pageno"])


@dataclass(frozen=True, slots=True)
class Next:
    """What leads on, a link or a bare cursor, at `path`. `weak`: it is one only if a parameter takes it."""

    path: str
    kind: Literal["url", "cursor"]
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What stands beside the rows. `more`: something says whether another page follows; `page`: the number of
    this one stands there.
    """

    nexts: tuple[Next, ...]
    total: str | None
    pages: str | None
    more: bool
    page: bool
    link_header: bool


def told(endpoint: Endpoint, shapes: Shapes, items: str) -> Told:
    beside = list(_beside(shapes, items))
    nexts = [each for path, schema in beside if (each := _next(endpoint, path, schema)) is not None]
    headers = {squashed(each): each for each in endpoint.response_headers}
    nexts += [Next(f"header:{name}", "cursor") for word, name in headers.items() if word in CURSOR_HEADERS]
    return Told(
        nexts=tuple(nexts),
        total=_total(endpoint, beside, items) or _of_header(headers, TOTAL_HEADERS),
        pages=_first(beside, PAGE_COUNTS) or _of_header(headers, PAGE_HEADERS),
        more=any(_says_more(path, schema) for path, schema in beside),
        page=any(squashed(path.rpartition(".")[2]) in _THIS_PAGE for path, _ in beside),
        link_header="link" in headers,
    )


def _says_more(path: str, schema: Schema) -> bool:
    last = squashed(path.rpartition(".")[2])
    return last in MORE or (last in NEXT and kinds(schema) == {"boolean"})


def _beside(shapes: Shapes, items: str) -> Iterator[tuple[str, Schema]]:
    """All scalars around the rows; nothing of a row."""
    if items:
        for path, schema in shapes.walk(shapes.root, _DEPTH):
            if path != items and not path.startswith(f"{items}.") and not kinds(schema) & {"object", "array"}:
                yield path, schema


def _next(endpoint: Endpoint, path: str, schema: Schema) -> Next | None:
    steps = path.split(".") if "@" not in path else [path]
    last, parent = squashed(steps[-1]), squashed(steps[-2]) if len(steps) > 1 else ""
    if kinds(schema) == {"boolean"} or (is_whole_number(schema) and last not in NEXT_CURSORS | _NUMBERS):
        return None
    if last in NEXT_URLS or (last in {"href", "url", "uri", "link"} and parent in NEXT):
        return Next(path, "url")
    if last in NEXT_CURSORS:
        return Next(path, "url" if _looks_like_link(endpoint, path, schema) else "cursor")
    if last in NEXT:
        return _either(endpoint, path, schema, parent)
    is_weak = last in WEAK_CURSORS
    if is_weak and (last not in {"key", "id", "offset"} or parent in NEXT):
        return Next(path, "cursor", weak=parent not in NEXT)
    return None


def _either(endpoint: Endpoint, path: str, schema: Schema, parent: str) -> Next:
    """A bare `next`: its values tell, then its words, then what it stands in."""
    if _looks_like_link(endpoint, path, schema):
        return Next(path, "url")
    if _values(endpoint, path, schema) or says.A_TOKEN.search(text_of(schema)):
        return Next(path, "cursor")
    return Next(path, "url" if parent in {"links", "link", "urls"} else "cursor", weak=True)


def _looks_like_link(endpoint: Endpoint, path: str, schema: Schema) -> bool:
    if schema.get("format") in {"uri", "url", "uri-reference"}:
        return True
    values = _values(endpoint, path, schema)
    if values:
        return any(each.startswith(("http://", "https://", "/", "?")) or "?" in each for each in values)
    words = text_of(schema)
    return bool(says.A_LINK.search(words)) and not says.A_TOKEN.search(words)


def _values(endpoint: Endpoint, path: str, schema: Schema) -> list[str]:
    found = [*samples(schema), *(dig(body, path) for body in endpoint.examples)]
    return [each for each in found if isinstance(each, str) and each and each != "string"]


def _first(beside: list[tuple[str, Schema]], names: frozenset[str]) -> str | None:
    return next((path for path, schema in beside if _counted(schema) and _tail(path) & names), None)


def _tail(path: str) -> set[str]:
    """The last name of a path, alone and with the one it stands in: `page.total`, `hits.total`."""
    steps = path.split(".")
    return {squashed(steps[-1]), squashed("_".join(steps[-2:])) if len(steps) > 1 else squashed(path)}


def _counted(schema: Schema) -> bool:
    return is_whole_number(schema) or (is_text(schema) and any(str(v).isdigit() for v in samples(schema)))


def _total(endpoint: Endpoint, beside: list[tuple[str, Schema]], items: str) -> str | None:
    """The count of all rows, never one that counts the page: a walk by pages would end with it."""
    named = [(path, schema) for path, schema in beside if _counted(schema) and _tail(path) & TOTALS]
    for path, schema in named:
        if not _counts_page(endpoint, path, schema, items):
            return path
    for path, schema in beside:
        if (
            squashed(path.rpartition(".")[2]) == "count"
            and _counted(schema)
            and _is_total(endpoint, path, schema, items)
        ):
            return path
    return None


def _counts_page(endpoint: Endpoint, path: str, schema: Schema, items: str) -> bool:
    words = text_of(schema)
    return (
        bool(says.OF_A_PAGE.search(words))
        and not says.OF_ALL.search(words)
        and not _exceeds(endpoint, path, items)
    )


def _is_total(endpoint: Endpoint, path: str, schema: Schema, items: str) -> bool:
    """A bare `count`: by its words, or by an example that counts more rows than it shows."""
    return bool(says.OF_ALL.search(text_of(schema))) or _exceeds(endpoint, path, items)


def _exceeds(endpoint: Endpoint, path: str, items: str) -> bool:
    return any(_is_more(dig(body, path), dig(body, items)) for body in endpoint.examples)


def _is_more(count: Any, rows: Any) -> bool:
    if (
        count is MISSING
        or isinstance(count, bool)
        or not isinstance(count, int)
        or not isinstance(rows, list)
    ):
        return False
    return count > len(rows)


def _of_header(headers: dict[str, str], names: frozenset[str]) -> str | None:
    return next((f"header:{name}" for word, name in headers.items() if word in names), None)
