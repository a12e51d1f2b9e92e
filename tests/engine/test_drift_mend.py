"""The lines that drift proposes are Python: with them the contract reads the rows, and no drift is left."""

from __future__ import annotations

import datetime
import decimal
import uuid
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import AliasChoices, AwareDatetime, BaseModel, Field, TypeAdapter

from tidegate.contracts.base import ReadContract
from tidegate.contracts.personal import Personal
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile

Row = dict[str, Any]
NAMES = {
    "Any": Any,
    "Annotated": Annotated,
    "AliasChoices": AliasChoices,
    "AwareDatetime": AwareDatetime,
    "Decimal": decimal.Decimal,
    "Field": Field,
    "Literal": Literal,
    "Optional": Optional,
    "Personal": Personal,
    "ReadContract": ReadContract,
    "UUID": uuid.UUID,
    "date": datetime.date,
    "datetime": datetime.datetime,
}


def profile(rows: list[Row]) -> Profile:
    made = Profile(rows=len(rows))
    for row in rows:
        made.add(row)
    return made


def mended(model: type[BaseModel], finding: Finding) -> type[BaseModel]:
    """The model with the proposed field in it."""
    classes, _, field = finding.mend.rpartition("# in ")
    owner, *lines = field.splitlines()
    assert owner == model.__name__
    body = "\n".join(f"    {line}" for line in lines)
    source = f"{classes}\nclass Mended(Base):\n{body}\n"
    scope: dict[str, Any] = {**NAMES, "Base": model}
    exec(compile(source, "mend", "exec", dont_inherit=True), scope)
    made: type[BaseModel] = scope["Mended"]
    made.__name__ = model.__name__
    return made


class Order(ReadContract):
    id: int


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("tier", "gold", "tier: str | None = None"),
        ("loyaltyTier", "gold", 'loyalty_tier: str | None = Field(default=None, alias="loyaltyTier")'),
        ("HTMLBody", "x", 'html_body: str | None = Field(default=None, alias="HTMLBody")'),
        ("count", 3, "count: int | None = None"),
        ("share", 0.5, "share: float | None = None"),
        ("on", True, "on: bool | None = None"),
        ("price", "9.90", "price: Decimal | None = None"),
        ("zip", "01234", "zip: str | None = None"),
        ("day", "2026-01-31", "day: date | None = None"),
        ("at", "2026-01-31T10:00:00Z", "at: AwareDatetime | None = None"),
        ("ref", "6f1ed002-ab5c-4e4c-9d6a-0b7a9a1d2c3e", "ref: UUID | None = None"),
        ("ids", [1, 2], "ids: list[int] | None = None"),
        ("nothing", None, "nothing: Any | None = None"),
        ("class", "x", 'class_: str | None = Field(default=None, alias="class")'),
        ("model_name", "x", 'model_name_: str | None = Field(default=None, alias="model_name")'),
        ("json", "x", 'json_: str | None = Field(default=None, alias="json")'),
        ("2nd", "x", 'field_2nd: str | None = Field(default=None, alias="2nd")'),
        ("_id", 1, 'id_: int | None = Field(default=None, alias="_id")'),
        ("prénom", "x", 'pr_nom: str | None = Field(default=None, alias="pr\\u00e9nom")'),
        (
            "words of it",
            {"a key": 1},
            'words_of_it: dict[str, Any] | None = Field(default=None, alias="words of it")',
        ),
    ],
)
def test_an_unknown_field_is_proposed_with_its_type(key: str, value: Any, line: str) -> None:
    rows = [{"id": 1, key: value}] * 30
    (finding,) = compare(profile(rows), Order)
    assert finding.mend == f"# in Order\n{line}"
    model = mended(Order, finding)
    assert compare(profile(rows), model) == []
    TypeAdapter(list[model]).validate_python(rows)  # type: ignore[valid-type]  # made at run time


def test_a_nested_object_is_proposed_with_classes_of_its_own() -> None:
    rows = [{"id": 1, "shipTo": {"zip-code": "1", "lines": [{"text": "a"}], "since": None}}] * 30
    (finding,) = compare(profile(rows), Order)
    assert finding.mend == (
        "class OrderShipToLines(ReadContract):\n"
        "    text: str\n\n\n"
        "class OrderShipTo(ReadContract):\n"
        '    zip_code: str = Field(alias="zip-code")\n'
        "    lines: list[OrderShipToLines]\n"
        "    since: Any | None = None\n\n\n"
        "# in Order\n"
        'ship_to: OrderShipTo | None = Field(default=None, alias="shipTo")'
    )
    assert compare(profile(rows), mended(Order, finding)) == []


def test_a_renamed_field_takes_either_name_and_keeps_what_is_said_of_it() -> None:
    class Model(ReadContract):
        mail: Annotated[str | None, Personal()] = Field(default=None, alias="email")

    rows = [{"emailAddress": "ann@example.com"}] * 30
    (finding,) = compare(profile(rows), Model)
    assert finding.mend == (
        "# in Model\n"
        "mail: Annotated[str | None, Personal(load='as_is')] ="
        ' Field(default=None, validation_alias=AliasChoices("emailAddress", "email"))'
    )
    model = mended(Model, finding)
    assert compare(profile(rows), model) == []
    assert model.model_validate(rows[0]).mail == "ann@example.com"  # type: ignore[attr-defined]


def test_what_is_said_of_a_renamed_field_stays() -> None:
    class Model(ReadContract):
        low: Annotated[float, Field(ge=0, le=9)] | None = Field(default=None, alias="theLow")

    (finding,) = compare(profile([{"lowest": 1.5}] * 30), Model)
    assert finding.mend == (
        "# in Model\n"
        "low: Annotated[float, Field(ge=0), Field(le=9)] | None ="
        ' Field(default=None, validation_alias=AliasChoices("lowest", "theLow"))'
    )


def test_a_type_that_came_is_added_to_those_of_the_field() -> None:
    now, before = [{"id": "A1"}] * 30, [{"id": 1}] * 30
    (finding,) = compare(profile(now), Order, [profile(before)])
    assert finding.mend == "# in Order\nid: int | str"


def test_a_required_field_that_went_is_made_optional() -> None:
    class Model(ReadContract):
        total: float = Field(alias="theTotal")
        name: str = ""

    before = [{"theTotal": 1.5, "name": "x"}] * 30
    findings = compare(profile([{"x": {}}] * 30), Model, [profile(before)])
    (finding,) = [each for each in findings if each.path == "theTotal"]
    assert finding.mend == '# in Model\ntotal: float | None = Field(default=None, alias="theTotal")'


class Colour(Enum):
    RED = "red"


class Model(ReadContract):
    size: Literal["s", "m"] | None = None
    colour: Colour


def test_values_are_added_to_the_enumeration_that_lacks_them() -> None:
    findings = compare(profile([{"size": "x-l", "colour": "sky blue"}] * 30), Model)
    assert [each.mend for each in findings] == [
        '# in Colour\nSKY_BLUE = "sky blue"',
        '# in Model\nsize: Literal["s", "m", "x-l"] | None = None',
    ]
