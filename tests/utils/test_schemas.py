"""What every field of a contract becomes, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pyarrow as pa
import pytest
from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    Json,
    JsonValue,
    NaiveDatetime,
    PastDatetime,
    PlainSerializer,
    PositiveInt,
    RootModel,
    SecretStr,
    StringConstraints,
    computed_field,
    conint,
    constr,
    create_model,
    field_serializer,
    model_serializer,
)
from typing_extensions import TypedDict

from tidegate.contracts.base import WriteContract
from tidegate.utils.schemas import Column, SchemaError, columns_of, pydantic_to_arrow_schema


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    A = "a"
    B = 1


class Inner(BaseModel):
    x: int
    y: str | None = None


class Names(RootModel[list[str]]):
    pass


class Code(RootModel[str]):
    pass


class Shape(TypedDict):
    side: int


OrderId = NewType("OrderId", int)


def column_of(annotation: Any, field: Any = ...) -> Column:
    model = create_model("M", v=(annotation, field))
    (column,) = columns_of(model)
    return column


MAPPED: list[tuple[Any, str, pa.DataType]] = [
    (str, "string", pa.string()),
    (Annotated[str, StringConstraints(max_length=5)], "string", pa.string()),
    (int, "int", pa.int64()),
    (PositiveInt, "int", pa.int64()),
    (OrderId, "int", pa.int64()),
    (float, "float", pa.float64()),
    (bool, "bool", pa.bool_()),
    (Annotated[Decimal, Field(max_digits=12, decimal_places=2)], "decimal", pa.decimal128(12, 2)),
    (Annotated[Decimal, Field(max_digits=76, decimal_places=38)], "decimal", pa.decimal256(76, 38)),
    (AwareDatetime, "timestamp", pa.timestamp("us", tz="UTC")),
    (PastDatetime, "timestamp", pa.timestamp("us", tz="UTC")),
    (datetime, "timestamp", pa.timestamp("us", tz="UTC")),
    (NaiveDatetime, "datetime", pa.timestamp("us")),
    (date, "date", pa.date32()),
    (time, "time", pa.time64("us")),
    (timedelta, "int", pa.int64()),
    (bytes, "bytes", pa.binary()),
    (UUID, "string", pa.string()),
    (HttpUrl, "string", pa.string()),
    (AnyUrl, "string", pa.string()),
    (IPv4Address, "string", pa.string()),
    (IPv4Address | IPv6Address, "string", pa.string()),
    (HttpUrl | str, "string", pa.string()),
    (Colour, "string", pa.string()),
    (Level, "int", pa.int64()),
    (Literal["a", "b"], "string", pa.string()),
    (Literal[Level.LOW], "int", pa.int64()),
    (Inner, "record", pa.struct([pa.field("x", pa.int64(), nullable=False), pa.field("y", pa.string())])),
    (Code, "string", pa.string()),
    (dict[str, int], "json", pa.string()),
    (Shape, "json", pa.string()),
    (Any, "json", pa.string()),
    (JsonValue, "json", pa.string()),
    (Json[list[int]], "json", pa.string()),
    (int | str, "json", pa.string()),
    (Inner | int, "json", pa.string()),
]


@pytest.mark.parametrize(("annotation", "kind", "arrow"), MAPPED, ids=lambda value: str(value)[:40])
def test_type_maps_to_column_and_arrow(annotation: Any, kind: str, arrow: pa.DataType) -> None:
    assert column_of(annotation).kind == kind
    schema = pydantic_to_arrow_schema(create_model("M", v=(annotation, ...)))
    assert schema.field("v").type == arrow


@pytest.mark.parametrize(
    "annotation",
    [list[str], set[str], frozenset[str], tuple[str, ...], Sequence[str], Names, list[str] | None],
)
def test_lists_of_every_kind_are_repeated_and_never_null(annotation: Any) -> None:
    column = column_of(annotation)
    assert (column.kind, column.repeated, column.nullable) == ("string", True, False)


@pytest.mark.parametrize(
    "annotation", [str | None, Annotated[str | None, Field(max_length=3)], Literal["a", None], Any]
)
def test_optional_is_nullable(annotation: Any) -> None:
    assert column_of(annotation).nullable


def test_a_default_does_not_make_a_column_nullable() -> None:
    assert not column_of(str, "x").nullable


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[str, Field(max_length=7)],
        Annotated[str, StringConstraints(max_length=7)],
        constr(max_length=7),
        Annotated[str, Field(max_length=7)] | None,
        Annotated[str | None, Field(max_length=7)],
        list[Annotated[str, Field(max_length=7)]],
    ],
)
def test_max_length_is_found_in_every_spelling(annotation: Any) -> None:
    assert column_of(annotation).max_length == 7


def test_the_length_of_a_list_is_not_that_of_its_strings() -> None:
    assert column_of(Annotated[list[str], Field(max_length=7)]).max_length is None


def test_digits_are_found_through_optional() -> None:
    column = column_of(Annotated[Decimal | None, Field(max_digits=5, decimal_places=1)])
    assert (column.precision, column.scale, column.nullable) == (5, 1, True)


def test_names_are_serialization_aliases_and_descriptions_are_kept() -> None:
    class M(BaseModel):
        created: date = Field(alias="createdOn", description="day of creation")
        updated: date = Field(validation_alias="updatedOn")
        hidden: str = Field(exclude=True)

        @computed_field(alias="fullName", description="both")  # type: ignore[prop-decorator]  # as documented
        @property
        def full(self) -> str | None:
            return None

    found = [(c.name, c.attribute, c.description, c.computed) for c in columns_of(M)]
    assert found == [
        ("createdOn", "created", "day of creation", False),
        ("updated", "updated", None, False),
        ("fullName", "full", "both", True),
    ]
    assert columns_of(M)[-1].nullable


T = TypeVar("T")


class Tree(BaseModel):
    children: list[Tree] = []


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class Empty(BaseModel):
    pass


class Shown(BaseModel):
    x: int

    @field_serializer("x")
    def show(self, value: int) -> str:
        return str(value)


class Reshaped(BaseModel):
    x: int

    @model_serializer
    def show(self) -> dict[str, int]:
        return {}


class Open(BaseModel, Generic[T]):
    x: T


REFUSED: list[tuple[Any, str]] = [
    (Decimal, "digits"),
    (Annotated[Decimal, Field(max_digits=12)], "digits"),
    (Annotated[Decimal, Field(max_digits=40, decimal_places=39)], "39 after the point"),
    (Annotated[Decimal, Field(max_digits=2, decimal_places=4)], "4 after the point"),
    (conint(le=2**63), "64 bits"),
    (Annotated[int, Field(gt=-(2**70))], "64 bits"),
    (Literal[2**64], "64 bits"),
    (SecretStr, "secret"),
    (dict[str, SecretStr], "secret"),
    (Mixed, "int, str"),
    (Literal["a", 1], "int, str"),
    (list[list[int]], "list of lists"),
    (list[Names], "list of lists"),
    (list[int | None], "optional items"),
    (tuple[int, str], "fixed length"),
    (set[Inner], "no order"),
    (complex, "no column type for complex"),
    (object, "no column type for object"),
    (Tree, "contains itself"),
    (Loose, "extra fields"),
    (Empty, "no fields"),
    (Shown, "field_serializer"),
    (Reshaped, "model_serializer"),
    (Annotated[str, PlainSerializer(len)], "serializer"),
    (Open, "no column type"),
]


@pytest.mark.parametrize(("annotation", "reason"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_no_column_carries_is_refused_with_path_and_advice(annotation: Any, reason: str) -> None:
    with pytest.raises(SchemaError, match=rf"^M\.v.*: .*{reason}") as caught:
        column_of(annotation)
    assert caught.value.hint


class Item(BaseModel):
    price: Decimal


def test_refusal_names_the_dotted_path_of_a_nested_field() -> None:
    with pytest.raises(SchemaError, match=r"^M\.v\.price: "):
        column_of(list[Item])


def _nested(levels: int) -> type[BaseModel]:
    inner: Any = int if levels == 1 else _nested(levels - 1)
    return create_model(f"Level{levels}", v=(inner, ...))


def test_more_than_fifteen_levels_of_models_are_refused() -> None:
    columns_of(_nested(15))
    with pytest.raises(SchemaError, match="15 levels"):
        columns_of(_nested(16))


def test_root_model_as_a_row_is_refused() -> None:
    with pytest.raises(SchemaError, match="not a row"):
        columns_of(Names)


@pytest.mark.parametrize(
    "name", ["with space", "1st", "é", "a-b", "", "x" * 301, "_TABLE_x", "_partition_y", "_Change_Type"]
)
def test_illegal_column_names_are_refused(name: str) -> None:
    with pytest.raises(SchemaError, match=r"^M\.v: column name"):
        column_of(str, Field(serialization_alias=name))


def test_names_that_differ_by_case_alone_are_refused() -> None:
    model = create_model("M", Id=(int, ...), id=(int, ...))
    with pytest.raises(SchemaError, match=r"^M\.id: .*clashes with that of Id"):
        columns_of(model)


def test_same_names_at_different_levels_do_not_clash() -> None:
    assert [c.name for c in columns_of(create_model("M", X=(Inner, ...)))] == ["X"]


def test_model_used_twice_is_not_recursive() -> None:
    assert len(columns_of(create_model("M", a=(Inner, ...), b=(Inner, ...)))) == 2


def test_undefined_type_is_refused() -> None:
    class M(WriteContract):
        v: Undefined  # type: ignore[name-defined]  # noqa: F821  the point of the test

    with pytest.raises(SchemaError, match="not defined"):
        columns_of(M)


def test_columns_need_neither_pyarrow_nor_google_nor_duckdb() -> None:
    code = (
        "import sys; from tidegate.contracts.table import Table\n"
        "from tidegate.contracts.base import WriteContract\n"
        "class M(WriteContract):\n v: int\n"
        "Table('t', M); print(sorted({'pyarrow', 'google', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
