"""Schemas: references, `allOf`, null, examples, circles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.authoring.openapi.documents import got, oas, only, read_document, response_of
from tidegate.authoring.exceptions import DescriptionError

TEXT = {"type": "string"}


def test_references_are_put_in_with_escapes(tmp_path: Path) -> None:
    made = response_of(tmp_path, {"$ref": "#/components/schemas/a~1b~0c%20d"}, {"a/b~c d": TEXT})
    assert made == TEXT


def test_reference_to_a_part_of_another_route_is_put_in(tmp_path: Path) -> None:
    pointer = "#/paths/~1others/get/responses/200/content/application~1json/schema/properties/row"
    paths = {
        "/things": got({"type": "array", "items": {"$ref": pointer}}),
        "/others": got({"type": "object", "properties": {"row": TEXT}}),
    }
    first = read_document(tmp_path, oas(paths)).endpoints[0]
    assert first.response == {"type": "array", "items": TEXT}


def test_words_beside_a_reference_stand_over_those_behind_it(tmp_path: Path) -> None:
    schema = {"$ref": "#/components/schemas/Name", "description": "Of the thing.", "nullable": True}
    made = response_of(tmp_path, schema, {"Name": {"type": "string", "description": "A name."}})
    assert made == {"type": ["string", "null"], "description": "Of the thing."}


def test_all_of_is_merged_through_references_and_levels(tmp_path: Path) -> None:
    components = {
        "Envelope": {"type": "object", "required": ["meta"], "properties": {"meta": {"type": "object"}}},
        "Page": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, {"properties": {"total": {}}}]},
    }
    rows = {"properties": {"data": {"type": "array", "items": TEXT}}, "required": ["data", "meta"]}
    made = response_of(tmp_path, {"allOf": [{"$ref": "#/components/schemas/Page"}, rows]}, components)
    assert list(made["properties"]) == ["meta", "total", "data"]
    assert (made["type"], made["required"]) == ("object", ["meta", "data"])


def test_what_stands_beside_all_of_holds_too(tmp_path: Path) -> None:
    schema = {"allOf": [{"properties": {"a": TEXT}}], "properties": {"b": TEXT}, "required": ["b"]}
    made = response_of(tmp_path, schema)
    assert (sorted(made["properties"]), made["required"]) == (["a", "b"], ["b"])


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("number", "integer", "integer"),
        ("integer", "number", "integer"),
        (["string", "null"], "string", "string"),
        ("string", ["string", "null"], "string"),
    ],
)
def test_branches_of_two_types_are_of_the_type_that_both_allow(
    tmp_path: Path, one: Any, other: Any, both: str
) -> None:
    assert response_of(tmp_path, {"allOf": [{"type": one}, {"type": other}]})["type"] == both


def test_property_in_two_branches_says_what_both_say(tmp_path: Path) -> None:
    one = {"properties": {"meta": {"type": "object", "properties": {"a": TEXT}}}}
    other = {"properties": {"meta": {"properties": {"b": TEXT}, "required": ["b"]}}}
    made = response_of(tmp_path, {"allOf": [one, other]})
    assert made["properties"]["meta"] == {
        "type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["b"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "schema", "expected"),
    [
        ("3.0.3", {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ("3.0.3", {"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
        ("3.1.0", {"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ("3.1.0", {"anyOf": [TEXT, {"type": "null"}]}, {"type": ["string", "null"]}),
        ("3.1.0", {"oneOf": [{"type": "null"}, TEXT]}, {"type": ["string", "null"]}),
        (
            "3.0.3",
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ("3.0.3", {"nullable": True, "allOf": [TEXT]}, {"type": ["string", "null"]}),
        (
            "3.0.3",
            {"nullable": True, "allOf": [TEXT, {"maxLength": 3}]},
            {"type": ["string", "null"], "maxLength": 3},
        ),
        (
            "3.0.3",
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 1},
        ),
        ("3.1.0", {"type": "integer", "exclusiveMinimum": 1}, {"type": "integer", "exclusiveMinimum": 1}),
        ("3.0.3", {"type": "string", "example": "x"}, {"type": "string", "examples": ["x"]}),
        ("3.1.0", {"type": "string", "examples": ["x", "y"]}, {"type": "string", "examples": ["x", "y"]}),
        ("3.0.3", {"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
        ("3.0.3", {"type": "datetime"}, {"type": "string", "format": "date-time"}),
        ("3.0.3", {"type": "array", "items": [TEXT]}, {"type": "array", "items": {"anyOf": [TEXT]}}),
        ("3.0.3", {"type": "string", "required": True, "xml": {}, "x-any": 1}, TEXT),
    ],
)  # fmt: skip
def test_every_version_becomes_the_same_words(
    tmp_path: Path, version: str, schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = response_of(tmp_path, {"type": "object", "properties": {"it": schema}}, version=version)
    assert made["properties"]["it"] == expected


def test_what_is_only_sent_is_no_part_of_an_answer(tmp_path: Path) -> None:
    schema = {"properties": {"id": TEXT, "password": {"type": "string", "writeOnly": True}},
              "required": ["id", "password"]}  # fmt: skip
    assert response_of(tmp_path, schema) == {"type": "object", "properties": {"id": TEXT}, "required": ["id"]}


def test_circle_is_kept_as_a_definition(tmp_path: Path) -> None:
    node = {
        "type": "object",
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            "parent": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Node"}]},
        },
    }
    made = response_of(
        tmp_path, {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}, {"Node": node}
    )
    assert made["items"] == {"$ref": "#/$defs/Node"}
    inner = made["$defs"]["Node"]["properties"]
    assert inner["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert inner["parent"] == {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}


def test_root_of_an_answer_is_never_a_reference(tmp_path: Path) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    made = response_of(tmp_path, {"$ref": "#/components/schemas/Node"}, {"Node": node})
    assert made["type"] == "object"
    assert made["$defs"]["Node"]["properties"]["next"] == {"$ref": "#/$defs/Node"}


def test_base_that_lists_its_kinds_does_not_pass_them_on(tmp_path: Path) -> None:
    components = {
        "Pet": {
            "type": "object",
            "properties": {"name": TEXT},
            "oneOf": [{"$ref": "#/components/schemas/Cat"}],
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {}}}]},
    }
    made = response_of(tmp_path, {"$ref": "#/components/schemas/Cat"}, components)
    assert list(made["properties"]) == ["name", "lives"]
    assert "oneOf" not in made


def test_references_that_double_at_each_step_take_no_room(tmp_path: Path) -> None:
    components: dict[str, Any] = {"S0": {"type": "object", "properties": {"a": TEXT}}}
    for number in range(1, 60):
        ref = {"$ref": f"#/components/schemas/S{number - 1}"}
        components[f"S{number}"] = {"type": "object", "properties": {"a": ref, "b": ref}}
    made = response_of(tmp_path, {"$ref": "#/components/schemas/S59"}, components)
    assert made["$defs"], "large schemas stand once"


@pytest.mark.parametrize("length", [2, 60, 5000])
def test_references_in_a_row_are_followed_to_their_end(tmp_path: Path, length: int) -> None:
    row: dict[str, Any] = {f"S{at}": {"$ref": f"#/components/schemas/S{at + 1}"} for at in range(length)}
    row[f"S{length}"] = TEXT
    assert response_of(tmp_path, {"$ref": "#/components/schemas/S0"}, row) == TEXT


def test_references_that_only_lead_to_each_other_say_nothing(tmp_path: Path) -> None:
    row = {f"S{at}": {"$ref": f"#/components/schemas/S{(at + 1) % 3}"} for at in range(3)}
    assert response_of(tmp_path, {"$ref": "#/components/schemas/S0"}, row) is None
    row = {f"S{at}": {"$ref": f"#/components/schemas/S{(at + 1) % 5000}"} for at in range(5000)}
    with pytest.raises(DescriptionError, match="is made of too many others"):
        response_of(tmp_path, {"$ref": "#/components/schemas/S0"}, row)


def test_schema_that_is_part_of_itself_adds_nothing(tmp_path: Path) -> None:
    node = {"allOf": [{"$ref": "#/components/schemas/Node"}, {"properties": {"a": TEXT}}]}
    made = response_of(tmp_path, {"$ref": "#/components/schemas/Node"}, {"Node": node})
    assert made["properties"] == {"a": TEXT}


def test_reference_to_another_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        DescriptionError, match=r"acme\.json refers to another file: common\.yaml#/Thing"
    ) as caught:
        response_of(tmp_path, {"$ref": "common.yaml#/Thing"})
    assert "Bundle" in str(caught.value.hint)


def test_reference_by_the_name_of_the_file_itself_is_followed(tmp_path: Path) -> None:
    assert response_of(tmp_path, {"$ref": "./acme.json#/components/schemas/Name"}, {"Name": TEXT}) == TEXT


def test_anchor_is_no_pointer(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#name"}}}
    api = read_document(tmp_path, oas({"/things": got(schema)}))
    assert api.endpoints[0].response == {"type": "object", "properties": {"a": {}}}
    assert any("#name" in note for note in api.todo)


def test_reference_in_an_example_is_plain_data(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"example": TEXT}, "example": {"$ref": "elsewhere.json"}}
    assert response_of(tmp_path, schema)["examples"] == [{"$ref": "elsewhere.json"}]


def test_reference_to_nothing_is_told_and_takes_anything(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Gone"}}}
    api = read_document(tmp_path, oas({"/things": got(schema), "/others": got(schema)}))
    assert api.endpoints[0].response == {"type": "object", "properties": {"a": {}}}
    (told,) = [note for note in api.todo if "Gone" in note]
    assert told.startswith("The description refers to #/components/schemas/Gone, which it does not hold")


def test_same_name_at_two_places_stays_two_definitions(tmp_path: Path) -> None:
    def node(place: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"next": {"$ref": place}}}

    places = ["#/components/schemas/Node", "#/components/responses/Node"]
    schema = {"type": "object", "properties": {str(at): {"$ref": place} for at, place in enumerate(places)}}
    components = {"schemas": {"Node": node(places[0])}, "responses": {"Node": node(places[1])}}
    made = only(tmp_path, oas({"/things": got(schema)}, components=components)).response
    assert made is not None
    assert sorted(made["$defs"]) == ["Node", "Node_2"]
    assert made["$defs"]["Node_2"]["properties"]["next"] == {"$ref": "#/$defs/Node_2"}
