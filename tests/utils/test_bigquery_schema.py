"""The schema that BigQuery is given."""

from __future__ import annotations

import sys
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from google.cloud.bigquery import SchemaField
from pydantic import AwareDatetime, BaseModel, Field, computed_field, create_model

from tidegate.contracts.base import WriteContract
from tidegate.utils.errors import SettingsError
from tidegate.utils.schemas import bigquery_fields, columns_of, pydantic_to_bigquery_schema


def field_of(annotation: Any) -> SchemaField:
    (field,) = pydantic_to_bigquery_schema(create_model("M", v=(annotation, ...)))
    return field


@pytest.mark.parametrize(
    ("digits", "places", "wanted"),
    [
        *((29, 0, "NUMERIC"), (38, 9, "NUMERIC"), (9, 9, "NUMERIC"), (30, 0, "BIGNUMERIC")),
        *((39, 9, "BIGNUMERIC"), (10, 10, "BIGNUMERIC"), (38, 38, "BIGNUMERIC"), (76, 38, "BIGNUMERIC")),
    ],
)
def test_digits_choose_between_numeric_and_bignumeric(digits: int, places: int, wanted: str) -> None:
    field = field_of(Annotated[Decimal, Field(max_digits=digits, decimal_places=places)])
    assert (field.field_type, field.precision, field.scale) == (wanted, digits, places)


@pytest.mark.parametrize(
    ("annotation", "mode"),
    [(int, "REQUIRED"), (int | None, "NULLABLE"), (list[int], "REPEATED"), (set[int] | None, "REPEATED")],
)
def test_mode(annotation: Any, mode: str) -> None:
    assert field_of(annotation).mode == mode


class Currency(Enum):
    EURO = "EUR"


class Line(WriteContract):
    sku: Annotated[str, Field(max_length=12)]
    """Stock keeping unit."""
    price: Annotated[Decimal, Field(max_digits=12, decimal_places=2)] | None
    raw: Annotated[bytes, Field(max_length=4)]


class Order(WriteContract):
    id: int = Field(description="The shop's id")
    placed_at: AwareDatetime = Field(serialization_alias="placedAt")
    currency: Currency = Currency.EURO
    lines: list[Line]
    extra: dict[str, Any] | None

    @computed_field  # type: ignore[prop-decorator]  # as documented
    @property
    def size(self) -> int:
        """How many lines it has."""
        return len(self.lines)


ORDER = [
    SchemaField("id", "INT64", "REQUIRED", description="The shop's id"),
    SchemaField("placedAt", "TIMESTAMP", "REQUIRED"),
    SchemaField("currency", "STRING", "REQUIRED"),
    SchemaField(
        "lines",
        "RECORD",
        "REPEATED",
        fields=[
            SchemaField("sku", "STRING", "REQUIRED", description="Stock keeping unit.", max_length=12),
            SchemaField("price", "NUMERIC", "NULLABLE", precision=12, scale=2),
            SchemaField("raw", "BYTES", "REQUIRED", max_length=4),
        ],
    ),
    SchemaField("extra", "JSON", "NULLABLE"),
    SchemaField("size", "INT64", "REQUIRED", description="How many lines it has."),
]


def test_a_whole_contract_gives_the_fields_that_one_would_write_by_hand() -> None:
    assert pydantic_to_bigquery_schema(Order) == ORDER


def test_plain_dictionaries_are_what_googles_client_sends() -> None:
    assert bigquery_fields(columns_of(Order)) == [field.to_api_repr() for field in ORDER]


def test_any_model_will_do() -> None:
    class Plain(BaseModel):
        x: float = 0.0

    assert pydantic_to_bigquery_schema(Plain) == [SchemaField("x", "FLOAT64", "REQUIRED")]


def test_without_googles_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    with pytest.raises(SettingsError, match="google-cloud-bigquery is not installed") as caught:
        pydantic_to_bigquery_schema(Order)
    assert caught.value.hint == "pip install 'tidegate[bigquery]'"
    assert bigquery_fields(columns_of(Order))
