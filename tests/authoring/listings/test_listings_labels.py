"""The detector against the labels that were made by hand; `test_new_measured.py` has what comes of it all."""

from __future__ import annotations

from pathlib import Path

from bench.new.labels import Label, Source, sources
from tidegate.authoring.description import Listing
from tidegate.authoring.listings import listings
from tidegate.authoring.openapi import read


def _missed(source: Source) -> list[str]:
    found = {each.endpoint.path: each for each in listings(read(source.file))}
    return [
        f"{source.file.name} {path}: {found.get(path)}"
        for path, label in source.labels.items()
        if not _is_right(label, found.get(path))
    ]


def _is_right(label: Label, found: Listing | None) -> bool:
    if found is None:
        return not label.is_list
    return label.is_list and label.items in {None, found.items} and label.has(found.paging)


def test_lists_their_rows_and_ways_of_paging_are_told_as_labelled(specs: Path) -> None:
    """Not one of 189 routes is told otherwise than a careful reader does."""
    assert [each for source in sources() for each in _missed(source)] == []
