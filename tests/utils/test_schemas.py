"""What every field of a contract becomes, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path as PathlibPath
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pyarrow as pa
import pytest
from pydantic import (
    AliasGenerator,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
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
    SerializeAsAny,
    StringConstraints,
    computed_field,
    conint,
    constr,
    create_model,
    field_serializer,
    model_serializer,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType, TypedDict

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.utils.schemas import Column, SchemaError, bigquery_fields, columns_of, pydantic_to_arrow_schema


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Rights(IntFlag):
    READ = 1
    WRITE = 2


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


Item = TypeVar("Item")
Listing = TypeAliasType("Listing", list[Item], type_params=(Item,))


def column_of(annotation: Any, field: Any = ...) -> Column:
    model = create_model("M", v=(annotation, field))
    (column,) = columns_of(model)
    return column


MAPPED: list[tuple[Any, str, str, pa.DataType]] = [
    (str, "string", "STRING", pa.string()),
    (Annotated[str, StringConstraints(max_length=5)], "string", "STRING", pa.string()),
    (int, "int", "INT64", pa.int64()),
    (PositiveInt, "int", "INT64", pa.int64()),
    (OrderId, "int", "INT64", pa.int64()),
    (float, "float", "FLOAT64", pa.float64()),
    (bool, "bool", "BOOL", pa.bool_()),
    (Annotated[Decimal, Field(max_digits=12, decimal_places=2)], "decimal", "NUMERIC", pa.decimal128(12, 2)),
    (
        Annotated[Decimal, Field(max_digits=76, decimal_places=38)],
        "decimal",
        "BIGNUMERIC",
        pa.decimal256(76, 38),
    ),
    (AwareDatetime, "timestamp", "TIMESTAMP", pa.timestamp("us", tz="UTC")),
    (PastDatetime, "timestamp", "TIMESTAMP", pa.timestamp("us", tz="UTC")),
    (datetime, "timestamp", "TIMESTAMP", pa.timestamp("us", tz="UTC")),
    (NaiveDatetime, "datetime", "DATETIME", pa.timestamp("us")),
    (date, "date", "DATE", pa.date32()),
    (time, "time", "TIME", pa.time64("us")),
    (timedelta, "int", "INT64", pa.int64()),
    (bytes, "bytes", "BYTES", pa.binary()),
    (UUID, "string", "STRING", pa.string()),
    (HttpUrl, "string", "STRING", pa.string()),
    (AnyUrl, "string", "STRING", pa.string()),
    (IPv4Address, "string", "STRING", pa.string()),
    (IPv4Address | IPv6Address, "string", "STRING", pa.string()),
    (HttpUrl | str, "string", "STRING", pa.string()),
    (Colour, "string", "STRING", pa.string()),
    (Level, "int", "INT64", pa.int64()),
    (Literal["a", "b"], "string", "STRING", pa.string()),
    (Literal[Level.LOW], "int", "INT64", pa.int64()),
    (
        Inner,
        "record",
        "RECORD",
        pa.struct([pa.field("x", pa.int64(), nullable=False), pa.field("y", pa.string())]),
    ),
    (Code, "string", "STRING", pa.string()),
    (Annotated[int, Field(ge=0, lt=2**64)], "decimal", "NUMERIC", pa.decimal128(20, 0)),
    (conint(ge=-(2**70), le=0), "decimal", "NUMERIC", pa.decimal128(22, 0)),
    (Listing[int], "int", "INT64", pa.list_(pa.field("element", pa.int64(), nullable=False))),
    (dict[str, int], "json", "JSON", pa.string()),
    (Shape, "json", "JSON", pa.string()),
    (Any, "json", "JSON", pa.string()),
    (JsonValue, "json", "JSON", pa.string()),
    (Json[list[int]], "json", "JSON", pa.string()),
    (int | str, "json", "JSON", pa.string()),
    (Inner | int, "json", "JSON", pa.string()),
]


@pytest.mark.parametrize(
    ("annotation", "kind", "bigquery", "arrow"), MAPPED, ids=lambda value: str(value)[:40]
)
def test_type_maps_to_column_bigquery_and_arrow(
    annotation: Any, kind: str, bigquery: str, arrow: pa.DataType
) -> None:
    column = column_of(annotation)
    assert column.kind == kind
    assert bigquery_fields([column])[0]["type"] == bigquery
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


def test_an_alias_generator_names_columns_computed_ones_too() -> None:
    class M(BaseModel):
        model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))
        first_name: str

        @computed_field  # type: ignore[prop-decorator, pydantic-alias]  # as documented
        @property
        def name_length(self) -> int:
            return len(self.first_name)

    assert [column.name for column in columns_of(M)] == ["firstName", "nameLength"]


def test_a_docstring_below_a_field_is_its_description_on_one_line() -> None:
    assert [column.description for column in columns_of(Described)] == [
        "When the order was placed, in the shop's own clock.",
        "in cents",
        "Whether anything is owed.",
    ]


def test_values_of_an_enum_or_literal_are_kept() -> None:
    assert column_of(Colour).values == ("red",)
    assert column_of(Literal[1, 2, None]).values == (1, 2)
    assert column_of(str).values == ()
    assert column_of(Rights).values == (), "flags combine"


class Described(WriteContract):
    placed: datetime
    """When the order was placed,
    in the shop's own clock."""
    owed: int = Field(description="in cents")
    """An explicit description wins."""

    @computed_field  # type: ignore[prop-decorator]  # as documented
    @property
    def is_open(self) -> bool:
        """Whether anything is owed."""
        return self.owed > 0


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


@dataclass
class Login:
    user: str
    password: SecretStr


REFUSED: list[tuple[Any, str, str]] = [
    (Decimal, "a Decimal without its digits", r"max_digits=12, decimal_places=2"),
    (Annotated[Decimal, Field(max_digits=12)], "without its digits", "decimal_places"),
    (Annotated[Decimal, Field(max_digits=40, decimal_places=39)], "39 after the point", "at most 38 digits"),
    (Annotated[Decimal, Field(max_digits=2, decimal_places=4)], "4 after the point", "max_digits=4 or more"),
    (Annotated[Decimal, Field(max_digits=50, decimal_places=2)], "Decimal of 50 digits", "as str"),
    (conint(le=2**63), "one bound, which is beyond 64 bits", "the other bound"),
    (Annotated[int, Field(gt=-(2**70))], "one bound, which is beyond 64 bits", "or write str"),
    (Annotated[int, Field(ge=0, lt=10**39 + 1)], "an int of 40 digits", "as str"),
    (Literal[2**64], "a value beyond 64 bits", "text values"),
    (Annotated[str, Field(max_length=0)], "max_length=0", "leave it out"),
    (SecretStr, "a secret cannot be stored", "hash it in the transform"),
    (dict[str, SecretStr], "a secret cannot be stored", "leave it out"),
    (list[Login] | int, "a secret cannot be stored", "leave it out"),
    (Mixed, "values of int, str in one column", "one type"),
    (Literal["a", 1], "values of int, str in one column", "one type"),
    (list[list[int]], "a list of lists", "a list of models"),
    (list[Names], "a list of lists", "a list of models"),
    (list[int | None], "a list of optional items", "drop the empty items"),
    (tuple[int, str], "a tuple of fixed length", r"tuple\[T, \.\.\.\]"),
    (set[Inner], "a set of models has no order", "list"),
    (complex, "no column type for complex", "str for its text"),
    (object, "no column type for object", "Any for a JSON column"),
    (PathlibPath, "no column type for Path", "str for its text"),
    (Login, "no column type for Login", "a BaseModel for a record"),
    (Open, "no column type for T", "a BaseModel"),
    (Tree, "Tree contains itself", "write Any there"),
    (Loose, "Loose allows extra fields", "forbid"),
    (Empty, "Empty has no fields", "Any"),
    (Shown, "a field_serializer", "in the transform"),
    (Reshaped, "a model_serializer", "in the transform"),
    (Annotated[str, PlainSerializer(len)], "a serializer in the annotation", "in the transform"),
    (SerializeAsAny[Inner], "a serializer in the annotation", "in the transform"),
    (Base64Bytes, "a serializer in the annotation", "in the transform"),
    (Annotated[int, Field(exclude_if=bool)], "exclude_if", "in the transform"),
    (Annotated[int, Field(description="x" * 1025)], "a description of 1025 characters", "at most 1024"),
]


@pytest.mark.parametrize(("annotation", "reason", "advice"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_no_column_carries_is_refused_with_path_and_advice(
    annotation: Any, reason: str, advice: str
) -> None:
    model = create_model("M", v=(annotation, ...))
    with pytest.raises(SchemaError, match=rf"^M\.v.*: .*{reason}") as caught:
        Table("t", model)
    assert re.search(advice, caught.value.hint or "")


@pytest.mark.parametrize("value", ["list[Deep]", "Deep | None"])
def test_a_type_alias_that_contains_itself_is_refused(value: str) -> None:
    names: dict[str, Any] = {"TypeAliasType": TypeAliasType}
    if sys.version_info >= (3, 12):
        exec(f"type Deep = {value}", names)
    else:  # no alias can name itself yet, but by a string
        exec(f"Deep = TypeAliasType('Deep', {value!r})", names)
    with pytest.raises(SchemaError, match=r"^M\.v: (the type Deep contains itself|no column type for)"):
        column_of(names["Deep"])


class Line(BaseModel):
    price: Decimal


def test_refusal_names_the_dotted_path_of_a_nested_field() -> None:
    with pytest.raises(SchemaError, match=r"^M\.v\.price: "):
        column_of(list[Line])


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


def test_what_is_no_model_class_is_a_type_error() -> None:
    wrong: Any = Inner(x=1)
    with pytest.raises(TypeError, match="not of Inner"):
        columns_of(wrong)


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
        "from tidegate.utils.schemas import *; bigquery_fields(columns_of(M)); pydantic_to_json_schema(M)\n"
        "Table('t', M); print(sorted({'pyarrow', 'google', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
