"""All sources through the whole of `tidegate new`: what came out, file by file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.new.bodies import bodies
from bench.new.labels import Label, Source, walk
from bench.new.project import Project
from tidegate.authoring.description import Listing
from tidegate.authoring.listings import survey
from tidegate.authoring.openapi import read
from tidegate.authoring.writing.subjects import Subject, subjects


@dataclass(frozen=True, slots=True)
class Miss:
    """`what` is one of list, items, paging, maximum, code, example."""

    what: str
    file: str
    path: str
    why: str


@dataclass(slots=True)
class Figures:
    """Of one file. `lists` are those of the labels, `found` those of them that were found; `paging` are lists
    whose way of paging was told right, `paged_right` those of them that are paged at all. `maxima` are the
    documented largest pages.
    """

    file: str
    is_own: bool
    endpoints: int
    lists: int
    found: int = 0
    coded: int = 0
    examples: int = 0
    accepted: int = 0
    paged: int = 0
    paged_right: int = 0
    paging: int = 0
    maxima: int = 0
    maxima_right: int = 0
    misses: list[Miss] = field(default_factory=list)


def measured(sources: Sequence[Source], folder: Path) -> list[Figures]:
    """Makes a project in `folder`. Blocks for a minute or three."""
    project = Project.made(folder)
    said = {source.name: project.add(source.name, source.file) for source in sources}
    complaints = project.complaints(name for name, against in said.items() if against is None)
    found = []
    for source in sources:
        against = said[source.name]
        faults = complaints[source.name] if against is None else [against]
        found.append(_figures(source, project, faults, is_there=against is None))
    return found


def _figures(source: Source, project: Project, faults: Sequence[str], *, is_there: bool) -> Figures:
    api = read(source.file, name=source.name)
    seen = survey(api)
    listings = {each.endpoint.path: each for each in seen.listings}
    labels = [each for each in source.labels.values() if each.is_list]
    figures = Figures(source.file.name, source.is_own, len(source.labels), len(labels))
    figures.misses.extend(Miss("code", figures.file, "", fault) for fault in faults)
    for label in labels:
        _compare(figures, label, listings.get(label.path), seen.others.get(label.path, ""))
    figures.coded = 0 if faults else figures.found
    for path in listings:
        if not source.labels[path].is_list:
            figures.misses.append(Miss("list", figures.file, path, "lists nothing, by its label"))
    by_path = {each.listing.endpoint.path: each for each in subjects(api, seen.listings)} if is_there else {}
    _examples(figures, project, source, by_path)
    return figures


def _compare(figures: Figures, label: Label, listing: Listing | None, reason: str) -> None:
    figures.paged += label.is_paged
    figures.maxima += label.maximum is not None
    if listing is None:
        figures.misses.append(Miss("list", figures.file, label.path, f"not found: {reason}"))
        return
    figures.found += 1
    if label.items not in {None, listing.items}:
        why = f"rows under {listing.items!r}, by the label under {label.items!r}"
        figures.misses.append(Miss("items", figures.file, label.path, why))
    if label.has(listing.paging):
        figures.paging += 1
        figures.paged_right += label.is_paged
    elif label.paging:
        why = f"{_told(walk(listing.paging))}, by the label {_told(walk(label.paging))}"
        figures.misses.append(Miss("paging", figures.file, label.path, why))
    if label.maximum is not None and label.maximum == listing.paging.limit:
        figures.maxima_right += 1
    elif label.maximum is not None:
        why = f"{listing.paging.limit}, by the label {label.maximum}"
        figures.misses.append(Miss("maximum", figures.file, label.path, why))


def _told(way: Sequence[str | None]) -> str:
    return " ".join(part or "-" for part in way)


def _examples(figures: Figures, project: Project, source: Source, made: Mapping[str, Subject]) -> None:
    shown = [
        (path, body)
        for path, several in bodies(source.file).items()
        if source.labels[path].is_list
        for body in _distinct(several)
    ]
    figures.examples = len(shown)
    cases = [(path, _case(source, made[path], body)) for path, body in shown if path in made]
    for (path, _), refusal in zip(cases, project.refusals([case for _, case in cases]), strict=True):
        figures.accepted += refusal is None
        if refusal:
            figures.misses.append(Miss("example", figures.file, path, refusal))
    for path, _ in shown:
        if path not in made:
            figures.misses.append(Miss("example", figures.file, path, "there is no contract for it"))


def _case(source: Source, subject: Subject, body: Any) -> Mapping[str, Any]:
    parent = subject.plan.parent
    return {
        "name": source.name,
        "transform": subject.names.transform,
        "table": subject.names.constant,
        "items": subject.listing.items,
        "body": body,
        "values": {parent.column.name: 1 if parent.column.type == "int" else "1"} if parent else {},
    }


def _distinct(several: Sequence[Any]) -> Iterator[Any]:
    yield from {json.dumps(each, sort_keys=True): each for each in several}.values()
