"""Every listing of an API, and of each other route why it is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from tidegate.authoring.description import Api, Endpoint, Listing, Paging, Schema
from tidegate.authoring.listings import sentences as says
from tidegate.authoring.listings.answering import told
from tidegate.authoring.listings.asking import asked, copied_texts
from tidegate.authoring.listings.envelopes import Rows, array_at, likeliest, rows_at, rows_of, tells_one_row
from tidegate.authoring.listings.keys import key_of, version_of
from tidegate.authoring.listings.paging import paging_of
from tidegate.authoring.listings.shapes import Shapes, kinds
from tidegate.authoring.listings.windows import window_of
from tidegate.authoring.samples.schema import schema_of
from tidegate.http_tools.pagination.reading import dig
from tidegate.utils.errors import UsageError

_MOST_QUOTED = 200


# How the note begins that the rows of a listing may be elsewhere.
UNSURE = "Its rows are taken from"


@dataclass(frozen=True, slots=True)
class Survey:
    """`others` are the routes that list nothing, by path, each with the reason."""

    listings: tuple[Listing, ...]
    others: Mapping[str, str]


def listings(api: Api, paths: Sequence[str] | None = None) -> list[Listing]:
    """The routes that list rows, in the order of the file; of `paths` only, in their order, where given.

    Raises `UsageError` for a path that the API does not have.
    """
    return list(survey(api, paths).listings)


def survey(
    api: Api, paths: Sequence[str] | None = None, rows: Mapping[str, str] = MappingProxyType({})
) -> Survey:
    """As `listings`, with the reason for each route that is none.

    Who gives `paths` says that they list something: their likeliest list is taken, with a note where it is
    not sure. `rows` are the dotted paths of lists that a person has named, by the path of their route; raises
    `UsageError` where there is no list.
    """
    found: list[Listing] = []
    others: dict[str, str] = {}
    around = Around(copied_texts(api), _singles(api))
    for each in api.endpoints if paths is None else [_named(api, path) for path in paths]:
        endpoint = replace(each, examples=()) if each.is_sampled else each
        result: Listing | str | None = None
        if endpoint.path in rows:
            result = _said(endpoint, around, rows[endpoint.path])
        result = result or _listing(endpoint, around)
        if isinstance(result, str) and paths is not None:
            result = _meant(endpoint, around) or result
        if isinstance(result, Listing):
            found.append(replace(result, endpoint=replace(result.endpoint, examples=each.examples)))
        else:
            others[endpoint.path] = result
    return Survey(tuple(found), others)


@dataclass(frozen=True, slots=True)
class Around:
    """What the other routes of an API tell of one: texts that are copied, placeholders by the path before."""

    copied: frozenset[str]
    singles: Mapping[str, str]


def _singles(api: Api) -> dict[str, str]:
    """`/things` -> `id`, where `/things/{id}` gives one thing."""
    found: dict[str, str] = {}
    for endpoint in api.endpoints:
        before, _, last = endpoint.path.rstrip("/").rpartition("/")
        if not (last.startswith("{") and last.endswith("}")) or endpoint.response is None:
            continue
        if isinstance(rows_of(endpoint, Shapes(endpoint.response), pages=False), str):
            found.setdefault(before, last[1:-1])
    return found


def _named(api: Api, path: str) -> Endpoint:
    known = {each.path: each for each in api.endpoints}
    endpoint = known.get(path) or known.get("/" + path.strip("/"))
    if endpoint is None:
        near = get_close_matches(path, known, 3, 0.4)
        hint = f"Near it: {', '.join(near)}." if near else None
        raise UsageError(f"{api.title} has no GET route {path}", hint=hint)
    return endpoint


def _listing(endpoint: Endpoint, around: Around) -> Listing | str:
    """What an endpoint lists, or why it lists nothing."""
    ask = asked(endpoint, around.copied)
    pages = bool(ask.ways) or ask.size is not None
    shown = _shown(endpoint)
    reason = "the description says nothing of its answer"
    for schema in (endpoint.response, shown):
        if schema is None:
            continue
        shapes = Shapes(schema)
        rows = rows_of(endpoint, shapes, pages=pages)
        if isinstance(rows, Rows):
            return _with_rows(
                endpoint, around, shapes, _described(endpoint, rows) if schema is shown else rows
            )
        reason = rows if schema is endpoint.response else reason
    if endpoint.response is not None and tells_one_row(endpoint, Shapes(endpoint.response), pages=pages):
        note = (
            "The description shows one row, and not the list that it stands in: look up where the rows stand."
        )
        shapes = Shapes(endpoint.response)
        return _with_rows(
            endpoint, around, shapes, Rows(_spoken_of(endpoint), shapes.plain(shapes.root)), note
        )
    return reason


def _said(endpoint: Endpoint, around: Around, path: str) -> Listing:
    """With its rows where a person has seen them."""
    for schema in (endpoint.response, _shown(endpoint)):
        rows = rows_at(Shapes(schema), path) if schema is not None else None
        if schema is not None and rows is not None:
            return _with_rows(endpoint, around, Shapes(schema), rows)
    raise UsageError(
        f"the answer of {endpoint.path} is not known to have a list at {path!r}",
        hint="Give the dotted path of the list, such as result.data.",
    )


def _meant(endpoint: Endpoint, around: Around) -> Listing | None:
    """Of a route that must list something: the likeliest list, if there is any."""
    for schema in (endpoint.response, _shown(endpoint)):
        rows = likeliest(endpoint, Shapes(schema)) if schema is not None else None
        if schema is not None and rows is not None:
            note = f"{UNSURE} {rows.path!r}: look up whether that is so."
            return _with_rows(endpoint, around, Shapes(schema), rows, note)
    return None


def _spoken_of(endpoint: Endpoint) -> str:
    """The name of the list as the text says it: an empty `results` array."""
    found = says.NAMED_ARRAY.search(endpoint.description[: says.MOST])
    return found[1] if found is not None else ""


def _shown(endpoint: Endpoint) -> Schema | None:
    """What the examples show of the body; where that is one thing by its path, the file's schema is right."""
    if endpoint.response is not None and endpoint.path.rstrip("/").endswith("}"):
        return None
    bodies = [each for each in endpoint.examples if isinstance(each, dict | list)]
    return schema_of(bodies) if bodies else None


def _described(endpoint: Endpoint, rows: Rows) -> Rows:
    """Rows that only examples show, with the schema of the file where that describes a row by mistake."""
    root = endpoint.response or {}
    declared, seen = Shapes(root).properties(root), rows.row.get("properties", {})
    if seen and len(declared.keys() & seen.keys()) * 2 > len(seen):
        return replace(rows, row=Shapes(root).plain(root))
    return rows


def _with_rows(endpoint: Endpoint, around: Around, shapes: Shapes, rows: Rows, *notes: str) -> Listing:
    ask = asked(endpoint, around.copied)
    beside = told(endpoint, shapes, "" if rows.row is shapes.plain(shapes.root) else rows.path)
    way = paging_of(endpoint, ask, beside, rows.row)
    shown = [row for body in endpoint.examples for row in _rows_in(body, rows.path)]
    shown += [each["properties"] for each in shapes.several(array_at(shapes, rows.path))]
    key = key_of(endpoint, shapes, rows.row, shown, around.singles.get(endpoint.path.rstrip("/")))
    return _whole(endpoint, shapes, rows, way.paging, key, (*notes, *way.todo))


def _rows_in(body: Any, path: str) -> list[Any]:
    found = dig(body, path) if path else body
    return found if isinstance(found, list) else []


def _whole(
    endpoint: Endpoint,
    shapes: Shapes,
    rows: Rows,
    paging: Paging,
    key: tuple[str, ...],
    notes: Sequence[str],
) -> Listing:
    of_paging = (paging.param, paging.limit_param)
    window = window_of(endpoint, shapes, rows.row, of_paging)
    taken = {
        *of_paging,
        *((window.since.start_param, window.since.end_param) if window else ()),
    }
    return Listing(
        endpoint=endpoint if endpoint.response is not None else replace(endpoint, response=shapes.root),
        items=rows.path,
        row=shapes.complete(rows.row),
        paging=paging,
        key=key,
        version=version_of(shapes, rows.row),
        numbered=rows.numbered,
        since=window.since if window is not None else None,
        todo=(
            *notes,
            *(window.todo if window is not None else ()),
            *_of_row(shapes, rows.row, key),
            *_of_parameters(endpoint, taken),
            *_of_quota(endpoint),
        ),
    )


def _of_row(shapes: Shapes, row: Schema, key: Sequence[str]) -> list[str]:
    properties = shapes.properties(row)
    if not properties:
        what = (
            f"plain values ({', '.join(sorted(kinds(row)))})" if kinds(row) - {"object"} else "not described"
        )
        return [f"Its rows are {what}: look up what they hold and what identifies one."]
    if key:
        return []
    ids = [name for name in properties if name.lower().endswith("id")]
    near = f" ({', '.join(ids[:5])}?)" if ids else ""
    return [f"What identifies a row is not told: look up its key{near}."]


def _of_parameters(endpoint: Endpoint, taken: set[Any]) -> list[str]:
    notes = []
    for each in endpoint.parameters:
        if each.place == "path":
            notes.append(f"It lists what is under one {each.name}: one slice for each of them is wanted.")
        elif each.required and each.place == "query" and each.name not in taken:
            notes.append(f"The parameter {each.name} is required: say what to send.")
    return notes


def _of_quota(endpoint: Endpoint) -> list[str]:
    quoted = says.QUOTA.search(endpoint.description[: says.MOST])
    if quoted is None:
        return []
    return [f"Of its quota the description says: {says.sentence_around(quoted, _MOST_QUOTED)}"]
