"""Where the rows of an answer stand, and whether it lists any at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.authoring.description import Endpoint, Schema
from tidegate.authoring.listings.shapes import Shapes, kinds
from tidegate.authoring.listings.words import resource, singular, squashed, words

_DEPTH = 3
# Names for "the rows" whatever they are.
_ROWS = frozenset(
    [
        "data", "items", "item", "results", "result", "records", "rows", "entries", "values", "value", "list",
        "objects", "elements", "content", "contents", "hits", "resources", "collection", "nodes", "edges",
        "entities", "members", "docs", "documents", "resultset", "searchresults", "listitems", "response",
    ]
)  # fmt: skip
# What stands beside rows: counts, the way on, echoes of the question, the outcome.
_BESIDE = frozenset(
    [
        "count", "total", "size", "length", "limit", "offset", "skip", "page", "pages", "per", "next", "prev",
        "previous", "first", "last", "more", "has", "cursor", "cursors", "token", "link", "links", "meta",
        "metadata", "paging", "pagination", "pager", "info", "object", "url", "uri", "self", "href", "status",
        "success", "ok", "error", "errors", "code", "message", "messages", "warnings", "request", "requests",
        "took", "time", "timestamp", "version", "kind", "type", "etag", "start", "end", "from", "to", "max",
        "min", "results", "sort", "order", "filter", "query", "truncated", "context", "index", "current",
        "number", "elements", "empty", "scroll", "marker", "is", "complete", "done", "expand", "schema", "xml",
        "sync", "incomplete", "included", "facets", "aggregations", "odata", "nb", "num", "found", "returned",
    ]
)  # fmt: skip
_NOT_ROWS = frozenset(
    ["links", "errors", "error", "warnings", "included", "meta", "facets", "aggregations", "messages", "sort",
     "expand", "schemas"]
)  # fmt: skip
_IDENTITY = frozenset({"id", "uuid", "guid", "name", "email", "title", "slug"})
_LISTS = re.compile(
    r"\b(lists?|all|search|query|collection|array|history|returns (the )?\w+s|"
    r"(get|retrieve|fetch|find|return|browse|show|view|read|see)s? (all|the list|a list|multiple|many|several|your))\b",
    re.IGNORECASE,
)
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """`path` as in `Listing.items`; `row` references followed."""

    path: str
    row: Schema


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: str
    row: Schema
    siblings: tuple[str, ...]  # names beside the list, and beside what it stands in
    lists_beside: int  # other lists of objects beside it

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def rows_of(endpoint: Endpoint, shapes: Shapes, *, pages: bool) -> Rows | str:
    """The rows of an answer, or why it lists none. `pages`: whether the route takes parameters of paging."""
    root = shapes.plain(shapes.root)
    own = shapes.items(root)
    if own is not None:
        return Rows("", own)
    found = [each for each in _candidates(shapes, root) if _may_be_rows(endpoint, each)]
    if not found:
        return "its answer holds no list"
    best = max(found, key=lambda each: (_fit(endpoint, each), -each.path.count("."), -found.index(each)))
    score = _fit(endpoint, best) + _evidence(endpoint, best, pages=pages)
    if score >= _ENOUGH:
        return Rows(best.path, best.row)
    if len(best.siblings) > 1:
        return f"its answer describes one thing, of which {best.path!r} is a part"
    return f"nothing tells that {best.path!r} is a list of its rows"


def tells_one_row(endpoint: Endpoint, shapes: Shapes, *, pages: bool) -> bool:
    """Whether a route that lists is described by a single row of its, as some files do."""
    names = shapes.properties(shapes.root)
    if endpoint.path.rstrip("/").endswith("}") or not any(
        squashed(name) in {"id", "uuid", "guid"} for name in names
    ):
        return False
    last = (words(endpoint.path.rstrip("/").rpartition("/")[2]) or ("",))[-1]
    says = bool(_LISTS.search(f"{' '.join(words(endpoint.operation or ''))} {endpoint.summary}"))
    return pages or (says and (singular(last) != last or not last.isalpha()))


def _may_be_rows(endpoint: Endpoint, found: _Candidate) -> bool:
    return squashed(found.name) not in _NOT_ROWS or _is_named(endpoint, found)


def _candidates(shapes: Shapes, root: Schema) -> Iterator[_Candidate]:
    level: list[tuple[str, Schema, tuple[str, ...]]] = [("", root, ())]
    for _ in range(_DEPTH):
        deeper = []
        for path, schema, outer in level:
            properties = shapes.properties(schema)
            rows = {
                name: row for name, inner in properties.items() if (row := shapes.items(inner)) is not None
            }
            objects = [name for name in rows if shapes.properties(rows[name])]
            for name, inner in properties.items():
                siblings = (*outer, *(other for other in properties if other != name))
                whole = f"{path}.{name}" if path else name
                if name in rows:
                    others = len(
                        [each for each in objects if each != name and squashed(each) not in _NOT_ROWS]
                    )
                    yield _Candidate(whole, rows[name], siblings, others)
                elif "object" in kinds(shapes.plain(inner)):
                    deeper.append((whole, shapes.plain(inner), siblings))
        level = deeper


def _fit(endpoint: Endpoint, found: _Candidate) -> float:
    """How well the name and the place of a list suit the rows of this route."""
    score = 0.0
    if _is_named(endpoint, found):
        score += 3
    elif squashed(found.name) in _ROWS:
        score += 2
    elif {singular(word) for word in words(found.name)} & set(resource(endpoint.path)):
        score += 1.5
    return score + (0.5 if found.row.get("properties") else 0) - 0.5 * found.path.count(".")


def _is_named(endpoint: Endpoint, found: _Candidate) -> bool:
    """Whether the list bears the name of the route: `campaigns` of `/emailCampaigns`."""
    wanted, name = resource(endpoint.path), tuple(singular(word) for word in words(found.name))
    return bool(name and wanted) and (name[-1] == wanted[-1] or "".join(name) == "".join(wanted))


def _evidence(endpoint: Endpoint, found: _Candidate, *, pages: bool) -> float:
    """What speaks for a listing beside the name of the list."""
    strangers = [each for each in found.siblings if not _is_beside(each)]
    score = 3.0 if not strangers else -min(4, len(strangers))
    score -= 2 if any(squashed(each) in _IDENTITY for each in strangers) else 0
    score -= 2 * found.lists_beside
    score += 2 if pages else 0
    score += 1 if _LISTS.search(f"{' '.join(words(endpoint.operation or ''))} {endpoint.summary}") else 0
    return score - (3 if endpoint.path.rstrip("/").endswith("}") else 0)


def _is_beside(name: str) -> bool:
    pieces = words(name)
    return (
        squashed(name) in _BESIDE
        or (bool(pieces) and all(piece in _BESIDE for piece in pieces))
        or (
            len(pieces) > 1
            and (pieces[0] in {"total", "has", "next", "prev", "previous", "num"} or pieces[-1] == "count")
        )
    )
