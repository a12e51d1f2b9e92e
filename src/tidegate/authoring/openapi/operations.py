"""The GET routes of a description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

from tidegate.authoring.description import Endpoint, Parameter
from tidegate.authoring.openapi.answers import Answers
from tidegate.authoring.openapi.references import Document
from tidegate.authoring.openapi.schemas import Schemas

_PLACES = frozenset({"query", "path", "header"})
# Swagger 2 puts these beside a parameter's name, OpenAPI 3 into its schema.
_BESIDE = (
    "type", "format", "items", "default", "enum", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "multipleOf", "example",
    "x-example",
)  # fmt: skip


def endpoints(document: Document, schemas: Schemas) -> Iterator[Endpoint]:
    """In the order of the file."""
    for path, raw in document.root["paths"].items():
        item = document.follow(raw)
        operation = item.get("get")
        if path.startswith("/") and isinstance(operation, dict):
            yield _endpoint(document, schemas, path, item, operation)


def _endpoint(
    document: Document, schemas: Schemas, path: str, item: dict[str, Any], operation: dict[str, Any]
) -> Endpoint:
    answers = Answers(document, schemas, operation)
    return Endpoint(
        path=path,
        operation=_text(operation, "operationId") or None,
        summary=_text(operation, "summary") or _text(item, "summary"),
        description=_text(operation, "description") or _text(item, "description"),
        parameters=tuple(_parameters(document, schemas, item, operation)),
        response=answers.schema(),
        examples=answers.examples(),
        response_headers=answers.headers(),
    )


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value.strip() if isinstance(value, str) else ""


def _parameters(
    document: Document, schemas: Schemas, item: dict[str, Any], operation: dict[str, Any]
) -> list[Parameter]:
    """Those of the path, and those of the operation, which replace them where place and name are the same."""
    found: dict[tuple[str, str], Parameter] = {}
    for owner in (item, operation):
        given = owner.get("parameters")
        for each in given if isinstance(given, list) else ():
            raw = document.follow(each)
            name, place = _text(raw, "name"), _text(raw, "in")
            if name and place in _PLACES:
                found[place, name] = _parameter(schemas, raw, name, place)
    return list(found.values())


def _parameter(schemas: Schemas, raw: dict[str, Any], name: str, place: str) -> Parameter:
    return Parameter(
        name=name,
        place=cast('Literal["query", "path", "header"]', place),
        schema=schemas.of(_schema(raw)),
        required=raw.get("required") is True or place == "path",
        description=_text(raw, "description"),
    )


def _schema(raw: dict[str, Any]) -> dict[str, Any]:
    schema = raw.get("schema")
    content = raw.get("content")
    if schema is None and isinstance(content, dict):  # a parameter that is written as JSON
        schema = next((each.get("schema") for each in content.values() if isinstance(each, dict)), None)
    if not isinstance(schema, dict):
        return {key: raw[key] for key in _BESIDE if key in raw}
    if "example" in raw and "example" not in schema and "$ref" not in schema:
        return {**schema, "example": raw["example"]}
    return schema
