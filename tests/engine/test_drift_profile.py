from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.kinds import kind_of
from tidegate.engine.drift.profile import Profile, walk
from tidegate.engine.drift.profiler import Profiler
from tidegate.engine.drift.watch import Watch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=12,
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4), max_size=20)


def profile(rows: list[Any]) -> Profile:
    made = Profile(rows=len(rows))
    for row in rows:
        made.add(row)
    return made


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        ("", "empty text"),
        (True, "true or false"),
        (12, "integer"),
        (1_700_000_000, "epoch seconds"),
        (1_700_000_000_000, "epoch milliseconds"),
        (1.0, "number"),
        ("red", "text"),
        ("-12", "integer text"),
        ("12,50", "decimal text"),
        ("true", "boolean text"),
        ("2026-01-31", "date"),
        ("2026-01-31T10:00:00.5Z", "instant"),
        ("2026-01-31 10:00:00+01:00", "instant"),
        ("2026-01-31T10:00:00", "instant without offset"),
        ("2026-13-99x", "text"),
        ("ann@example.com", "email"),
        ("2ann@example.com", "email"),
        ("Ann <ann@example.com>", "text"),
        ("6f1ed002-ab5c-4e4c-9d6a-0b7a9a1d2c3e", "uuid"),
        ("https://example.com/" + "x" * 300, "url"),
        ("198.51.100.7", "text"),
        ({}, "object"),
        ([], "list"),
    ],
)
def test_a_value_has_a_kind(value: Any, kind: str) -> None:
    assert kind_of(value) == kind


def test_paths_lead_through_objects_and_lists_and_count_against_their_parent() -> None:
    made = profile([{"items": [{"sku": "a"}, {"sku": "b", "n": 1}]}, {"items": []}, {"other": None}])
    root = made.root
    items = root.fields["items"]
    assert (root.objects, items.count, root.fields["other"].filled) == (3, 2, 0)
    assert items.items is not None
    assert items.items.objects == 2
    assert {key: node.count for key, node in items.items.fields.items()} == {"sku": 2, "n": 1}
    assert items.items.fields["sku"].values == {"a": 1, "b": 1}
    assert [keys for keys, _ in walk(root)] == [
        (),
        ("items",),
        ("items",),
        ("items", "sku"),
        ("items", "n"),
        ("other",),
    ]


@given(ROWS, st.integers(0, 20))
def test_slices_merge_to_the_profile_of_the_whole(rows: list[Any], cut: int) -> None:
    halves = profile(rows[:cut]).merged([profile(rows[cut:])])
    assert halves.to_json() == profile(rows).merged([]).to_json()


@given(ROWS)
def test_a_profile_comes_back_from_json(rows: list[Any]) -> None:
    made = profile(rows)
    assert Profile.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_one_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        Profile.from_json({**Profile().to_json(), "v": 9})


def _deep(levels: int) -> Any:
    row: Any = {}
    for _ in range(levels):
        row = {"a": [row]}
    return row


@pytest.mark.parametrize(
    "rows",
    [
        [{f"key {number}": number for number in range(100_000)}],
        [{f"key {row} {number}": {"x": {"y": {}}} for number in range(50)} for row in range(500)],
        [_deep(400)],
        [{"text": "x" * 1_000_000, "y" * 100_000: 1}],
        [{"id": f"{number:030}"} for number in range(10_000)],
        [{"list": [{str(number): number} for number in range(100_000)]}],
    ],
    ids=["keys of one row", "keys of all rows", "depth", "long texts", "distinct values", "long lists"],
)
def test_a_profile_stays_small_whatever_comes(rows: list[Any]) -> None:
    whole = profile(rows)
    for made in (whole, whole.merged([profile(rows)])):
        assert len(json.dumps(made.to_json())) < 400_000
    assert sum(1 for _ in walk(whole.root)) <= 2000


def rows_with(rare: int, count: int) -> list[dict[str, Any]]:
    return [{"id": number, **({"rare": 1} if number == rare else {})} for number in range(count)]


def test_the_first_rows_are_all_looked_at_and_later_ones_by_sample() -> None:
    few, many = Profiler("seed"), Profiler("seed")
    few.page(rows_with(0, 2000))
    for _ in range(40):
        many.page(rows_with(-1, 5000))
    assert few.profile().root.count == 2000
    assert many.profile().rows == 200_000
    assert 5000 < many.profile().root.count < 12_000


def test_small_pages_late_in_a_task_are_sampled_too() -> None:
    profiler = Profiler("seed", before=100_000)
    for _ in range(2000):
        profiler.page(rows_with(-1, 10))
    assert 25 < profiler.profile().root.count < 100


def test_a_key_of_one_row_among_many_is_found() -> None:
    profiler = Profiler("seed", before=100_000)
    profiler.page(rows_with(4321, 5000))
    assert profiler.profile().root.fields["rare"].count == 1


def test_the_same_seed_and_pages_give_the_same_profile() -> None:
    made = []
    for seed in ("a", "a", "b"):
        profiler = Profiler(seed, before=10_000)
        profiler.page([{"n": random.Random(number).random()} for number in range(3000)])
        made.append(profiler.profile().to_json())
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("rows", [[1, "two", None, [3]], [{"a": 1}, "text", [{"b": 2}]]])
def test_rows_that_are_no_objects_are_profiled_as_what_they_are(rows: list[Any]) -> None:
    profiler = Profiler("seed", before=sys.maxsize)
    for _ in range(200):
        profiler.page(rows)
    assert profiler.profile().rows == 200 * len(rows)


def test_slices_side_by_side_look_at_as_many_rows_as_one_after_the_other(tmp_path: Path) -> None:
    class Read(BaseModel):
        id: int

    looked = []
    for at_once in (True, False):
        watch = Watch(Read, "run", Baselines(tmp_path / f"baselines-{at_once}"))
        steps = [(number, page) for page in range(5) for number in range(8)]
        for number, page in steps if at_once else sorted(steps):
            if page == 0:
                watch.begin(number, f"slice-{number}")
            watch.page(number, rows_with(-1, 1000))
            if page == 4:
                watch.finish(number, tmp_path / f"{number}.profile")
        found = watch.profile()
        assert found.rows == 40_000
        looked.append(found.root.count)
    assert 6_000 < looked[0] < 7_500
    assert abs(looked[0] - looked[1]) < 100
