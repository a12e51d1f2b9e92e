"""Made-up APIs with a known truth: what a route lists and how it pages, in the words of some file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tidegate.authoring.description import Paging

NOUNS = [
    "invoice",
    "contact",
    "campaign",
    "webhook",
    "category",
    "address",
    "shipment",
    "ticket",
    "device",
    "status page",
]
ENVELOPES = ["data", "items", "results", "records", "", None]  # "": named after the route; None: no envelope
SIZES = [["limit"], ["per", "page"], ["page", "size"], ["max", "results"]]
OFFSETS = [["offset"], ["skip"], ["start", "index"]]
PAGES = [["page"], ["page", "number"]]
CURSORS = [["cursor"], ["page", "token"], ["starting", "after"], ["after"]]
LINKS = ["next", "next_url", "links.next", "_metadata.next", "paging.next_link"]
PLACES = ["next_cursor", "meta.next_cursor", "paging.next.after", "nextPageToken", "pagination.cursor"]
INT, TEXT = {"type": "integer"}, {"type": "string"}


@dataclass(frozen=True)
class Truth:
    """`document` is the file; the rest is what has to be found in it."""

    document: dict[str, Any]
    path: str
    items: str
    paging: Paging
    fields: tuple[str, ...]


def _spelt(pieces: list[str], style: str) -> str:
    if style == "camel":
        return pieces[0] + "".join(piece.capitalize() for piece in pieces[1:])
    if style == "brackets" and len(pieces) > 1:
        return f"{pieces[0]}[{'_'.join(pieces[1:])}]"
    return "_".join(pieces)


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ss") else "s")


def _put(properties: dict[str, Any], path: str, schema: Any) -> None:
    head, _, rest = path.partition(".")
    if rest:
        inner = properties.setdefault(head, {"type": "object", "properties": {}})
        _put(inner["properties"], rest, schema)
    else:
        properties[head] = schema


@st.composite
def _pagings(
    draw: st.DrawFn, style: str, *, enveloped: bool
) -> tuple[Paging, dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """The truth, and what of it stands beside the rows, among the parameters and among the headers."""
    kinds = ["offset", "page_number", "single", "link_header"] + (
        ["cursor", "next_url", "unknown"] if enveloped else []
    )
    kind = draw(st.sampled_from(kinds))
    size = draw(st.sampled_from(SIZES)) if kind not in {"single", "unknown"} and draw(st.booleans()) else None
    limit = draw(st.sampled_from([50, 100, 250, 1000])) if size else None
    limit_param = _spelt(size, style) if size else None
    parameters = [_sized(draw, limit_param, limit)] if limit_param and limit else []
    beside: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    param = found_at = total = None
    first = 1
    if kind == "offset":
        param = _spelt(draw(st.sampled_from(OFFSETS)), style)
        parameters.append({"name": param, "in": "query", "schema": INT})
        total = draw(st.sampled_from([None, "total", "meta.total_count"])) if enveloped else None
    elif kind == "page_number":
        param, first = _spelt(draw(st.sampled_from(PAGES)), style), draw(st.sampled_from([0, 1]))
        parameters.append({"name": param, "in": "query", "schema": {**INT, "default": first}})
    elif kind == "cursor":
        param, found_at = _spelt(draw(st.sampled_from(CURSORS)), style), draw(st.sampled_from(PLACES))
        parameters.append({"name": param, "in": "query", "schema": TEXT, "description": "A cursor."})
        _put(beside, found_at, TEXT)
    elif kind == "next_url":
        found_at = draw(st.sampled_from(LINKS))
        _put(beside, found_at, {**TEXT, "format": "uri"})
        if draw(st.booleans()):  # the parameter that the link carries
            parameters.append({"name": _spelt(["page", "token"], style), "in": "query", "schema": TEXT})
    elif kind == "link_header":
        headers["Link"] = {"schema": TEXT}
    elif kind == "unknown":
        _put(beside, "has_more", {"type": "boolean"})
    if total is not None:
        _put(beside, total, INT)
    return Paging(kind, param, limit_param, limit, found_at, total, None, first), beside, parameters, headers  # type: ignore[arg-type]


def _sized(draw: st.DrawFn, name: str, limit: int) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"name": name, "in": "query", "schema": {**INT, "maximum": limit}}
    told = draw(
        st.sampled_from(
            ["How many, max {}.", "Results per page (up to {}).", "Between 1 and {}, default 10."]
        )
    )
    return {"name": name, "in": "query", "schema": {**INT, "default": 10}, "description": told.format(limit)}


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    style = draw(st.sampled_from(["snake", "camel", "brackets"]))
    pieces = _plural(draw(st.sampled_from(NOUNS))).split()
    path = f"/v1/{_spelt(pieces, 'snake')}"
    envelope = draw(st.sampled_from(ENVELOPES))
    items = "" if envelope is None else envelope or _spelt(pieces, "camel" if style == "camel" else "snake")
    if items and draw(st.integers(0, 3)) == 0:
        items = f"response.{items}"
    paging, beside, parameters, headers = draw(_pagings(style, enveloped=bool(items)))
    fields = (
        "id",
        *draw(st.lists(st.sampled_from(["name", "email", "state", "price", "owner"]), unique=True)),
    )
    row = {"type": "object", "properties": {each: INT if each == "id" else TEXT for each in fields}}
    components: dict[str, Any] = {}
    body = _body(draw, items, _named(draw, components, "Row", row), beside, components)
    others = [
        {"name": name, "in": "query", "schema": TEXT}
        for name in draw(st.lists(st.sampled_from(["sort", "q", "status"]), unique=True))
    ]
    operation = {
        "parameters": draw(st.permutations([*parameters, *others])),
        "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": body}}, "headers": headers}
        },
    }
    single = {"responses": {"200": {"description": "", "content": {"application/json": {"schema": row}}}}}
    document = {
        "openapi": draw(st.sampled_from(["3.0.3", "3.1.0"])),
        "info": {"title": "Made up", "version": "1"},
        "paths": {path: {"get": operation}, f"{path}/{{id}}": {"get": single}},
        "components": {"schemas": components},
    }
    if draw(st.booleans()):
        document = as_swagger(document)
    return Truth(document, path, items, paging, fields)


def _named(draw: st.DrawFn, components: dict[str, Any], name: str, schema: Any) -> Any:
    """The schema in place, or a reference to it."""
    if draw(st.booleans()):
        return schema
    components[name] = schema
    return {"$ref": f"#/components/schemas/{name}"}


def _body(draw: st.DrawFn, items: str, row: Any, beside: dict[str, Any], components: dict[str, Any]) -> Any:
    rows = {"type": "array", "items": row}
    if not items:
        return _named(draw, components, "Rows", rows)
    held: dict[str, Any] = {}
    _put(held, items, rows)
    if draw(st.booleans()) and not held.keys() & beside.keys():  # an envelope that all routes share
        base = _named(draw, components, "Envelope", {"type": "object", "properties": beside})
        return _named(draw, components, "Page", {"allOf": [base, {"type": "object", "properties": held}]})
    for name, schema in beside.items():
        if name in held:
            held[name]["properties"].update(schema.get("properties", {}))
        else:
            held[name] = schema
    return _named(draw, components, "Page", {"type": "object", "properties": held})


def as_swagger(document: dict[str, Any]) -> dict[str, Any]:
    """The same API as a Swagger 2 file."""
    paths = {path: {"get": _swagger_operation(item["get"])} for path, item in document["paths"].items()}
    made = {"swagger": "2.0", "info": document["info"], "paths": paths}
    moved: dict[str, Any] = _moved({**made, "definitions": document["components"]["schemas"]})
    return moved


def _swagger_operation(operation: dict[str, Any]) -> dict[str, Any]:
    answer = operation["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    parameters = [
        {**{k: v for k, v in each.items() if k != "schema"}, **each["schema"]}
        for each in operation.get("parameters", [])
    ]
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "", "schema": schema, "headers": answer.get("headers", {})}},
    }


def _moved(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _moved(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each) for each in value]
    return value.replace("#/components/schemas/", "#/definitions/") if isinstance(value, str) else value
