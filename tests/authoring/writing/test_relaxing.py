"""Types follow the file, until its own examples say otherwise; and each change has its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.authoring.writing.running import written
from tidegate.authoring.writing.relaxing import relaxed
from tidegate.utils.personal import Personal

NUMBERS = "Annotated[{}, Field(coerce_numbers_to_str=True)]"


@pytest.mark.parametrize(
    ("kind", "name", "values", "expected"),
    [
        ("str", "id", ["a", 7], ("str", NUMBERS)),
        ("str", "id", ["a", "7"], ("str", "{}")),
        ("int", "age", ["23"], ("int", "{}")),
        ("int", "age", [1, 1.5], ("float", "{}")),
        ("int", "age", ["n/a", 3], ("str", NUMBERS)),
        ("bool", "active", ["true", 1], ("bool", "{}")),
        ("str", "active", [True, False], ("bool", "{}")),
        ("str", "active", ["yes", False], ("str | float | bool", "{}")),
        ("str", "tags", [["a"]], ("Any", "{}")),
        ("AwareDatetime", "at", ["2024-01-01T00:00:00Z"], ("AwareDatetime", "{}")),
        ("AwareDatetime", "at", ["2024-01-01T00:00:00Z", ""], ("AwareDatetime", "EmptyToNone[{}]")),
        ("AwareDatetime", "at", ["2024-01-01 00:00:00"], ("str", "{}")),
        ("AwareDatetime", "at", [1_700_000_000], ("EpochSeconds", "{}")),
        ("AwareDatetime", "at", [1_700_000_000_000], ("EpochMilliseconds", "{}")),
        ("date", "on", ["31/12/2024"], ("str", "{}")),
        ("str", "at", ["2024-01-01T00:00:00+01:00", ""], ("AwareDatetime", "EmptyToNone[{}]")),
        ("str", "at", ["2024-01-01T00:00:00"], ("str", "{}")),
        ("str", "on", ["2024-02-30"], ("str", "{}")),
        ("str", "on", ["2024-02-29"], ("date", "{}")),
        ("float", "price", [9.5], ("Decimal", "{}")),
        ("float", "price", [0.1 + 0.2], ("float", "{}")),
        ("float", "width", [9.5], ("float", "{}")),
        ("float", "user_id", [9, 10], ("int", "{}")),
        ("float", "user_id", [9.5], ("float", "{}")),
    ],
)
def test_a_type_is_that_of_the_file_unless_examples_demand_another(
    kind: str, name: str, values: list[Any], expected: tuple[str, str]
) -> None:
    found = relaxed(kind, name, values)
    assert (found.kind, found.wrap) == expected


@pytest.mark.parametrize(
    ("name", "description", "values", "kind"),
    [
        ("created", "A Unix timestamp", [], "EpochSeconds"),
        ("created", "Unix timestamp in milliseconds", [], "EpochMilliseconds"),
        ("created", "Seconds since 1970", [1_700_000_000_000], "EpochMilliseconds"),
        ("unix_sockets", "How many", [3], "int"),
        ("ttl", "Kept so many seconds of Unix time", [3], "int"),
    ],
)
def test_numbers_that_are_said_to_be_unix_time_are_instants(
    name: str, description: str, values: list[int], kind: str
) -> None:
    assert relaxed("int", name, values, description).kind == kind


ROW: dict[str, Any] = {
    "type": "object",
    "required": ["id", "tag", "note"],
    "properties": {
        "id": {"type": "string"},
        "tag": {"type": "string"},
        "note": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "more": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}


def test_what_the_examples_have_changed_is_told_above_the_field() -> None:
    with written(ROW, [{"id": 5, "note": None, "lines": 3, "more": []}]) as found:
        fields = found.reads.model_fields
    assert not fields["tag"].is_required()
    assert fields["note"].is_required()
    for reason in (
        "# Declared as text; 5 in its examples.",
        "# Declared as required; missing in the examples.",
        "# Null in the examples.",
        "# Declared as a list; the item itself in the examples.",
        "# Declared as an object; something else in the examples.",
    ):
        assert f"    {reason}\n" in found.text


def test_a_list_that_comes_as_numbered_keys_is_a_list() -> None:
    with written(ROW, [{"id": "a", "tag": "", "note": "", "lines": {"1": 5, "0": 4}}]) as found:
        assert found.encoded([{"id": "b", "tag": "", "note": "", "lines": {"0": 1}}])[
            "lines"
        ].to_pylist() == [[1]]


@pytest.mark.parametrize(
    ("schema", "rows", "column"),
    [
        ({"type": "string"}, ["a", "b"], "thing"),
        ({"type": "string", "format": "date-time"}, ["2024-01-01T00:00:00Z"], "thing"),
        ({"type": "object"}, [{"a": 1}, {}], "row"),
        ({}, [1, None, "a"], "row"),
        ({"type": "array", "items": {"type": "integer"}}, [[1], []], "row"),
    ],
)
def test_rows_that_are_no_objects_have_one_column(
    schema: dict[str, Any], rows: list[Any], column: str
) -> None:
    with written(schema, rows) as found:
        batch = found.encoded(rows)
    assert batch.schema.names == [column]
    assert batch.num_rows == len(rows)


def test_nested_values_become_columns_and_what_is_deeper_is_json() -> None:
    deep = {"type": "object", "properties": {"d": {"type": "integer"}}}
    row = {"a": {"b": {"c": deep, "n": {"type": "integer"}}}}

    def schema_of(tree: dict[str, Any]) -> dict[str, Any]:
        if "type" in tree:
            return tree
        return {"type": "object", "properties": {name: schema_of(each) for name, each in tree.items()}}

    with written(schema_of(row)) as found:
        batch = found.encoded([{"a": {"b": {"c": {"d": 1}, "n": 2}}}, {}])
    assert batch.to_pylist() == [{"b_c": '{"d":1}', "b_n": 2}, {"b_c": None, "b_n": None}]


def test_columns_are_named_after_all_objects_around_them_where_two_would_have_one_name() -> None:
    number = {"type": "integer"}
    total = {"type": "object", "properties": {"total": {"type": "object", "properties": {"net": number}}}}
    row = {
        "type": "object",
        "properties": {"order": total, "refund": total, "total_net": number, "from": total},
    }
    with written(row) as found:
        batch = found.encoded(
            [{"order": {"total": {"net": 1}}, "refund": {"total": {"net": 2}}, "total_net": 3}]
        )
    assert batch.to_pylist() == [
        {"order_total_net": 1, "refund_total_net": 2, "total_net": 3, "from_total_net": None}
    ]


def test_a_row_that_holds_its_own_kind_is_one_class() -> None:
    node = {"type": "object", "properties": {"id": {"type": "integer"}, "parent": {"$ref": "#/$defs/Node"}}}
    with written({**node, "$defs": {"Node": node}}, key=("id",)) as found:
        assert found.text.count("(ReadContract):") == 1
        (row,) = found.encoded([{"id": 1, "parent": {"id": 2, "parent": {}}}]).to_pylist()
    assert row == {"thing_id": 1, "parent": '{"id":2,"parent":{"id":null,"parent":null}}'}


def test_rows_below_which_all_of_an_account_lies_are_told_as_far_as_a_person_reads() -> None:
    """Two hundred schemas that refer to each other in circles, a thousand times in all."""
    several = {
        f"S{at}": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                **{f"p{n}": {"$ref": f"#/$defs/S{(at * 7 + n * 31) % 200}"} for n in range(5)},
            },
        }
        for at in range(200)
    }
    with written({**several["S1"], "$defs": several}, key=("id",)) as found:
        assert 5 < found.text.count("(ReadContract):") <= 150
        assert "too deep to be told field by field" in found.text
        (row,) = found.encoded([{"id": 1, "p0": {"id": 2, "p1": {"p2": {"p3": {"id": 7}}}}}]).to_pylist()
    assert row["thing_id"] == 1
    assert any('"id":7' in str(value) for value in row.values())  # what is not told is loaded all the same


def test_what_holds_personal_data_at_any_depth_is_personal() -> None:
    contact = {"type": "object", "properties": {"email": {"type": "string"}}}
    contacts = {"type": "array", "items": contact}
    team = {"type": "object", "properties": {"size": {"type": "integer"}, "contacts": contacts}}
    marks = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    teams = {"type": "array", "items": team}
    row = {"type": "object", "properties": {"teams": teams, "group": team, "marks": marks}}
    with written(row) as found:
        fields = found.writes.model_fields.items()
        personal = {name: any(isinstance(mark, Personal) for mark in each.metadata) for name, each in fields}
    assert personal == {"teams": True, "group_size": False, "group_contacts": True, "marks": False}


def test_a_key_is_never_null_and_stands_first() -> None:
    row = {"type": "object", "properties": {"a": {"type": "string"}, "id": {"type": "integer"}}}
    with written(row, key=("id",)) as found:
        first, second = found.encoded([{"a": "x", "id": 1}]).schema
    assert (first.name, first.nullable) == ("thing_id", False)
    assert (second.name, second.nullable) == ("a", True)


def test_what_stands_in_an_object_that_may_be_missing_may_be_missing_too() -> None:
    sender = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    with written({"type": "object", "properties": {"sender": sender}}) as found:
        batch = found.encoded([{"sender": {"name": "Ann"}}, {}, {"sender": None}])
    assert batch["sender_name"].to_pylist() == ["Ann", None, None]


def test_a_field_called_date_does_not_hide_the_type() -> None:
    day = {"type": "string", "format": "date"}
    row = {
        "type": "object",
        "properties": {"date": day, "until": day, "list": {"type": "array", "items": day}},
    }
    with written(row) as found:
        batch = found.encoded([{"date": "2024-02-29", "until": "2024-03-01", "list": ["2024-03-02"]}])
    assert batch.schema.names == ["thing_date", "until", "list_"]
    assert batch.to_pylist() == [
        {"thing_date": date(2024, 2, 29), "until": date(2024, 3, 1), "list_": [date(2024, 3, 2)]}
    ]
