"""Synthetic keys: the same rows get the same ones, equal rows of a slice one each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import KEY_COLUMN, SYNTHETIC_KEY, Table
from tidegate.engine.plan import Slice
from tidegate.engine.row_keys import RowKeys
from tidegate.utils.encoding import Encoder


class Line(WriteContract):
    text: str
    number: int | None = None


LINES = Table("lines", Line, key=SYNTHETIC_KEY, write="merge")
ENCODER = Encoder(Line)


def keys(texts: Sequence[str], of: Slice | None = None, *, page: int = 3, held: int = 100) -> list[str]:
    """The keys of rows of these texts, which come in pages."""
    made: list[str] = []
    with RowKeys(LINES, of, held=held) as row_keys:
        for first in range(0, len(texts), page):
            batch = ENCODER.encode([Line(text=text) for text in texts[first : first + page]])
            made += map(str, row_keys.keyed(batch).column(KEY_COLUMN).to_pylist())
    return made


_texts = st.lists(st.sampled_from("abcd"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), texts=_texts, page=st.integers(1, 5))
def test_the_same_rows_in_any_order_and_pages_get_the_same_keys_and_no_two_one(
    data: st.DataObject, texts: list[str], page: int
) -> None:
    again = data.draw(st.permutations(texts))
    one, other = keys(texts), keys(again, page=page)
    assert sorted(zip(texts, one, strict=True)) == sorted(zip(again, other, strict=True))
    assert len(set(one)) == len(texts)


def test_further_rows_leave_the_keys_of_the_others_as_they_are() -> None:
    assert set(keys(["a", "a", "b"])) < set(keys(["b", "c", "a", "a", "a"]))


def test_equal_rows_of_two_windows_or_accounts_have_keys_of_their_own() -> None:
    one, two = date(2026, 1, 1), date(2026, 1, 2)
    slices = [
        Slice("1", cell=one), Slice("2", cell=two), Slice("3", values=("north",)),
        Slice("4", values=("south",)), Slice("5", cell=one, values=("north",)), Slice("6", values=(1,)),
        Slice("7", values=("1",)), Slice("8", values=(2**70,)), Slice("9", values=("\ud800",)),
    ]  # fmt: skip
    assert len({keys(["a"], each)[0] for each in (None, *slices)}) == len(slices) + 1


def test_window_of_a_task_that_asks_changed_since_is_no_part_of_the_key() -> None:
    first = Slice("all", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    later = Slice("all", datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    assert keys(["a", "a"], first) == keys(["a", "a"], later) == keys(["a", "a"])


def test_keys_are_32_hex_digits_and_the_same_in_every_process() -> None:
    program = "from tests.engine.test_row_keys import keys; print(*keys(['a', 'a', 'b']))"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == keys(["a", "a", "b"]) == [
        "45386be88502f6432b013b2c8ecfead4",
        "48066e7f27bf40ec2d3dcdd9d99bb674",
        "262a3536743b2c588ff29aa7899aa875",
    ]  # fmt: skip


@pytest.mark.parametrize("held", [1, 4])
def test_slice_of_more_rows_than_are_counted_in_memory_gets_the_same_keys(
    held: int,
) -> None:
    texts = [str(number % 7) for number in range(40)]
    wanted = keys(texts)
    assert keys(texts, held=held) == wanted


@pytest.mark.parametrize("equal", [0, 1, 15, 16, 17, 33])
def test_rows_that_come_later_are_numbered_behind_those_that_have_their_keys(equal: int) -> None:
    there, earlier, more = (
        ENCODER.encode([Line(text=text) for text in texts]) for texts in ("a" * equal + "b", "ac", "aba")
    )
    with RowKeys(LINES) as made:
        part = made.keyed(there)
    with RowKeys(LINES) as made:
        (late,) = made.follow([more], lambda: [part], [earlier])
    whole = keys(["a"] * (equal + 3) + ["b"] * 2)
    found = [part, late]
    came = sorted(str(key) for batch in found for key in batch.column(KEY_COLUMN).to_pylist())
    assert came == sorted(set(whole) - {whole[equal]})  # that of the earlier row


def test_table_with_keys_of_its_own_gets_no_column() -> None:
    table = Table("lines", Line, key=("text",), write="merge")
    batch = ENCODER.encode([Line(text="a")])
    with RowKeys(table) as made:
        assert made.keyed(batch) is batch
        assert made.schema(batch.schema) is batch.schema
