"""Whatever an API is called and however its file is put together, what it lists is found."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring.listings.truths import Truth, truths
from tidegate.authoring.listings import survey
from tidegate.authoring.openapi import read


def check(truth: Truth, *, as_yaml: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text(yaml.safe_dump(truth.document) if as_yaml else json.dumps(truth.document))
        api = read(path)
    found = survey(api)
    (listing,) = found.listings
    assert listing.endpoint.path == truth.path
    assert listing.items == truth.items
    assert listing.paging == truth.paging
    assert (listing.key, tuple(sorted(listing.row["properties"]))) == (("id",), tuple(sorted(truth.fields)))
    assert list(found.others) == [f"{truth.path}/{{id}}"]


@settings(max_examples=40)
@given(truths(), st.booleans())
def test_truth_of_a_made_up_api_is_found(truth: Truth, as_yaml: bool) -> None:
    check(truth, as_yaml=as_yaml)


@pytest.mark.extended
@settings(max_examples=2000)
@given(truths(), st.booleans())
def test_truth_of_many_made_up_apis_is_found(truth: Truth, as_yaml: bool) -> None:
    check(truth, as_yaml=as_yaml)
