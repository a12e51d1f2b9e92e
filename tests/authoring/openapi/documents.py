"""Small descriptions for tests: a document around what a test is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tidegate.authoring.description import Api, Endpoint
from tidegate.authoring.openapi import read


def oas(paths: dict[str, Any] | None = None, *, version: str = "3.0.3", **more: Any) -> dict[str, Any]:
    """An OpenAPI 3 document with one route, unless `paths` has others."""
    return {
        "openapi": version,
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.test/v1"}],
        "paths": paths if paths is not None else {"/things": got({"type": "object"})},
        **more,
    }


def swagger(operation: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    get = operation or {"responses": {"200": {"description": "", "schema": {"type": "object"}}}}
    return {
        "swagger": "2.0",
        "info": {"title": "Acme", "version": "1"},
        "paths": {"/things": {"get": get}},
        **more,
    }


def got(schema: Any, **more: Any) -> dict[str, Any]:
    """A path with a GET that answers JSON of this schema; `more` joins the operation."""
    content = {"application/json": {"schema": schema}}
    return {"get": {"responses": {"200": {"description": "", "content": content}}, **more}}


def read_text(folder: Path, text: str | bytes, name: str = "acme.json") -> Api:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path)


def read_document(folder: Path, document: dict[str, Any]) -> Api:
    return read_text(folder, json.dumps(document))


def only(folder: Path, document: dict[str, Any]) -> Endpoint:
    (endpoint,) = read_document(folder, document).endpoints
    return endpoint


def response_of(folder: Path, schema: Any, components: dict[str, Any] | None = None, **more: Any) -> Any:
    """What a response schema becomes."""
    document = oas({"/things": got(schema)}, components={"schemas": components or {}}, **more)
    return only(folder, document).response
