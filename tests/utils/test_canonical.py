"""Rows as canonical bytes: equal where the values are, and only there, however they come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field, create_model

from tidegate.contracts.base import WriteContract
from tidegate.utils.canonical import canonical
from tidegate.utils.encoding import Encoder
from tidegate.utils.schemas import columns_of


class Part(BaseModel):
    amount: int | None = None
    names: list[str] = []


class Row(WriteContract):
    text: str | None = None
    number: int | None = None
    share: float | None = None
    flag: bool | None = None
    at: AwareDatetime | None = None
    wall: date | None = None
    clock: time | None = None
    raw: bytes | None = None
    total: Annotated[Decimal, Field(max_digits=12, decimal_places=2)] | None = None
    huge: Annotated[Decimal, Field(max_digits=60, decimal_places=30)] | None = None
    extra: dict[str, Any] | None = None
    part: Part | None = None
    parts: list[Part] = Field(default=[])
    numbers: list[int] = Field(default=[])
    texts: list[str] = Field(default=[])


def told(*rows: BaseModel) -> list[bytes]:
    model = type(rows[0])
    return canonical(columns_of(model), Encoder(model).encode(rows))


_parts = st.builds(
    Part, amount=st.none() | st.integers(0, 2), names=st.lists(st.sampled_from(["", "a", "b"]), max_size=2)
)
_rows = st.builds(
    Row,
    text=st.none() | st.sampled_from(["", "a", "ab", "é", "\x00"]),
    number=st.none() | st.integers(-(2**63), 2**63 - 1),
    share=st.none() | st.floats(allow_nan=False),
    flag=st.none() | st.booleans(),
    at=st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    wall=st.none() | st.dates(),
    clock=st.none() | st.times(),
    raw=st.none() | st.binary(max_size=3),
    total=st.none() | st.decimals(-99, 99, places=2),
    huge=st.none() | st.decimals(-99, 99, places=30),
    extra=st.none() | st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 2) | st.none()),
    part=st.none() | _parts,
    parts=st.lists(_parts, max_size=3),
    numbers=st.lists(st.integers(0, 2), max_size=3),
    texts=st.lists(st.sampled_from(["", "a", "aa"]), max_size=3),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(_rows, min_size=2, max_size=6))
def test_bytes_are_equal_where_the_rows_are_and_only_there(rows: list[Row]) -> None:
    given_bytes = told(*rows)
    for one, its in zip(rows, given_bytes, strict=True):
        for other, others in zip(rows, given_bytes, strict=True):
            assert (its == others) == (one == other), (one, other)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(_rows, min_size=1, max_size=6), start=st.integers(0, 5), length=st.integers(0, 6))
def test_bytes_do_not_depend_on_the_batch_that_a_row_comes_in(
    rows: list[Row], start: int, length: int
) -> None:
    batch, columns = Encoder(Row).encode(rows), columns_of(Row)
    whole = canonical(columns, batch)
    assert canonical(columns, batch.slice(start, length)) == whole[start : start + length]
    assert [told(row)[0] for row in rows] == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Row(share=0.0), Row(share=-0.0)),
        (Row(share=float("nan")), Row(share=-float("nan"))),
        (Row(extra={"a": 1, "b": {"c": 1, "d": 2}}), Row(extra={"b": {"d": 2, "c": 1}, "a": 1})),
        (
            Row(at=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))),
            Row(at=datetime(2026, 1, 1, tzinfo=UTC)),
        ),
        (Row(total=Decimal("1.5")), Row(total=Decimal("1.50"))),
    ],
    ids=["zero", "nan", "json", "offset", "decimal"],
)
def test_values_that_are_the_same_are_the_same_bytes(one: Row, other: Row) -> None:
    assert told(one) == told(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Row(text=""), Row()),
        (Row(part=Part()), Row()),
        (Row(parts=[Part()]), Row()),
        (Row(parts=[Part(), Part()]), Row(parts=[Part()])),
        (Row(texts=["a", "a"]), Row(texts=["aa"])),
        (Row(part=Part(names=["a", ""])), Row(part=Part(names=["", "a"]))),
        (Row(text="1"), Row(texts=["1"])),
        (Row(extra={}), Row()),
    ],
)
def test_values_that_are_not_the_same_are_other_bytes(one: Row, other: Row) -> None:
    assert told(one) != told(other)


def test_json_with_a_number_of_any_length_has_its_bytes() -> None:
    assert told(Row(extra={"a": 10**400})) != told(Row(extra={"a": 10**401}))


def test_columns_may_be_in_another_order_and_further_ones_without_a_value() -> None:
    class Later(WriteContract):
        more: str | None = None
        b: int
        lists: list[int] = Field(default=[])
        a: int

    class Before(WriteContract):
        a: int
        b: int

    assert told(Later(a=1, b=2)) == told(Before(a=1, b=2))
    assert told(Later(a=1, b=2, more="x")) != told(Before(a=1, b=2))


def test_bytes_are_written_down_here_so_that_no_version_changes_them() -> None:
    """Keys in people's tables are made of them."""
    row = Row(
        text="é", number=-1, share=1.5, flag=True, at=datetime(2026, 1, 1, tzinfo=UTC), wall=date(2026, 1, 1),
        clock=time(1), raw=b"\x00", total=Decimal("1.50"), huge=Decimal(1), extra={"b": 1, "a": None},
        part=Part(amount=1, names=["x"]), parts=[Part(), Part(amount=2)], numbers=[3], texts=["y"],
    )  # fmt: skip
    assert told(row)[0].hex() == GOLDEN


GOLDEN = (
    "020061740800000000402046484706000500636c6f636b0800000000a493d60000000005006578747261100000007b22"
    "61223a6e756c6c2c2262223a317d0400666c616701000000010400687567652000000000000040eaed7446d09c2c9f0c"
    "0000000000000000000000000000000000000006006e756d62657208000000ffffffffffffffff07006e756d62657273"
    "0c000000080000000300000000000000040070617274240000000600616d6f756e740800000001000000000000000500"
    "6e616d6573050000000100000078050070617274731c00000000000000140000000600616d6f756e7408000000020000"
    "0000000000030072617701000000000500736861726508000000000000000000f83f04007465787402000000c3a90500"
    "74657874730500000001000000790500746f74616c1000000096000000000000000000000000000000040077616c6c04"
    "000000e64f0000"
)


def test_columns_of_a_name_that_begins_another_one_are_told_apart() -> None:
    one: Any = create_model("One", a=(str | None, None), aa=(str | None, None))
    assert told(one(a="x")) != told(one(aa="x"))
