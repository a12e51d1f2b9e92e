"""Lengths of time and sizes as people write them."""

from __future__ import annotations

import pytest

from tidegate.utils.amounts import seconds, shown_size, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("15m", 900), ("1.5h", 5400), ("7D", 604800), ("12", 12), ("", None), ("7 weeks", None),
     ("-1d", None), ("d", None)],
)  # fmt: skip
def test_a_length_of_time(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10GB", 10**10), ("1.5 tb", 15 * 10**11), ("500", 500), ("7B", 7), ("1K", None), ("", None),
     ("GB", None), ("-1GB", None)],
)  # fmt: skip
def test_a_size(text: str, expected: int | None) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (1_234_567, "1.2 MB"), (10**13, "10.0 TB")],
)
def test_a_size_for_a_person(count: int, text: str) -> None:
    assert shown_size(count) == text
