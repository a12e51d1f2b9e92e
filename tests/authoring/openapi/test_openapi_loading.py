"""Files as they come: JSON, YAML, and what is neither."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from tests.authoring.openapi.documents import got, oas, read_text, swagger
from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.openapi import read
from tidegate.authoring.openapi.loading import load
from tidegate.utils.errors import ExitCode, UsageError

YAML = """\
# as people write it
openapi: 3.0.3
info: {title: Acme, version: 1.0}
servers: [{url: https://api.acme.test}]
paths:
  /things:
    get:
      responses:
        200:
          description: fine
          content:
            application/json:
              schema: &thing
                type: object
                properties:
                  country: {type: string, enum: [no, se], example: no}
                  since: {type: string, format: date, example: 2026-01-01}
                  at: {type: string, example: 2026-01-01T10:00:00Z}
                  zip: {type: string, example: "0123"}
                  count: {type: integer, example: 0x, default: 12, maximum: 1e3}
                  on: {type: boolean, default: true, nullable: true}
"""


def test_yaml_says_what_its_json_says(tmp_path: Path) -> None:
    api = read_text(tmp_path, YAML, "acme.yaml")
    response = api.endpoints[0].response
    assert response is not None
    properties = response["properties"]
    assert properties["country"] == {"type": "string", "enum": ["no", "se"], "examples": ["no"]}
    assert properties["since"]["examples"] == ["2026-01-01"]
    assert properties["at"]["examples"] == ["2026-01-01T10:00:00Z"]
    assert properties["zip"]["examples"] == ["0123"]
    assert properties["count"] == {"type": "integer", "examples": ["0x"], "default": 12, "maximum": 1000.0}
    assert properties["on"] == {"type": ["boolean", "null"], "default": True}
    assert (api.name, api.origin_of_facts) == ("acme", "acme.yaml, version 1.0")


def test_yaml_aliases_and_merge_keys_are_read() -> None:
    text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: [*a, *a]\nd: {<<: [*a, {z: 4}]}"
    assert load(text.encode(), "f") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": [{"x": 1, "y": 2}] * 2,
        "d": {"x": 1, "y": 2, "z": 4},
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_byte_order_are_understood(tmp_path: Path, encoding: str) -> None:
    assert read_text(tmp_path, json.dumps(oas()).encode(encoding)).title == "Acme"


def _laughs(levels: int, width: int) -> str:
    rows = [f"a0: &a0 [{', '.join(['lol'] * width)}]"]
    rows += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * width)}]" for at in range(1, levels)]
    return "\n".join(rows)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty"),
    "blanks": (b"  \n \n", "is empty"),
    "a page": (b"<!DOCTYPE html><html><body>Docs</body></html>", "page of HTML or XML"),
    "cut JSON": (json.dumps(oas()).encode()[:-40], "is no valid JSON: .*cut off"),
    "broken JSON": (b'{"openapi": 3.0.1, "paths": {}}', r"is no valid JSON: .* \(line 1, column"),
    "broken YAML": (b"openapi: 3.0.0\npaths: [a, {b\n", r"is no valid YAML: .* \(line"),
    "bytes": (b"\x89PNG\r\n\x1a\n\x00\x00", "is no text in utf-8"),
    "a list": (b"[1, 2]", "holds no description"),
    "prose": (b"Dear reader, this is no file of that kind.", "holds no description"),
    "a control character": (b"openapi: \x03", "is no valid YAML"),
    "deep JSON": (b'{"a":' * 500 + b"1" + b"}" * 500, "nested more than 100 levels"),
    "very deep JSON": (b'{"a":' + b"[" * 200_000, "is no valid JSON"),
    "deep YAML": (b"a: " + b"[" * 500 + b"]" * 500, "nested more than 100 levels"),
    "very deep YAML": (b"a: " + b"[" * 200_000, "nest"),
    "laughs": (_laughs(12, 10).encode(), "holds more than 3000000 values"),
    "few and wide laughs": (_laughs(4, 2000).encode(), "holds more than 3000000 values"),
    "an alias in itself": (b"a: &a [*a]", "stands for nothing whole"),
    "an alias of nothing": (b"a: *b", "stands for nothing whole"),
    "a key that is a list": (b"? [a, b]\n: c", "is not a plain word"),
    "no OpenAPI": (b'{"name": "x", "version": "1"}', "neither the key openapi nor swagger"),
    "Swagger 1": (b'{"swagger": "1.2", "paths": {"/a": {}}}', "written in version '1.2'"),
    "OpenAPI 4": (b'{"openapi": "4.0.0", "paths": {"/a": {}}}', "written in version '4.0.0'"),
    "no version": (b'{"openapi": null, "paths": {"/a": {}}}', "neither the key"),
    "no paths": (b'{"openapi": "3.1.0", "components": {}}', "describes no paths"),
    "empty paths": (b'{"openapi": "3.1.0", "paths": {}}', "describes no paths"),
    "paths of no kind": (b'{"openapi": "3.1.0", "paths": [1]}', "describes no paths"),
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_what_is_no_description_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    content, message = HOSTILE[kind]
    with pytest.raises(DescriptionError, match=message) as caught:
        read_text(tmp_path, content)
    assert str(caught.value).startswith("acme.json")
    assert caught.value.exit_code == ExitCode.FAILED


@pytest.mark.parametrize("path", ["gone.json", "."])
def test_what_is_no_file_is_a_wrong_command(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match=r"is no file|does not exist"):
        read(tmp_path / path)


def test_file_beyond_the_bound_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(DescriptionError, match="over 64 MiB"):
        read(path)


ODD: list[Any] = [
    None,
    1,
    "text",
    [],
    [1],
    {},
    {"a": 1},
    [{"$ref": "#/paths"}],
    {"$ref": "#/nowhere"},
    {"$ref": 1},
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_at_every_place_make_no_trouble(tmp_path: Path, odd: Any) -> None:
    """A file may be sloppy anywhere: what makes no sense says nothing, and the rest is read."""
    whole = got({"type": "object", "properties": {"a": {"type": "string"}}})
    for key in ("parameters", "responses", "summary", "security", "servers", "operationId"):
        api = read_text(tmp_path, json.dumps(oas({"/a": got({}, **{key: odd}), "/b": whole})))
        assert api.endpoints[-1].response is not None
    for key in (
        "properties",
        "items",
        "allOf",
        "anyOf",
        "type",
        "enum",
        "required",
        "examples",
        "$defs",
        "minimum",
        "maxLength",
        "const",
    ):
        assert len(read_text(tmp_path, json.dumps(oas({"/a": got({key: odd}), "/b": whole}))).endpoints) == 2
    for key in ("info", "components", "security", "servers", "tags"):
        assert read_text(tmp_path, json.dumps({**oas({"/b": whole}), key: odd})).endpoints[0].response
    for key in ("produces", "responses", "parameters", "security"):
        assert read_text(tmp_path, json.dumps(swagger({"responses": {}, key: odd}))).endpoints
    for key in ("securityDefinitions", "schemes", "host", "basePath", "definitions"):
        assert read_text(tmp_path, json.dumps(swagger(**{key: odd}))).endpoints
    assert read_text(tmp_path, json.dumps(oas({"/a": odd, "/b": whole}))).endpoints[-1].path == "/b"


def test_mark_of_utf8_is_no_part_of_the_text() -> None:
    assert load(codecs.BOM_UTF8 + b"a: 1", "f") == {"a": 1}
