"""One table through ten versions of its contract, and through versions that nobody thought of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from tests.destinations.evolving import held, land, rows_of
from tests.destinations.suite import able
from tidegate.contracts.table import Table
from tidegate.destinations.base import Destination
from tidegate.destinations.exceptions import DestinationError, SchemaChangeError

Row = dict[str, Any]
GONE = object()


def decimal(digits: int, places: int) -> Any:
    return Annotated[Decimal, Field(max_digits=digits, decimal_places=places)]


def optional(annotation: Any) -> tuple[Any, None]:
    return annotation | None, None


class Address(BaseModel):
    zip: int


class AddressWithCity(BaseModel):
    zip: int
    city: str | None = None


class AddressWithTextZip(BaseModel):
    zip: str
    city: str | None = None


class Line(BaseModel):
    sku: str


class TaggedLine(BaseModel):
    sku: str
    tags: list[str] = []


@dataclass(frozen=True)
class Version:
    """How a version differs from the one before it: in its fields, and in the row that lands under it.

    `older` are the values that rows of earlier versions are read with from now on, made from their row.
    `allow` is empty where a run makes the change by itself.
    """

    what: str
    fields: Row
    row: Row = field(default_factory=dict)
    older: Row = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    given: Row = field(default_factory=dict)  # what lands is read as another value


VERSIONS = [
    Version(
        "the first",
        {"id": int, "total": int, "address": optional(Address), "lines": (list[Line], [])},
        {"total": 1, "address": {"zip": 75001}, "lines": [{"sku": "a"}]},
    ),
    Version(
        "a column and a list are added",
        {"note": optional(str), "tags": (list[str], [])},
        {"note": "n", "tags": ["x", "y"]},
        {"note": None, "tags": []},
    ),
    Version(
        "fields are added to a record, and to the records of a list",
        {"address": optional(AddressWithCity), "lines": (list[TaggedLine], [])},
        {"address": {"zip": 75002, "city": "Paris"}, "lines": [{"sku": "b", "tags": ["new"]}]},
        {
            "address": lambda row: {**row["address"], "city": None},
            "lines": lambda row: [{**line, "tags": []} for line in row["lines"]],
        },
    ),
    Version(
        "an int becomes a decimal that holds it",
        {"total": decimal(21, 2)},
        {"total": Decimal("2.50")},
        {"total": lambda row: Decimal(row["total"])},
    ),
    Version("more digits", {"total": decimal(23, 4)}, {"total": Decimal("2.125")}),
    Version("null is allowed", {"total": optional(decimal(23, 4))}, {"total": None}),
    Version(
        "a column has another name",
        {"note": GONE, "comment": optional(str)},
        {"note": GONE, "comment": "c"},
        {"note": GONE, "comment": None},
        frozenset({"drop"}),
    ),
    Version(
        "another type within a record",
        {"address": optional(AddressWithTextZip)},
        {"address": {"zip": "F-75003", "city": None}},
        {"address": lambda row: {**row["address"], "zip": str(row["address"]["zip"])}},
        frozenset({"retype"}),
    ),
    Version(
        "a required column, which older rows lack, and a description",
        {"source": str, "comment": optional(Annotated[str, Field(description="of the buyer")])},
        {"source": "shop"},
        {"source": None},
    ),
    Version(
        "fewer digits, a list becomes JSON, and a field of the records of a list goes",
        {"total": optional(decimal(23, 3)), "tags": Any, "lines": (list[Line], [])},
        {"total": Decimal("3.5"), "tags": '["z"]', "lines": [{"sku": "d"}]},
        {
            "tags": lambda row: json.dumps(row["tags"], separators=(",", ":")),
            "lines": lambda row: [{"sku": line["sku"]} for line in row["lines"]],
        },
        frozenset({"narrow", "retype", "drop"}),
        {"tags": ["z"]},
    ),
]


def changed(before: Row, by: Row) -> Row:
    made = {
        name: value(before) if callable(value) and not isinstance(value, type) else value
        for name, value in by.items()
    }
    return {name: value for name, value in {**before, **made}.items() if value is not GONE}


def test_rows_of_all_ages_are_right_after_each_of_ten_versions(evolving: Destination) -> None:
    fields: Row = {}
    row: Row = {}
    expected: list[Row] = []
    assert len(VERSIONS) == 10
    for number, version in enumerate(VERSIONS, 1):
        fields = {name: each for name, each in {**fields, **version.fields}.items() if each is not GONE}
        table = rows_of(**fields)
        row = {**changed(row, version.row), "id": number}
        if version.allow:
            with pytest.raises(SchemaChangeError) as refused:
                evolving.prepare(table)
            assert frozenset(refused.value.allow) == version.allow, version.what
            evolving.apply(table, evolving.differences(table))
        else:
            evolving.prepare(table)
        assert land(evolving, table, [{**row, **version.given}]).loaded == 1
        expected = [*(changed(each, version.older) for each in expected), row]
        found = held(evolving)
        assert sorted(found, key=lambda each: each["id"]) == expected, version.what
        assert evolving.differences(table) == [], version.what


# Types by what a value of theirs may be; `int`s small enough for every float and decimal of the list.
_TEXTS = st.sampled_from(["", "7", "-12", "1.5", "2026-01-31", "true", "é\U0001f600", "{}"])
_INTS = st.integers(-(10**6), 10**6)
_DECIMALS = st.decimals(-1000, 1000, places=2)
_LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, _TEXTS),
    (int, _INTS),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (decimal(6, 2), _DECIMALS),
    (decimal(21, 2), _DECIMALS),
    (decimal(8, 4), _DECIMALS),
    (Any, _TEXTS | _INTS | st.none()),
]
_NAMES = ("a", "b", "c")


def list_of(annotation: Any) -> Any:
    return list[annotation]


@st.composite
def typed(draw: st.DrawFn, depth: int = 2) -> tuple[Any, st.SearchStrategy[Any]]:
    """An annotation, and its values."""
    shape = draw(st.sampled_from(["leaf", "leaf", "list", "record", "records"] if depth else ["leaf"]))
    if shape in {"leaf", "list"}:
        annotation, values = draw(st.sampled_from(_LEAVES))
        many = shape == "list" and annotation is not Any
        return (list_of(annotation), st.lists(values, max_size=3)) if many else (annotation, values)
    fields = draw(st.dictionaries(st.sampled_from(_NAMES), typed(depth=depth - 1), min_size=1))
    model = create_model("Record", **{name: (each, ...) for name, (each, _) in fields.items()})  # type: ignore[call-overload]  # made of data
    record = st.fixed_dictionaries({name: values for name, (_, values) in fields.items()})
    return (list_of(model), st.lists(record, max_size=2)) if shape == "records" else (model, record)


@st.composite
def contracts(draw: st.DrawFn) -> tuple[Table[Any], list[Row]]:
    """A table with an `id`, and rows of it."""
    fields = draw(st.dictionaries(st.sampled_from(_NAMES), typed(), min_size=1))
    annotations: dict[str, Any] = {"id": int}
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name, (annotation, strategy) in fields.items():
        is_optional = draw(st.booleans()) and annotation is not Any
        annotations[name] = optional(annotation) if is_optional else annotation
        values[name] = st.none() | strategy if is_optional else strategy
    rows = draw(st.lists(st.fixed_dictionaries(values), max_size=4))
    return rows_of(**annotations), [{"id": number, **row} for number, row in enumerate(rows)]


@pytest.mark.extended
@pytest.mark.parametrize("make", able("retype").values(), ids=able("retype"))
@settings(max_examples=60, deadline=None)
@given(before=contracts(), after=contracts())
def test_any_contract_after_any_other_fits_or_is_refused_and_no_row_is_lost(
    make: Callable[[Path], Destination],
    tmp_path_factory: pytest.TempPathFactory,
    before: tuple[Table[Any], list[Row]],
    after: tuple[Table[Any], list[Row]],
) -> None:
    folder = tmp_path_factory.mktemp(uuid4().hex)
    destination, table = make(folder), after[0]
    land(destination, *before)
    was = held(destination)
    changes = destination.differences(table)
    try:
        *_, last = destination.apply(table, changes) or ("",)
    except DestinationError as error:
        if "would be lost" not in str(error):
            raise
        event("refused")
        assert held(destination) == was
        assert destination.differences(table) == changes
        assert destination.differences(before[0]) == []
        return
    event("applied")
    assert destination.differences(table) == []
    now = held(destination)
    touched = {change.path[0] for change in changes if change.kind != "relax"}
    left = [{name: value for name, value in row.items() if name not in touched} for row in was]
    assert [{name: row[name] for name in kept} for row, kept in zip(now, left, strict=True)] == left
    if not all(change.safe for change in changes):
        assert held(destination, last.rsplit(" ", 1)[-1]) == was
    assert read_like_new(destination, make(tmp_path_factory.mktemp(uuid4().hex)), *after)


def read_like_new(evolved: Destination, new: Destination, table: Table[Any], rows: list[Row]) -> bool:
    """Rows that land in an evolved table are read as those of a new one."""
    later = [{**row, "id": row["id"] + 100} for row in rows]
    land(evolved, table, later)
    land(new, table, later)
    return [row for row in held(evolved) if row["id"] >= 100] == held(new)
