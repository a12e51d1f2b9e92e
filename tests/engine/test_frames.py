"""Frames as rows: the values that models would give, and nothing changed on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, Field, create_model

from tidegate.contracts.base import WriteContract
from tidegate.engine.exceptions import FrameError
from tidegate.engine.frames import rows
from tidegate.utils.encoding import Encoder

MakeFrame = Callable[[dict[str, list[Any]]], Any]
NOON = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)


def read(frame: Any, **fields: Any) -> list[dict[str, Any]]:
    """The rows of a frame of the fields named, of any type."""
    model: Any = create_model("Clean", __base__=WriteContract, **fields)
    return [row for _, row in rows(frame, model)]


def cells(frame: Any) -> list[Any]:
    """Those of the frame's one column."""
    return [row["it"] for row in read(frame, it=(Any, None))]


class Part(WriteContract):
    name: str | None
    sizes: list[int]


class Order(WriteContract):
    order_id: int
    total: Annotated[Decimal, Field(max_digits=12, decimal_places=2)] | None
    weight: float | None
    is_paid: bool | None
    count: int | None
    note: str | None
    data: bytes | None
    created_at: AwareDatetime | None
    day: date | None
    at: time | None
    took: timedelta | None
    tags: list[str]
    parts: list[Part]
    first: Part | None
    more: dict[str, Any]


instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
numbers = st.integers(-(2**63), 2**63 - 1)
parts = st.builds(Part, name=st.none() | texts, sizes=st.lists(numbers, max_size=3))
orders = st.builds(
    Order,
    order_id=numbers,
    total=st.none() | st.decimals("-9999999999.99", "9999999999.99", places=2),
    weight=st.none() | st.floats(allow_nan=False),
    is_paid=st.none() | st.booleans(),
    count=st.none() | numbers,
    note=st.none() | texts,
    data=st.none() | st.binary(max_size=5),
    created_at=st.none() | instants,
    day=st.none() | st.dates(date(1, 1, 1)),
    at=st.none() | st.times(),
    took=st.none() | st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
    tags=st.lists(texts, max_size=3),
    parts=st.lists(parts, max_size=2),
    first=st.none() | parts,
    more=st.dictionaries(texts, st.none() | numbers | texts, max_size=2),
)


def by_column(models: list[Order]) -> dict[str, list[Any]]:
    dumped = [model.model_dump() for model in models]
    return {name: [row[name] for row in dumped] for name in Order.model_fields}


def in_pandas(columns: dict[str, list[Any]]) -> pd.DataFrame:
    """In the dtypes that pandas itself would choose, but for integers with gaps."""
    whole = {"order_id": "int64", "count": "Int64"}
    made = {name: pd.Series(values, dtype=whole.get(name)) for name, values in columns.items()}
    return pd.DataFrame(made)


def in_nullable_pandas(columns: dict[str, list[Any]]) -> pd.DataFrame:
    kinds = {
        "order_id": "Int64",
        "count": "Int64",
        "is_paid": "boolean",
        "note": "string",
        "weight": "Float64",
    }
    return pd.DataFrame(
        {name: pd.Series(values, dtype=kinds.get(name, "object")) for name, values in columns.items()}
    )


def in_arrow(columns: dict[str, list[Any]]) -> pa.Table:
    """As the encoder's schema has it, JSON apart."""
    schema = Encoder(Order).schema
    plain = {"more": pa.map_(pa.string(), pa.string()), "took": pa.duration("us")}
    fields = [(field.name, plain.get(field.name, field.type)) for field in schema]
    return pa.table(columns, schema=pa.schema(fields))


@pytest.mark.parametrize("make", [in_pandas, in_nullable_pandas, in_arrow])
@settings(max_examples=50, deadline=None)
@given(models=st.lists(orders, max_size=4))
def test_a_frame_of_models_gives_the_models_back(make: MakeFrame, models: list[Order]) -> None:
    if make is in_arrow:
        models = [model.model_copy(update={"more": {}}) for model in models]
    found = [Order.model_validate(row) for _, row in rows(make(by_column(models)), Order)]
    assert found == models


@settings(max_examples=50, deadline=None)
@given(models=st.lists(orders, max_size=4))
def test_a_polars_frame_of_models_gives_the_models_back(models: list[Order]) -> None:
    # polars knows no dict, and a struct of nulls is one with null fields
    models = [model.model_copy(update={"more": {}, "first": None}) for model in models]
    columns = by_column(models)
    del columns["more"], columns["first"]
    arrow = in_arrow(by_column(models)).drop_columns(["more", "first"])
    frame = pl.DataFrame(columns, schema=pl.from_arrow(arrow.slice(0, 0)).schema)  # type: ignore[union-attr]
    model: Any = create_model("Clean", __base__=Order, more=(dict[str, Any], {}), first=(Part | None, None))
    found = [model.model_validate(row) for _, row in rows(frame, model)]
    assert [each.model_dump() for each in found] == [each.model_dump() for each in models]


@pytest.mark.parametrize(
    "column",
    [
        [1.5, math.nan],
        [1, None],
        pd.array([1, pd.NA], "Int64"),
        pd.array([True, pd.NA], "boolean"),
        ["text", math.nan],
        pd.array(["text", pd.NA], "string"),
        pd.Categorical(["text", None]),
        pd.Series([NOON, None]),
        pd.to_timedelta([1, None], "s"),
        np.array([NOON, pd.NaT], dtype=object),
        [[1], None],
        pd.array([1.5, None], "double[pyarrow]"),
    ],
    ids=repr,
)
def test_what_pandas_calls_missing_is_none(column: Any) -> None:
    there, gone = cells(pd.DataFrame({"it": column}))
    assert gone is None
    assert there is not None


def test_of_polars_and_arrow_null_is_missing_and_nan_a_number() -> None:
    for make in (pl.DataFrame, pa.table):
        nan, null = cells(make({"it": [math.nan, None]}))
        assert math.isnan(nan)
        assert null is None


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2026-01-01T12:00:00.000001"), NOON.replace(tzinfo=None)),
        (np.timedelta64(5, "us"), timedelta(microseconds=5)),
        (pd.Timestamp(NOON), NOON),
        (pd.Timedelta(5, "us"), timedelta(microseconds=5)),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ([np.int64(1), pd.NA, {"k": pd.NaT}], [1, None, {"k": None}]),
        ({np.int64(1): (pd.Timestamp(NOON),)}, {1: [NOON]}),
        (Decimal("1.10"), Decimal("1.10")),
        (UUID(int=7), UUID(int=7)),
    ],
)
def test_cells_of_pandas_become_values_of_python(given_: Any, expected: Any) -> None:
    (found,) = cells(pd.DataFrame({"it": pd.Series([given_], dtype=object)}))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["a", "b"])])
def test_categories_are_their_text(kind: Any) -> None:
    assert cells(pl.DataFrame({"it": pl.Series(["b", None, "a"], dtype=kind)})) == ["b", None, "a"]
    assert cells(pd.DataFrame({"it": pd.Categorical([3, 1])})) == [3, 1]
    assert cells(pa.table({"it": pa.array(["b", "a"]).dictionary_encode()})) == ["b", "a"]


NANO = "2026-01-01T00:00:00.000000001Z"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"it": pd.Series([None, pd.Timestamp(NANO)])}),
        pd.DataFrame({"it": [None, [{"at": pd.Timestamp(NANO)}]]}),
        pd.DataFrame({"it": pd.to_timedelta([0, 1], "ns")}),
        pd.DataFrame({"it": pd.Series([None, np.datetime64(1, "ns")], dtype=object)}),
        pa.table({"it": pa.array([0, 1], pa.timestamp("ns", "UTC"))}),
        pa.table({"it": pa.array([0, 1], pa.duration("ns"))}),
        pa.table({"it": pa.array([0, 1], pa.time64("ns"))}),
        pa.table(
            {"it": pa.array([[{"at": 0}], [{"at": 1}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))])))}
        ),
        pl.DataFrame({"it": pl.Series([0, 1]).cast(pl.Datetime("ns"))}),
    ],
)
def test_nanoseconds_are_never_cut(frame: Any) -> None:
    with pytest.raises(FrameError, match=r"column 'it', rows? .*of the frame: nanoseconds"):
        cells(frame)


def test_nanoseconds_of_zero_are_none() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert cells(pa.table({"it": pa.array([at], pa.timestamp("ns", "UTC"))})) == [at]
    assert cells(pl.DataFrame({"it": pl.Series([at]).dt.cast_time_unit("ns")})) == [at]
    assert cells(pl.DataFrame({"it": [time(1, 2, 3, 4)]})) == [time(1, 2, 3, 4)]


def test_an_integer_that_a_float_changed_is_refused() -> None:
    frame = pd.DataFrame({"id": [2**53 + 1, None]})
    with pytest.raises(FrameError, match=r"column 'id', row 0 of the frame: a float") as caught:
        read(frame, id=(int | None, ...))
    assert "Int64" in str(caught.value.hint)
    assert read(frame, id=(float | None, ...))[0] == {"id": float(2**53)}
    assert read(frame.astype("Int64"), id=(int | None, ...))[1] == {"id": None}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame({"id": [1], "nmae": ["a"]}),
            "has the column 'nmae', which Clean does not know and lacks",
        ),
        (pl.DataFrame({"id": [1]}), "lacks the column 'name' of Clean"),
        (
            pd.DataFrame({"x": [1], "y": [1]}),
            "has the columns 'x', 'y', .* and lacks the columns 'id', 'name'",
        ),
        (
            pd.DataFrame([[1, "a", "b"]], columns=["id", "name", "name"]),
            "has the column 'name' more than once",
        ),
        (pa.table([pa.array([1])] * 2, names=["id", "id"]), "has the column 'id' more than once"),
        (pd.DataFrame([[1, 2]]), "a column named 0"),
        (pd.Series([1], name="id"), "a Series gives no Arrow table"),
        (pl.Series("id", [1]), "a Series gives no Arrow table"),
        (pl.DataFrame({"id": [object()], "name": ["a"]}), "column 'id' is of polars' type Object"),
        (pa.table({"id": pa.array([10**18], pa.timestamp("us")), "name": ["a"]}), "column 'id', rows 0 to 0"),
        (
            pa.table({"id": [1], "name": pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64()))}),
            "column 'name', rows 0 to 0 of the frame: a key that stands twice",
        ),
    ],
)
def test_a_frame_that_is_no_rows_of_the_contract_is_refused_by_its_columns(frame: Any, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        read(frame, id=(int, ...), name=(str, ...))


def test_an_index_is_no_column_and_the_hint_says_how_it_becomes_one() -> None:
    frame = pd.DataFrame({"id": [7, 8], "name": ["a", "b"]}).set_index("id")
    with pytest.raises(FrameError, match="lacks the column 'id'") as caught:
        read(frame, id=(int, ...), name=(str, ...))
    assert "reset_index()" in str(caught.value.hint)
    assert read(frame, name=(str, ...)) == [{"name": "a"}, {"name": "b"}]


def test_a_column_has_the_name_or_the_alias_of_its_field() -> None:
    field = (str, Field(alias="from"))
    for name in ("from", "from_"):
        assert read(pd.DataFrame({name: ["a"]}), from_=field) == [{name: "a"}]


def test_optional_fields_may_be_left_out() -> None:
    assert read(pa.table({"id": [1]}), id=(int, ...), note=(str | None, None)) == [{"id": 1}]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_positions_count_over_the_whole_of_a_long_frame(make: MakeFrame) -> None:
    count = 25_000
    frame = make({"it": [*range(count - 1), 2], "_row": [0] * (count - 1) + [9]})
    model = create_model("Clean", __base__=WriteContract, it=(int, ...))
    assert [row["it"] for _, row in rows(frame, model)] == [*range(count - 1), 2]
    with pytest.raises(FrameError, match=f"column '_row', row {count - 1} of the frame: 9, not one of"):
        list(rows(frame, model, of=9))
