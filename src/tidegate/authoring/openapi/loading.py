"""From bytes to a document: JSON or YAML, of bounded size and depth."""

from __future__ import annotations

import codecs
from itertools import islice
from typing import Any

import orjson

from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.openapi.yaml_tree import MOST_DEPTH, tree

MOST_NODES = 3_000_000  # an alias of YAML counts as all that it stands for
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WANTED = "Give an OpenAPI 3.0 or 3.1 or Swagger 2 file, in JSON or YAML."


def load(content: bytes, name: str) -> dict[str, Any]:
    """The document in `content`; `name` is for messages. Raises `DescriptionError`.

    Keys are text (`200:` in YAML too), nothing becomes a date.
    """
    text = _decoded(content, name).strip()
    if not text:
        raise DescriptionError(f"{name} is empty", hint=_WANTED)
    if text.startswith("<"):
        raise DescriptionError(
            f"{name} is a page of HTML or XML, no OpenAPI file",
            hint="Give the address of the file itself; a page of documentation often links to it as"
            " openapi.json or swagger.yaml.",
        )
    document = _json(text, name) if text.startswith(("{", "[")) else tree(text, name)
    _measure(document, name)
    if not isinstance(document, dict):
        raise DescriptionError(f"{name} holds no description of an API", hint=_WANTED)
    return document


def _decoded(content: bytes, name: str) -> str:
    encoding = next((_MARKS[mark] for mark in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DescriptionError(
            f"{name} is no text in {encoding}: byte {error.start} makes no sense", hint=_WANTED
        ) from error


def _json(text: str, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        ends = error.pos >= len(text) - 1
        why = "it ends in the middle: was it cut off?" if ends else error.msg
        raise DescriptionError(
            f"{name} is no valid JSON: {why} (line {error.lineno}, column {error.colno})"
        ) from error


def _measure(document: Any, name: str) -> None:
    level, depth, nodes = [document], 0, 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > MOST_DEPTH:
            raise DescriptionError(f"{name} is nested more than {MOST_DEPTH} levels deep")
        if nodes > MOST_NODES:
            raise DescriptionError(f"{name} holds more than {MOST_NODES} values")
        level = list(islice((inner for each in level for inner in _inner(each)), MOST_NODES))


def _inner(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
