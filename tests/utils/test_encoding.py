"""Write models to Arrow: values, nulls and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    NaiveDatetime,
    RootModel,
    computed_field,
    create_model,
)

from tidegate.contracts.base import WriteContract
from tidegate.utils.arrays import UnfitError
from tidegate.utils.encoding import EncodeError, Encoder


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    label: str | None = None


class Path3(BaseModel):
    points: list[Point]
    first: Point | None


class Tags(RootModel[list[UUID]]):
    pass


def encoded(annotation: Any, *values: Any) -> pa.Array[Any]:
    """The column that holds the values, given without validation: an encoder meets computed fields too."""
    model = create_model("M", v=(annotation, ...))
    return Encoder(model).encode([model.model_construct(v=value) for value in values]).column(0)


def test_batch_has_the_schema_even_with_no_rows() -> None:
    encoder = Encoder(Path3)
    batch = encoder.encode([])
    assert (batch.num_rows, batch.schema) == (0, encoder.schema)


def test_instants_of_any_offset_become_utc() -> None:
    paris = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Paris"))
    odd = datetime(2024, 7, 1, 12, tzinfo=timezone(-timedelta(hours=3, minutes=30)))
    found: list[Any] = encoded(AwareDatetime, paris, odd).to_pylist()
    assert [value.replace(tzinfo=UTC) for value in found] == [paris, odd]


def test_null_list_is_written_as_empty_and_sets_are_sorted() -> None:
    assert encoded(list[int] | None, None, [2, 1]).to_pylist() == [[], [2, 1]]
    found = encoded(set[float], {float("nan"), 2.0, float("-inf"), 1.0}).to_pylist()
    assert str(found) == "[[-inf, 1.0, 2.0, nan]]"
    assert encoded(set[Colour], {Colour.RED, Colour.BLUE}).to_pylist() == [["blue", "red"]]


def test_values_are_written_in_their_plain_form() -> None:
    one = UUID(int=1)
    assert encoded(UUID, one).to_pylist() == [str(one)]
    assert encoded(HttpUrl, HttpUrl("https://a.b/c")).to_pylist() == ["https://a.b/c"]
    assert encoded(IPv4Address, IPv4Address("1.2.3.4")).to_pylist() == ["1.2.3.4"]
    assert encoded(Colour | None, Colour.RED, None).to_pylist() == ["red", None]
    assert encoded(timedelta, timedelta(days=1, microseconds=1)).to_pylist() == [86_400_000_001]
    assert encoded(Tags, Tags([one])).to_pylist() == [[str(one)]]


def test_enum_stored_as_its_value_is_written_as_it_is() -> None:
    class M(BaseModel):
        model_config = ConfigDict(use_enum_values=True)
        v: Colour

    assert Encoder(M).encode([M(v=Colour.RED)]).to_pylist() == [{"v": "red"}]


def test_json_holds_what_pydantic_would_write() -> None:
    value = {"d": Decimal("1.50"), "t": datetime(2024, 1, 1, tzinfo=UTC), "n": float("nan"), "p": Point(x=1)}
    (text,) = encoded(dict[str, Any], value).to_pylist()
    assert text is not None
    assert orjson.loads(text) == {
        "d": "1.50",
        "t": "2024-01-01T00:00:00Z",
        "n": None,
        "p": {"x": 1, "label": None},
    }


def test_json_of_large_integers_and_other_keys_is_kept() -> None:
    assert encoded(dict[int, int], {1: 2**70}).to_pylist() == ['{"1":1180591620717411303424}']


def test_null_in_a_json_list_is_the_json_null() -> None:
    assert encoded(list[Any], [None, 1]).to_pylist() == [["null", "1"]]


def test_computed_fields_are_columns() -> None:
    class M(WriteContract):
        a: int

        @computed_field  # type: ignore[prop-decorator]  # as documented
        @property
        def double(self) -> int:
            return self.a * 2

    assert Encoder(M).encode([M(a=2)]).to_pylist() == [{"a": 2, "double": 4}]


def test_null_record_can_be_written_to_parquet(tmp_path: Path) -> None:
    rows = [
        Path3(points=[], first=None),
        Path3(points=[Point(x=1)], first=Point(x=2)),
        Path3(points=[], first=None),
    ]
    batch = Encoder(Path3).encode(rows)
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "rows.parquet")
    back = pq.read_table(tmp_path / "rows.parquet")
    assert back.schema == batch.schema
    assert back.to_pylist() == [row.model_dump() for row in rows]


Short = Annotated[str, Field(max_length=3)]
Few = Annotated[bytes, Field(max_length=3)]
Price = Annotated[Decimal, Field(max_digits=4, decimal_places=2)]

UNFIT: list[tuple[Any, Any, str]] = [
    (str, "\ud800", "Unicode"),
    (dict[str, str], {"a": "\ud800"}, "Unicode"),
    (int, 2**63, "64 bits"),
    (timedelta, timedelta.max, "64 bits"),
    (int, "seven", "kind int"),
    (str, 7, "kind string"),
    (Price, Decimal("1.234"), "at most 4 digits"),
    (Price, Decimal(100), "at most 4 digits"),
    (datetime, datetime(2024, 1, 1), "naive"),
    (NaiveDatetime, datetime(2024, 1, 1, tzinfo=UTC), "without an offset"),
    (time, time(1, tzinfo=UTC), "without an offset"),
    (date, datetime(2024, 1, 1, 5), "kind date"),
    (date, 5, "kind date"),
    (AwareDatetime, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "before the year 1"),
    (AwareDatetime, datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=1))), "after the year 9999"),
    (Short, "\u20ac\u20ac\u20ac\u20ac", "longer than 3"),
    (list[Short], ["abc", "abcd"], "longer than 3"),
    (Few, b"abcd", "longer than 3"),
    (int, None, "null in a required column"),
    (list[int], [1, None], "null in a required column"),
    (list[int], 5, "not a list"),
    (Point, None, "null in a required column"),
    (dict[str, Any], {"a": object}, "kind json"),
]


@pytest.mark.parametrize(("annotation", "value", "reason"), UNFIT, ids=lambda value: str(value)[:30])
def test_unfit_value_is_refused_with_column_and_position(annotation: Any, value: Any, reason: str) -> None:
    model = create_model("M", v=(annotation | None, ...), w=(annotation, ...))
    rows = [model.model_construct(v=None, w=_GOOD[annotation])] * 2
    rows.append(model.model_construct(v=None, w=value))
    with pytest.raises(EncodeError, match=rf"^M\.w, row 2 of the batch: .*{reason}") as caught:
        Encoder(model).encode(rows)
    assert (caught.value.column, caught.value.row) == ("w", 2)


_GOOD: dict[Any, Any] = {
    str: "a",
    int: 1,
    timedelta: timedelta(1),
    Price: Decimal("1.2"),
    Short: "\u20ac\u20ac\u20ac",
    list[Short]: ["abc"],
    Few: b"abc",
    datetime: datetime(2024, 1, 1, tzinfo=UTC),
    AwareDatetime: datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    NaiveDatetime: datetime(2024, 1, 1),
    time: time(1),
    date: date(2024, 1, 1),
    list[int]: [1],
    Point: Point(x=1),
    dict[str, str]: {},
    dict[str, Any]: {},
}


def test_unfit_value_in_a_nested_record_is_named_by_its_path() -> None:
    rows = [Path3(points=[Point(x=1)], first=None), Path3(points=[Point(x=2), Point(x=2**63)], first=None)]
    with pytest.raises(EncodeError, match=r"^Path3\.points\.x, row 1 of the batch"):
        Encoder(Path3).encode(rows)


def test_every_unfit_value_is_found_with_its_place() -> None:
    rows = [Path3(points=[Point(x=number)], first=None) for number in range(1000)]
    for number in (0, 7, 8, 999):
        rows[number] = Path3(points=[Point(x=1), Point(x=2**63)], first=Point(x=2**63))
    found = [(error.column, error.row) for error in Encoder(Path3).unfit(rows)]
    assert sorted(found) == sorted((path, row) for path in ("points.x", "first.x") for row in (0, 7, 8, 999))


def test_missing_attribute_is_refused() -> None:
    unset: dict[str, Any] = {"label": "a"}
    with pytest.raises(EncodeError, match=r"^Point\.x, row 0 .*no such value"):
        Encoder(Point).encode([Point.model_construct(**unset)])


def test_error_does_not_repeat_the_value() -> None:
    with pytest.raises(EncodeError) as caught:
        encoded(int, "secret-value")
    assert "secret-value" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_values_in_arrow_are_taken_as_they_are_and_never_cast() -> None:
    """Of a date in the place of its hash a batch would write the text."""

    class Born(WriteContract):
        born: str

    encoder, born = Encoder(Born), pa.array([date(2026, 1, 1)])
    assert encoder.encode_columns({"born": pa.array(["a"])})["born"].to_pylist() == ["a"]
    with pytest.raises(UnfitError, match="date32"):
        encoder.encode_columns({"born": born})
