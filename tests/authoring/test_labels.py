"""The labels are whole: one for each GET route of every file that is measured, in the words of `Paging`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
import yaml

from bench.new.labels import OWN, Source, sources
from tidegate.authoring.description import PagingKind


@pytest.fixture
def labelled(specs: Path) -> list[Source]:
    assert specs.is_dir()
    return sources()


def routes(file: Path) -> set[str]:
    text = file.read_text("utf-8")
    document = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    return {path for path, route in document["paths"].items() if "get" in route}


def test_every_route_of_every_file_has_a_label(specs: Path, labelled: list[Source]) -> None:
    assert {each.file for each in labelled} == {
        *specs.glob("brevo/*.json"),
        *specs.glob("sendgrid/*.json"),
        *OWN.iterdir(),
    }
    assert [each.file.name for each in labelled if set(each.labels) != routes(each.file)] == []


def test_what_lists_has_a_way_of_paging_and_nothing_else_has(labelled: list[Source]) -> None:
    labels = [label for source in labelled for label in source.labels.values()]
    assert [label for label in labels if label.is_list is not (label.paging is not None)] == []
    assert {label.paging.kind for label in labels if label.paging} == set(get_args(PagingKind))


def test_without_the_vendors_folder_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEGATE_SPECS", raising=False)
    with pytest.raises(SystemExit, match="TIDEGATE_SPECS is not set"):
        sources()
