"""Routes: parameters, the answer that carries data, its examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.authoring.openapi.documents import got, oas, only, read_document, swagger
from tidegate.authoring.description import Parameter

ROWS = {"type": "array", "items": {"type": "object"}}


def answering(content: dict[str, Any], code: str = "200") -> dict[str, Any]:
    return {"/things": {"get": {"responses": {code: {"description": "", "content": content}}}}}


def test_only_get_routes_are_taken_in_the_order_of_the_file(tmp_path: Path) -> None:
    paths = {"/b": got({}, operationId="listB"), "/c": {"post": {}}, "/a": got({}), "x-note": {"get": {}}}
    api = read_document(tmp_path, oas(paths))
    assert [(each.path, each.operation) for each in api.endpoints] == [("/b", "listB"), ("/a", None)]


def test_operation_overrides_parameters_of_its_path_and_follows_references(tmp_path: Path) -> None:
    limit = {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "maximum": 50},
        "description": "Own.",
    }
    common = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    path = {"name": "id", "in": "path", "schema": {"type": "string"}}
    item = {
        **got({}, parameters=[limit, {"$ref": "#/components/parameters/Page"}]),
        "parameters": [common, path],
    }
    page = {"$ref": "#/components/parameters/PageItself"}
    itself = {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}, "required": True}
    document = oas({"/things/{id}": item}, components={"parameters": {"Page": page, "PageItself": itself}})
    assert only(tmp_path, document).parameters == (
        Parameter("limit", "query", {"type": "integer", "maximum": 50}, description="Own."),
        Parameter("id", "path", {"type": "string"}, required=True),
        Parameter("page", "query", {"type": "integer", "default": 1}, required=True),
    )


def test_parameters_of_swagger_carry_their_schema_beside_their_name(tmp_path: Path) -> None:
    given = [
        {"name": "limit", "in": "query", "type": "integer", "maximum": 100, "default": 10},
        {
            "name": "ids",
            "in": "query",
            "type": "array",
            "items": {"type": "string"},
            "collectionFormat": "csv",
        },
        {"name": "body", "in": "body", "schema": {}},
    ]
    endpoint = only(tmp_path, swagger({"parameters": given, "responses": {}}))
    assert [each.schema for each in endpoint.parameters] == [
        {"type": "integer", "default": 10, "maximum": 100},
        {"type": "array", "items": {"type": "string"}},
    ]


@pytest.mark.parametrize(
    "types",
    [
        {"application/json": {"schema": ROWS}, "text/csv": {"schema": {"type": "string"}}},
        {"text/csv": {"schema": {"type": "string"}}, "*/*": {"schema": ROWS}},
        {"application/xml": {"schema": {}}, "application/hal+json": {"schema": ROWS}},
        {"*/*": {"schema": {}}, "application/vnd.acme.v2+json; charset=utf-8": {"schema": ROWS}},
        {"application/problem+json": {"schema": {}}, "application/json;charset=UTF-8": {"schema": ROWS}},
    ],
)
def test_body_of_json_is_chosen_whatever_its_type_is_called(tmp_path: Path, types: dict[str, Any]) -> None:
    assert only(tmp_path, oas(answering(types))).response == ROWS


@pytest.mark.parametrize(
    ("codes", "chosen"),
    [
        (["201", "200", "404"], "200"), (["404", "206"], "206"), (["default", "202"], "202"),
        (["2XX", "default"], "2XX"), (["default", "500"], "default"), (["404"], None),
    ],
)  # fmt: skip
def test_answer_is_that_of_success(tmp_path: Path, codes: list[str], chosen: str | None) -> None:
    answers = {code: {"content": {"application/json": {"schema": {"title": code}}}} for code in codes}
    response = only(tmp_path, oas({"/things": {"get": {"responses": answers}}})).response
    assert (response or {}).get("title") == chosen


def test_answer_without_a_body_gives_way_to_one_with_data(tmp_path: Path) -> None:
    answers = {
        "200": {"description": "no change"},
        "206": {"content": {"application/json": {"schema": ROWS}}},
    }
    assert only(tmp_path, oas({"/things": {"get": {"responses": answers}}})).response == ROWS


def test_text_and_files_are_no_bodies(tmp_path: Path) -> None:
    assert only(tmp_path, oas(answering({"text/csv": {"schema": ROWS}}))).response is None
    csv = {"produces": ["text/csv"], "responses": {"200": {"schema": ROWS}}}
    assert only(tmp_path, swagger(csv)).response is None


def test_referred_response_gives_schema_examples_and_headers(tmp_path: Path) -> None:
    examples = {
        "one": {"value": [{"id": 1}]},
        "two": {"$ref": "#/components/examples/Two"},
        "else": {"externalValue": "x"},
    }
    body = {"schema": {"$ref": "#/components/schemas/Rows"}, "examples": examples}
    response = {"headers": {"Link": {}, "X-Total": {}}, "content": {"application/json": body}}
    components = {
        "responses": {"Rows": response},
        "schemas": {"Rows": {**ROWS, "example": [{"id": 3}]}},
        "examples": {"Two": {"value": '[{"id": 2}]'}},
    }
    paths = {"/things": {"get": {"responses": {"200": {"$ref": "#/components/responses/Rows"}}}}}
    endpoint = only(tmp_path, oas(paths, components=components))
    assert endpoint.examples == ([{"id": 1}], [{"id": 2}], [{"id": 3}])
    assert endpoint.response_headers == ("Link", "X-Total")


def test_examples_of_swagger_stand_by_type(tmp_path: Path) -> None:
    examples = {"application/json": {"things": []}, "text/csv": "a,b"}
    endpoint = only(tmp_path, swagger({"responses": {"200": {"schema": ROWS, "examples": examples}}}))
    assert endpoint.examples == ({"things": []},)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Acme API", "acme"), ("The Über-Shop REST API (v3)", "uber_shop"), ("API", "api"), ("v2", "v2"),
        ("3scale", "api_3scale"), ("Import", "api_import"), ("日本", "api"),
        ("Björk's Mail & Co. Contacts API", "bjork_mail_co"),
    ],
)  # fmt: skip
def test_name_is_an_identifier_of_a_few_words(tmp_path: Path, given: str, name: str) -> None:
    api = read_document(tmp_path, {**oas(), "info": {"title": given, "version": "1"}})
    assert api.name == name
    assert api.name.isidentifier()
