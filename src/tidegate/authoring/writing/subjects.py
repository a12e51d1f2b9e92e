"""All that is known of each listing before its code is written: names, contracts, columns, plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidegate.authoring.description import Api, Listing
from tidegate.authoring.writing.arranging import Record, arranged
from tidegate.authoring.writing.classes import annotated
from tidegate.authoring.writing.columns import Column, columns_of
from tidegate.authoring.writing.contracts import ReadModel, models_of
from tidegate.authoring.writing.names import Names, named
from tidegate.authoring.writing.plans import Known, Plan, planned
from tidegate.authoring.writing.variants import variants
from tidegate.authoring.writing.words import spoken
from tidegate.contracts.normalising import list_of_numbered
from tidegate.http_tools.pagination.reading import MISSING, dig

_ROOM = 99  # characters of the docstring of a class, so that its line fits


@dataclass(frozen=True, slots=True)
class Subject:
    """One listing: `models` are its read contracts, the row last; `bodies` the examples that hold rows."""

    listing: Listing
    names: Names
    models: tuple[ReadModel, ...]
    columns: tuple[Column, ...]
    plan: Plan
    bodies: tuple[Any, ...] = ()

    @property
    def row(self) -> ReadModel:
        return self.models[-1]


def subjects(api: Api, listings: Sequence[Listing]) -> tuple[Subject, ...]:
    """In the order given, but for listings below another one, which come behind it."""
    names = named(api.name, [each.endpoint.path for each in listings], [each.path for each in api.endpoints])
    ordered = sorted(listings, key=lambda each: "{" in each.endpoint.path)
    records = _records(ordered, [names[each.endpoint.path] for each in ordered])
    types = annotated(record for several in records for record in several)
    made: list[Subject] = []
    for listing, of in zip(ordered, records, strict=True):
        made.append(_subject(listing, names[listing.endpoint.path], tuple(models_of(of, types)), made))
    return tuple(made)


def _records(listings: Sequence[Listing], names: Sequence[Names]) -> list[tuple[Record, ...]]:
    taken = {each.reads for each in names}
    return [
        arranged(
            of.reads,
            each.row,
            [row for body in bodies_of(each) for row in _rows(each, body)],
            doc=_doc(each, of),
            taken=taken,
        )
        for each, of in zip(listings, names, strict=True)
    ]


def _doc(listing: Listing, names: Names) -> str:
    told = f"One item of `GET {listing.endpoint.path}`."
    return told if len(told) <= _ROOM else f"One item of what `{names.method}` lists."


def _subject(
    listing: Listing, names: Names, models: tuple[ReadModel, ...], before: Sequence[Subject]
) -> Subject:
    listing = _with_true_key(listing)
    columns = columns_of(models, names, listing.key)
    known = Known(listing, names, models[-1], columns)
    plan = planned(
        known, [(Known(each.listing, each.names, each.row, each.columns), each.plan) for each in before]
    )
    return Subject(listing, names, models, _with_parent(columns, plan), plan, tuple(bodies_of(listing)))


def _with_true_key(listing: Listing) -> Listing:
    """Without the key where the examples have a row without it, or two rows of one key."""
    for body in bodies_of(listing):
        rows = [row for row in _rows(listing, body) if isinstance(row, dict)]
        lacking = [name for name in listing.key if any(dig(row, name) in (MISSING, None) for row in rows)]
        doubt = f"no {' and no '.join(lacking)}" if lacking else ""
        if not lacking and not _tells_apart(listing.key, rows):
            doubt = f"two of one {' and '.join(listing.key)}"
        if doubt:
            todo = f"The examples have rows with {doubt}: look up what identifies a row, its key"
            return replace(listing, key=(), todo=(*listing.todo, todo))
    return listing


def _tells_apart(key: Sequence[str], rows: Sequence[Any]) -> bool:
    """Whether rows of one key are one row, as far as these show."""
    first: dict[str, Any] = {}
    keys = (json.dumps([dig(row, name) for name in key]) for row in rows)
    return not key or all(first.setdefault(one, row) == row for one, row in zip(keys, rows, strict=True))


def _with_parent(columns: tuple[Column, ...], plan: Plan) -> tuple[Column, ...]:
    """With the id of what the rows were asked for, which rows seldom hold themselves."""
    if plan.parent is None:
        return columns
    name = plan.parent.column.name
    told = Column(
        name,
        plan.parent.column.type,
        f"Id of the {spoken(plan.parent.names.thing)} that it was listed for",
        "",
        "",
        source=f'FromContext("values.{name}")',
    )
    return (told, *(each for each in columns if each.name != name))


def bodies_of(listing: Listing) -> list[Any]:
    """The examples that hold rows where the listing has them, and of the kind that it has.

    Rows that have numbers for keys are a list in them, as the client makes one of them.
    """
    keys = listing.items.split(".") if listing.items else []
    bodies = [_listed(body, keys) if listing.numbered else body for body in listing.endpoint.examples]
    return [body for body in bodies if _rows(listing, body)]


def _listed(body: Any, keys: Sequence[str]) -> Any:
    if not keys:
        return list_of_numbered(body)
    if not isinstance(body, dict) or keys[0] not in body:
        return body
    return {**body, keys[0]: _listed(body[keys[0]], keys[1:])}


def _rows(listing: Listing, body: Any) -> list[Any]:
    rows = dig(body, listing.items) if listing.items else body
    if not isinstance(rows, list):
        return []
    told = variants(listing.row, listing.row.get("$defs", {}))
    unlike = told and all(each.properties for each in told) and not all(isinstance(row, dict) for row in rows)
    return [] if unlike else rows
