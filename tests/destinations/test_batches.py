"""Batches of a commit joined to a good size: every row once and in order, and no copy of what is large."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.destinations.batches import joined

LARGE = 10  # rows


def batches(sizes: list[int]) -> list[pa.RecordBatch]:
    ends = [sum(sizes[:at]) for at in range(len(sizes) + 1)]
    schema = pa.schema([("id", pa.int64())])
    return [
        pa.record_batch([pa.array(range(start, end), pa.int64())], schema=schema)
        for start, end in pairwise(ends)
    ]


@given(st.lists(st.integers(0, 25), max_size=12))
def test_every_row_comes_once_and_in_order(sizes: list[int]) -> None:
    found = list(joined(batches(sizes), LARGE, 1 << 30))
    assert [row["id"] for batch in found for row in batch.to_pylist()] == list(range(sum(sizes)))
    assert all(batch.num_rows for batch in found)
    small = [at for at, batch in enumerate(found) if batch.num_rows < LARGE]
    assert all(at == len(found) - 1 or found[at + 1].num_rows >= LARGE for at in small)


@pytest.mark.parametrize(
    ("rows", "size", "found"),
    [
        (10, 1 << 30, [6, 10, 25, 9]),
        (1 << 30, 80, [6, 10, 25, 9]),  # eight bytes a row
        (1 << 30, 1 << 30, [50]),
        (1, 1 << 30, [2, 4, 10, 25, 9]),
    ],
)
def test_a_batch_that_is_large_by_itself_is_passed_on_as_it_is(
    rows: int, size: int, found: list[int]
) -> None:
    given_ones = batches([2, 4, 10, 25, 0, 9])
    passed = list(joined(given_ones, rows, size))
    assert [batch.num_rows for batch in passed] == found
    if 25 in found:
        assert any(batch is given_ones[3] for batch in passed)
