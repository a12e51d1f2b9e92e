"""Where the rows of an answer stand, and whether it lists any at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.authoring.description import Endpoint, Schema
from tidegate.authoring.listings.sentences import MOST
from tidegate.authoring.listings.shapes import MOST_PROPERTIES, Shapes, kinds, text_of
from tidegate.authoring.listings.vocabulary import BESIDE, COUNTS, IDENTITY, NOT_ROWS, ROWS
from tidegate.authoring.listings.words import resource, singular, squashed, words
from tidegate.authoring.samples.schema import NUMERIC_KEYS

_DEPTH = 3
_LISTS = re.compile(
    r"\b(lists?|all|search|query|collection|array|history|returns (the )?\w+s"
    r"|(get|retrieve|fetch|find|return|browse|show|view|read|see)s?"
    r" (all|the list|a list|multiple|many|several|your))\b",
    re.IGNORECASE,
)
_LIST_OF = re.compile(r"(?:the |an? )?(?:list|array|collection) of (.{3,60})", re.IGNORECASE)
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """`path` and `numbered` as `items` and `numbered` of a `Listing`; `row` references followed."""

    path: str
    row: Schema
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: str
    row: Schema
    siblings: tuple[str, ...]  # names beside the list, and beside what it stands in
    lists_beside: int  # other lists of objects beside it
    numbered: bool

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def rows_of(endpoint: Endpoint, shapes: Shapes, *, pages: bool) -> Rows | str:
    """The rows of an answer, or why it lists none. `pages`: whether the route takes parameters of paging."""
    root = shapes.plain(shapes.root)
    own = shapes.items(shapes.root)
    if own is not None:
        return Rows("", own, NUMERIC_KEYS in root)
    best = _best(endpoint, shapes, root)
    if best is None:
        return "its answer holds no list"
    score = _fit(endpoint, best) + _evidence(endpoint, best, text_of(root), pages=pages)
    if score >= _ENOUGH:
        return Rows(best.path, best.row, best.numbered)
    if len(best.siblings) > 1:
        return f"its answer describes one thing, of which {best.path!r} is a part"
    return f"nothing tells that {best.path!r} is a list of its rows"


def array_at(shapes: Shapes, path: str) -> Schema | None:
    """What stands at a dotted path, "" for the body itself."""
    schema: Schema | None = shapes.root
    for name in path.split(".") if path else ():
        schema = shapes.properties(schema).get(name)
    return schema


def rows_at(shapes: Shapes, path: str) -> Rows | None:
    """The rows at a dotted path, if there is a list."""
    schema = array_at(shapes, path)
    items = None if schema is None else shapes.items(schema)
    return None if items is None else Rows(path, items, NUMERIC_KEYS in shapes.plain(schema))


def likeliest(endpoint: Endpoint, shapes: Shapes) -> Rows | None:
    """The list that suits the route best, however badly."""
    best = _best(endpoint, shapes, shapes.plain(shapes.root))
    return None if best is None else Rows(best.path, best.row, best.numbered)


def _best(endpoint: Endpoint, shapes: Shapes, root: Schema) -> _Candidate | None:
    found = [each for each in _candidates(shapes, root) if _may_be_rows(endpoint, each)]
    return max(
        found,
        key=lambda each: (_fit(endpoint, each), -each.path.count("."), -found.index(each)),
        default=None,
    )


def tells_one_row(endpoint: Endpoint, shapes: Shapes, *, pages: bool) -> bool:
    """Whether a route that lists is described by a single row of its, as some files do."""
    names = shapes.properties(shapes.root)
    if _names_one(endpoint) or not any(squashed(name) in {"id", "uuid", "guid"} for name in names):
        return False
    last = (words(endpoint.path.rstrip("/").rpartition("/")[2]) or ("",))[-1]
    return pages or (_says_list(endpoint) and (singular(last) != last or not last.isalpha()))


def _names_one(endpoint: Endpoint) -> bool:
    return endpoint.path.rstrip("/").endswith("}")


def _says_list(endpoint: Endpoint) -> bool:
    return bool(_LISTS.search(f"{' '.join(words(endpoint.operation or ''))} {endpoint.summary[:MOST]}"))


def _may_be_rows(endpoint: Endpoint, found: _Candidate) -> bool:
    return squashed(found.name) not in NOT_ROWS or _is_named(endpoint, found)


def _candidates(shapes: Shapes, root: Schema) -> Iterator[_Candidate]:
    level: list[tuple[str, Schema, tuple[str, ...]]] = [("", root, ())]
    left = MOST_PROPERTIES
    for _ in range(_DEPTH):
        deeper: list[tuple[str, Schema, tuple[str, ...]]] = []
        for path, schema, outer in level:
            properties = {name: each for name, each in shapes.properties(schema).items() if name}
            left -= len(properties)
            if left < 0:
                return
            rows = {
                name: row for name, inner in properties.items() if (row := shapes.items(inner)) is not None
            }
            tables = [
                name for name in rows if shapes.properties(rows[name]) and squashed(name) not in NOT_ROWS
            ]
            for name, inner in properties.items():
                siblings = (*outer, *(other for other in properties if other != name))
                whole = f"{path}.{name}" if path else name
                if name in rows:
                    others = len([one for one in tables if one != name])
                    numbered = NUMERIC_KEYS in shapes.plain(inner)
                    yield _Candidate(whole, rows[name], siblings, others, numbered)
                elif "object" in kinds(shapes.plain(inner)):
                    deeper.append((whole, shapes.plain(inner), siblings))
        level = deeper


def _fit(endpoint: Endpoint, found: _Candidate) -> float:
    """How well the name and the place of a list suit the rows of this route."""
    score = 0.0
    if _is_named(endpoint, found):
        score += 3
    elif squashed(found.name) in ROWS:
        score += 2
    elif {singular(word) for word in words(found.name)} & {singular(word) for word in words(endpoint.path)}:
        score += 1.5
    return score + (0.5 if found.row.get("properties") else 0) - 0.5 * found.path.count(".")


def _is_named(endpoint: Endpoint, found: _Candidate) -> bool:
    """Whether the list bears the name of the route: `campaigns` of `/emailCampaigns`."""
    wanted, name = resource(endpoint.path), tuple(singular(word) for word in words(found.name))
    return bool(name and wanted) and (name[-1] == wanted[-1] or "".join(name) == "".join(wanted))


def _evidence(endpoint: Endpoint, found: _Candidate, told: str, *, pages: bool) -> float:
    """What speaks for a listing beside the name of the list. `told` describes the whole body."""
    counted = any(set(words(each)) & COUNTS for each in found.siblings)
    strangers = _strangers(endpoint, found, belongs=pages or counted)
    score = 3.0 if not strangers else -float(min(4, len(strangers)))
    score -= 2 if any(squashed(each) in IDENTITY for each in strangers) else 0
    score -= 2 * found.lists_beside
    if _is_named(endpoint, found) and not found.lists_beside and len(strangers) < 3:
        score += 0 if _names_one(endpoint) else 3  # what the rows belong to stands beside them
    score += 2 if pages else 0
    score += 1 if counted else 0
    score += 1 if _says_list(endpoint) else 0
    score += 5 if _is_list_of(told, found.name) else 0
    if _names_one(endpoint):
        score -= 3 if strangers else 2
    return score


def _strangers(endpoint: Endpoint, found: _Candidate, *, belongs: bool) -> list[str]:
    """What stands beside the list and is neither of paging nor an echo of the question.

    With `belongs`, ids of other things are none, either: they say what the rows belong to.
    """
    echoes = {squashed(each.name) for each in endpoint.parameters if each.place == "query"}
    strangers = [each for each in found.siblings if not _is_beside(each) and squashed(each) not in echoes]
    return [each for each in strangers if not (belongs and len(words(each)) > 1 and words(each)[-1] == "id")]


def _is_beside(name: str) -> bool:
    pieces = [singular(piece) if singular(piece) in BESIDE else piece for piece in words(name)]
    if squashed(name) in BESIDE or (pieces and all(piece in BESIDE for piece in pieces)):
        return True
    leads = pieces[0] in {"total", "has", "next", "prev", "previous", "num"} if pieces else False
    return len(pieces) > 1 and (leads or pieces[-1] == "count")


def _is_list_of(told: str, name: str) -> bool:
    """Whether the body is described as a list of what this list holds: `List of stages`, `stages`."""
    found = _LIST_OF.match(told)
    return found is not None and (words(name) or ("",))[-1] in words(found[1])
