from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.engine.drift.chance import Share, _tail, has_fallen, has_risen


@given(st.data(), st.integers(1, 60), st.integers(1, 60))
def test_the_tail_is_that_of_the_hypergeometric_distribution(data: st.DataObject, n: int, m: int) -> None:
    now = Share(data.draw(st.integers(0, n)), n)
    before = Share(data.draw(st.integers(0, int(now.part * m))), m)
    marked, whole = now.count + before.count, n + m
    exact = sum(comb(marked, k) * comb(whole - marked, n - k) for k in range(now.count, n + 1)) / comb(
        whole, n
    )
    assert _tail(now, before) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("now", "earlier", "fell"),
    [
        (Share(0, 10), [Share(10, 10)], True),
        (Share(0, 3), [Share(10, 10)], False),
        (Share(4950, 5000), [Share(5000, 5000)], True),
        (Share(499, 500), [Share(500, 500)], False),
        (
            Share(700, 1000),
            [Share(800, 1000)],
            False,
        ),  # of what comes and goes, a fifth is not enough to tell
        (Share(500, 1000), [Share(800, 1000)], True),
        (Share(500, 1000), [Share(800, 1000), Share(45, 100)], False),  # it was as low before
        (Share(500, 1000), [Share(800, 1000), Share(0, 5)], True),  # five rows say nothing
        (Share(900_000, 1_000_000), [Share(890_000, 1_000_000)], False),
        (Share(0, 0), [Share(10, 10)], False),
        (Share(5, 10), [], False),
    ],
)
def test_a_fall_is_more_than_chance_and_below_every_run_before(
    now: Share, earlier: list[Share], fell: bool
) -> None:
    assert has_fallen(now, earlier) is fell


@pytest.mark.parametrize(
    ("now", "earlier", "rose"),
    [
        (Share(20, 2000), [Share(0, 2000)], True),
        (Share(10, 1000), [Share(0, 1000)], False),
        (Share(10, 1000), [Share(0, 20_000)], True),
        (Share(500, 1000), [Share(300, 1000)], False),
        (Share(500, 1000), [Share(5, 1000)], True),
        (Share(50, 1000), [Share(0, 1000), Share(10, 1000)], False),
        (Share(1_000_000, 1_000_000), [Share(0, 1_000_000)], True),
        (Share(5, 10), [], False),
    ],
)
def test_a_rise_is_of_what_hardly_ever_came(now: Share, earlier: list[Share], rose: bool) -> None:
    assert has_risen(now, earlier) is rose
