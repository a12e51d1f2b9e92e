"""Files that are odd or hostile: what lists is told in little time, and nothing breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring.listings.described import (
    INT,
    TEXT,
    api_of,
    endpoint,
    listing_of,
    obj,
    query,
    reason_of,
    rows,
)
from tidegate.authoring.description import Endpoint
from tidegate.authoring.listings import survey
from tidegate.authoring.openapi import read


def test_schemas_that_all_refer_to_each_other_are_looked_at_to_a_bound(tmp_path: Path) -> None:
    """Four levels of sixty properties each would be thirteen million."""
    names = [f"S{at}" for at in range(60)]
    schema = {"properties": {name: {"$ref": f"#/components/schemas/{name}"} for name in names}}
    schema["properties"]["things"] = {"type": "array", "items": {"$ref": "#/components/schemas/S0"}}  # type: ignore[dict-item]
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S1"}}}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/things/{id}": {"get": {"responses": answer}}},
        "components": {"schemas": dict.fromkeys(names, schema)},
    }
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document))
    assert list(survey(read(path)).others) == ["/things/{id}"]


@pytest.mark.parametrize(
    "piece", ["max ", "requests ", "token page ", "last id ", "1 and ", "a\n", "x" * 50, "`a` and "]
)
def test_endless_descriptions_take_no_time(piece: str) -> None:
    told = piece * (2_000_000 // len(piece))
    parameters = [
        query(name, INT, told) for name in ("limit", "offset", "page", "since", "start_date", "end_date")
    ]
    row = {**obj(id={**INT, "description": told}), "description": told}
    found = endpoint("/things", *parameters, response=obj(things=rows(row)), description=told, summary=told)
    assert listing_of(found).items == "things"


def test_schema_that_holds_itself_is_a_row() -> None:
    node = {"type": "array", "items": {"$ref": "#/$defs/Node"}}
    found = listing_of(
        endpoint(response={"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": node}})
    )
    assert found.row["$defs"] == {"Node": node}
    loop = {"$ref": "#/$defs/Loop"}
    assert reason_of(endpoint(response={**loop, "$defs": {"Loop": loop}})) == "its answer holds no list"
    assert reason_of(endpoint(response={"$ref": "#/$defs/Gone"})) == "its answer holds no list"


def test_list_without_a_name_has_no_path() -> None:
    assert (
        reason_of(endpoint(response={"type": "object", "properties": {"": rows()}}))
        == "its answer holds no list"
    )


NAMES = st.sampled_from(
    ["", "id", "next", "next.href", "data", "$", "@x", "page", "limit", "offset", "größe", "a b", "[]", "__"]
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        [{}, INT, TEXT, {"type": ["integer", "null"]}, {"enum": [1, None]}, {"type": "null"}, {"not": {}}]
    ),
    lambda inner: st.one_of(
        st.builds(lambda each: {"type": "array", "items": each}, inner),
        st.builds(
            lambda each: {"type": "object", "properties": each}, st.dictionaries(NAMES, inner, max_size=4)
        ),
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"type": "object", "additionalProperties": each}, inner),
    ),
    max_leaves=8,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 1, "", "x", "http://x.test"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
ENDPOINTS = st.builds(
    Endpoint,
    path=st.sampled_from(["/", "//", "/a/{b}", "/things", "/{x}{y}/", "/ä"]),
    summary=st.text(max_size=20),
    description=st.text(max_size=40),
    parameters=st.lists(st.builds(query, NAMES, SCHEMAS, st.text(max_size=30)), max_size=4).map(tuple),
    response=st.one_of(st.none(), SCHEMAS),
    examples=st.lists(VALUES, max_size=2).map(tuple),
    response_headers=st.lists(st.sampled_from(["Link", "X-Total", ""]), max_size=2).map(tuple),
)


@settings(max_examples=60)
@given(st.lists(ENDPOINTS, max_size=3, unique_by=lambda each: each.path))
def test_every_endpoint_is_a_listing_or_has_a_reason(endpoints: list[Endpoint]) -> None:
    found = survey(api_of(*endpoints))
    told = {each.endpoint.path for each in found.listings} | found.others.keys()
    assert told == {each.path for each in endpoints}
    assert all(found.others.values())
    meant = survey(api_of(*endpoints), [each.path for each in endpoints])
    assert {each.endpoint.path for each in found.listings} <= {each.endpoint.path for each in meant.listings}
