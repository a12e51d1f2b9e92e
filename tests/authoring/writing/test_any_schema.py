"""Whatever the schema of a row: its contracts can be imported and take every value that the schema allows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring.writing.running import written
from tests.authoring.writing.schemas import ROWS, rows_of

_anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 10**12)
    | st.floats(-5, 5)
    | st.sampled_from(["", "x", "2024-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "1", "2"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def take_what_the_schema_allows(data: st.DataObject) -> None:
    row = data.draw(ROWS)
    rows = data.draw(st.lists(rows_of(row), min_size=1, max_size=4))
    with written(row) as found:
        assert found.read(rows).rejects == [], found.text
        assert found.encoded(rows).num_rows == len(rows)


def take_examples_that_contradict_the_schema(data: st.DataObject) -> None:
    row = data.draw(ROWS)
    wrong = st.fixed_dictionaries({}, optional=dict.fromkeys(row["properties"], _anything))
    rows = data.draw(st.lists(wrong | rows_of(row), min_size=1, max_size=3))
    with written(row, rows) as found:
        assert found.read(rows).rejects == [], found.text
        assert found.encoded(rows).num_rows == len(rows)


@given(st.data())
@settings(max_examples=8)
def test_contracts_take_what_the_schema_allows(data: st.DataObject) -> None:
    take_what_the_schema_allows(data)


@given(st.data())
@settings(max_examples=8)
def test_contracts_take_examples_that_contradict_the_schema(data: st.DataObject) -> None:
    take_examples_that_contradict_the_schema(data)


@pytest.mark.extended
@given(st.data())
@settings(max_examples=200)
def test_contracts_take_what_any_schema_allows(data: st.DataObject) -> None:
    take_what_the_schema_allows(data)


@pytest.mark.extended
@given(st.data())
@settings(max_examples=200)
def test_contracts_take_any_examples_that_contradict_the_schema(data: st.DataObject) -> None:
    take_examples_that_contradict_the_schema(data)
