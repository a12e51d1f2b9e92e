"""The JSON schema of rows as the warehouse holds them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, Field, NaiveDatetime, create_model

from tidegate.contracts.base import WriteContract
from tidegate.utils.schemas import pydantic_to_json_schema


def schema_of(annotation: Any) -> Any:
    return pydantic_to_json_schema(create_model("M", v=(annotation, ...)))["properties"]["v"]


class Point(WriteContract):
    x: int | None
    """How far to the right."""


def test_a_row_is_an_object_with_every_column_and_no_other() -> None:
    assert pydantic_to_json_schema(Point) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Point",
        "type": "object",
        "properties": {
            "x": {
                "type": ["integer", "null"],
                "minimum": -(2**63),
                "maximum": 2**63 - 1,
                "description": "How far to the right.",
            }
        },
        "required": ["x"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (Annotated[str, Field(max_length=3)], {"type": "string", "maxLength": 3}),
        (AwareDatetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (bytes, {"type": "string", "contentEncoding": "base64"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", None], {"type": ["string", "null"], "enum": ["a", None]}),
        (list[bool] | None, {"type": "array", "items": {"type": "boolean"}}),
        (dict[str, int] | None, {}),
    ],
)
def test_type_maps_to_its_schema(annotation: Any, wanted: dict[str, Any]) -> None:
    assert schema_of(annotation) == wanted


def test_a_nested_model_is_an_object() -> None:
    items = schema_of(list[Point])["items"]
    assert (items["type"], items["required"]) == ("object", ["x"])
    assert schema_of(Point | None)["type"] == ["object", "null"]


PATTERNS: list[tuple[Any, list[str], list[str]]] = [
    (
        Annotated[Decimal, Field(max_digits=4, decimal_places=2)],
        [str(Decimal("99.99")), "-1.5", "0"],
        ["100", "1.234", ".5", "1."],
    ),
    (Annotated[int, Field(ge=0, lt=2**64)], [str(2**64)], ["1.5", "1" * 21]),
    (
        NaiveDatetime,
        [datetime(2024, 2, 29, 23, 59, 59, 1).isoformat()],
        ["2024-02-29T24:00:00", "2024-02-29"],
    ),
    (time, [time(7).isoformat(), time.max.isoformat()], ["07:00:00Z", "7:00:00"]),
]


@pytest.mark.parametrize(("annotation", "good", "bad"), PATTERNS)
def test_pattern_takes_the_values_and_no_others(annotation: Any, good: list[str], bad: list[str]) -> None:
    pattern = schema_of(annotation)["pattern"]
    assert [text for text in (*good, *bad) if re.search(pattern, text)] == good
