"""Columns against instances, row by row and error by error: whatever the contracts, the map and the bytes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.columnar.both import Both
from tests.engine.columnar.contracts import case, page
from tidegate.utils.columns import SchemaError

SEAMS = (0, 0, 0, 1)


def held_together(random: Random, pages: int) -> tuple[int, int]:
    """Of one case: how many pages were held against each other, and how many of them columns built."""
    of = case(random)
    cursor = random.choice([None, None, *of.reads.model_fields])
    try:
        both = Both.of(of, cursor)
    except SchemaError:  # no table can be made of what is written
        return 0, 0
    if both.columns is None:
        return 0, 0
    taken = 0
    for _ in range(pages):
        body = page(random, of)
        seam = random.choice(SEAMS)
        by_columns, difference = both.hold(body, seam)
        difference = difference or both.differ(body, seam)
        assert difference is None, f"{of.map}\n{of.reads.model_fields}\n{body!r}\n{difference}"
        taken += by_columns
    return pages, taken


@settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(st.randoms(use_true_random=False))
def test_columns_give_what_instances_give(random: Random) -> None:
    held_together(random, 8)


def test_most_cases_are_proven_and_many_pages_are_built_by_columns() -> None:
    """Lest the test above holds nothing against nothing."""
    found = [held_together(Random(seed), 10) for seed in range(40)]
    held, taken = map(sum, zip(*found, strict=True))
    assert sum(pages > 0 for pages, _ in found) > 20
    assert taken > held / 10 > 10


@pytest.mark.extended
@pytest.mark.parametrize("start", range(0, 2000, 100))
def test_columns_give_what_instances_give_at_length(start: int) -> None:
    for seed in range(start, start + 100):
        held_together(Random(seed), 25)
