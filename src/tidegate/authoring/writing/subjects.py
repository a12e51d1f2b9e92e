"""All that is known of each listing before its code is written: names, contracts, columns, plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.authoring.description import Api, Listing
from tidegate.authoring.writing.arranging import Record, arranged
from tidegate.authoring.writing.classes import annotated
from tidegate.authoring.writing.columns import Column, columns_of
from tidegate.authoring.writing.contracts import ReadModel, models_of
from tidegate.authoring.writing.names import Names, named
from tidegate.authoring.writing.plans import Known, Plan, planned
from tidegate.authoring.writing.words import spoken
from tidegate.http_tools.pagination.reading import dig


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
            doc=f"One item of `GET {each.endpoint.path}`.",
            taken=taken,
        )
        for each, of in zip(listings, names, strict=True)
    ]


def _subject(
    listing: Listing, names: Names, models: tuple[ReadModel, ...], before: Sequence[Subject]
) -> Subject:
    columns = columns_of(models, names, listing.key)
    known = Known(listing, names, models[-1], columns)
    plan = planned(
        known, [(Known(each.listing, each.names, each.row, each.columns), each.plan) for each in before]
    )
    return Subject(listing, names, models, _with_parent(columns, plan), plan, tuple(bodies_of(listing)))


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
    """The examples that hold rows where the listing has them."""
    return [body for body in listing.endpoint.examples if _rows(listing, body)]


def _rows(listing: Listing, body: Any) -> list[Any]:
    rows = dig(body, listing.items) if listing.items else body
    return rows if isinstance(rows, list) else []
