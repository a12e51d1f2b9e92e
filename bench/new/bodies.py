"""The examples of a file, found without the reader that is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


def bodies(file: Path) -> Mapping[str, list[Any]]:
    """By path, the whole bodies that a file shows of what its GET routes answer with success."""
    document = _loaded(file)
    return {
        path: list(_of(document, route["get"]["responses"]))
        for path, route in document["paths"].items()
        if "get" in route
    }


def _loaded(file: Path) -> Any:
    text = file.read_text("utf-8")
    return json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)


def _of(document: Any, responses: Mapping[str, Any]) -> Iterator[Any]:
    for code, response in responses.items():
        if not str(code).startswith("2"):
            continue
        answer = _resolved(document, response)
        yield from (body for kind, body in answer.get("examples", {}).items() if "json" in kind)  # Swagger 2
        for kind, content in answer.get("content", {}).items():
            if "json" not in kind:
                continue
            if "example" in content:
                yield content["example"]
            yield from (_resolved(document, each)["value"] for each in content.get("examples", {}).values())


def _resolved(document: Any, value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        target = value["$ref"]
        value = document
        for step in target.removeprefix("#/").split("/"):
            value = value[step.replace("~1", "/").replace("~0", "~")]
    return value
