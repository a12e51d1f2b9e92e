"""What a GET route answers: the body that carries data, its examples, the headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tidegate.authoring.description import Schema
from tidegate.authoring.openapi.references import Document
from tidegate.authoring.openapi.schemas import Schemas


class Answers:
    """The response of an operation that carries data, in either shape of file."""

    def __init__(self, document: Document, schemas: Schemas, operation: dict[str, Any]) -> None:
        self._document, self._schemas = document, schemas
        self._response = _chosen(document, operation)
        self._types = self._media_types(operation)

    def headers(self) -> tuple[str, ...]:
        headers = self._response.get("headers")
        return tuple(headers) if isinstance(headers, dict) else ()

    def schema(self) -> Schema | None:
        """None where the file says nothing, and for a body that is no JSON."""
        raw = next((each["schema"] for each in self._types if isinstance(each.get("schema"), dict)), None)
        return None if raw is None else self._schemas.of(raw) or None

    def examples(self) -> tuple[Any, ...]:
        """Whole bodies, those of the answer before that of the schema; each once."""
        found = [value for each in self._types for value in self._examples_of(each)]
        for each in self._types:
            schema = self._document.follow(each.get("schema"))
            found += [schema["example"]] if "example" in schema else []
        parsed = [_parsed(value) for value in found]
        return tuple(value for at, value in enumerate(parsed) if value not in parsed[:at])

    def _examples_of(self, media_type: dict[str, Any]) -> Iterator[Any]:
        if "example" in media_type:
            yield media_type["example"]
        more = media_type.get("examples")
        for each in more.values() if isinstance(more, dict) else ():
            example = self._document.follow(each)
            if "value" in example:
                yield example["value"]

    def _media_types(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        if "swagger" in self._document.root:
            return self._of_swagger(operation)
        content = self._response.get("content")
        if not isinstance(content, dict):
            return []
        names = sorted(
            (name for name in content if _rank(name) is not None), key=lambda name: _rank(name) or 0
        )
        return [content[name] for name in names if isinstance(content[name], dict)][:1]

    def _of_swagger(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        produces = operation.get("produces", self._document.root.get("produces"))
        if isinstance(produces, list) and produces and all(_rank(str(each)) is None for each in produces):
            return []
        examples = self._response.get("examples")
        named = {k: {"value": v} for k, v in examples.items()} if isinstance(examples, dict) else {}
        fit = {name: value for name, value in named.items() if _rank(name) is not None}
        return [{"schema": self._response.get("schema"), "examples": fit}]


def _chosen(document: Document, operation: dict[str, Any]) -> dict[str, Any]:
    """The response for 200, or the first other one that means success and has a body."""
    responses = operation.get("responses")
    if not isinstance(responses, dict):
        return {}
    codes = sorted(code for code in responses if code[:1] == "2")
    found = [
        document.follow(responses[code])
        for code in [*codes, *(["default"] if not codes else [])]
        if code in responses
    ]
    return next((each for each in found if each.get("content") or each.get("schema")), (found or [{}])[0])


def _rank(media_type: str) -> int | None:
    """How welcome a media type is, 0 the most; None where it is no JSON."""
    name = media_type.partition(";")[0].strip().lower()
    if name == "application/json":
        return 0
    if name.endswith(("+json", "/json")):
        return 1
    return 2 if name in {"*/*", "application/*", "*"} else None


def _parsed(example: Any) -> Any:
    """A body that was written into the file as text, as the value it is."""
    if isinstance(example, str) and example.strip().startswith(("{", "[")):
        try:
            return json.loads(example)
        except (ValueError, RecursionError):
            return example
    return example
