"""Whatever an API is called and however its file is put together, what it lists is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring.listings.truths import Truth, truths
from tidegate.authoring.listings import survey
from tidegate.authoring.openapi import read


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples, which are thousands."""
    return tmp_path_factory.mktemp("truths") / "file"


def check(file: Path, truth: Truth, *, as_yaml: bool) -> None:
    file.write_text(yaml.safe_dump(truth.document) if as_yaml else json.dumps(truth.document))
    found = survey(read(file))
    (listing,) = found.listings
    assert listing.endpoint.path == truth.path
    assert listing.items == truth.items
    assert listing.paging == truth.paging
    assert (listing.key, tuple(sorted(listing.row["properties"]))) == (("id",), tuple(sorted(truth.fields)))
    assert list(found.others) == [f"{truth.path}/{{id}}"]


@settings(max_examples=40)
@given(truth=truths(), as_yaml=st.booleans())
def test_truth_of_a_made_up_api_is_found(file: Path, truth: Truth, as_yaml: bool) -> None:
    check(file, truth, as_yaml=as_yaml)


@pytest.mark.extended
@settings(max_examples=1000)
@given(truth=truths(), as_yaml=st.booleans())
def test_truth_of_many_made_up_apis_is_found(file: Path, truth: Truth, as_yaml: bool) -> None:
    check(file, truth, as_yaml=as_yaml)
