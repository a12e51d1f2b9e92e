"""A small invented API with something odd in each listing, described by hand."""

from __future__ import annotations

from typing import Any

from tidegate.authoring.description import Api, Credential, Endpoint, Listing, Paging, Parameter, Since

LAMP: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "changedAt", "keeper"],
    "properties": {
        "id": {"type": "integer", "description": "Number of the lamp. Unique along the coast."},
        "name": {"type": "string", "description": "**Name** of the lamp, as it stands on charts"},
        "status": {"type": "string", "enum": ["lit", "dark"], "description": "What it does"},
        "changedAt": {"type": "string", "description": "When anything of it changed"},
        "servicedOn": {"type": "string", "format": "date"},
        "keeper": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "name": {"type": "string"},
                "email": {"type": "string", "format": "email"},
            },
        },
        "price": {"type": "number", "description": "What a night costs"},
        "URLs": {"type": "array", "items": {"type": "string", "format": "uri"}},
        "signals": {"type": "array", "items": {"$ref": "#/$defs/Signal"}},
        "copy": {"type": "boolean"},
        "2nd-bulb": {"type": ["string", "null"]},
        "attributes": {"type": "object", "additionalProperties": True},
        "range": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "$defs": {
        "Signal": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "then": {"$ref": "#/$defs/Signal"}},
        }
    },
}
LAMPS: dict[str, Any] = {
    "lamps": [
        {
            "id": 7,
            "name": "North Point",
            "status": "lit",
            "changedAt": "2026-03-01T04:05:06Z",
            "servicedOn": "",
            "keeper": {"id": 26, "name": "Ann", "email": "ann@example.com"},
            "price": 12.5,
            "URLs": ["https://lamps.example/7"],
            "signals": [{"code": "A", "then": {"code": "B"}}],
            "attributes": {"HEIGHT": 40},
            "range": 21,
        },
        {"id": 8, "name": "Reef", "changedAt": "2026-03-02T00:00:00+01:00", "keeper": {"id": "k-2"}},
    ],
    "total": 2,
}

lamps = Listing(
    Endpoint(
        "/lamps",
        summary="All lamps of the coast",
        description="Lamps in order of their numbers. Dark ones are listed, too.",
        parameters=(
            Parameter("limit", "query", {"type": "integer", "maximum": 200}),
            Parameter("offset", "query", {"type": "integer"}),
            Parameter("changed_since", "query", {"type": "string"}),
            Parameter("status", "query", {"type": "string", "enum": ["lit", "dark"]}),
            Parameter("sort", "query", {"type": "string", "enum": ["asc", "desc"]}),
            Parameter("ids", "query", {"type": "array", "items": {"type": "integer"}}),
        ),
        examples=(LAMPS,),
        response_headers=("X-Coast-Limit-Remaining",),
    ),
    items="lamps",
    row=LAMP,
    paging=Paging("offset", "offset", "limit", 200, total="total"),
    key=("id",),
    version="changedAt",
    since=Since("changed_since", attribute="changedAt"),
)
visits = Listing(
    Endpoint(
        "/lamps/{lampId}/visits",
        parameters=(
            Parameter("lampId", "path", {"type": "integer"}, required=True),
            Parameter("page", "query", {"type": "integer"}),
        ),
        examples=({"data": {"visits": [{"number": 1, "visitor": "Bo", "phone": "555"}]}},),
    ),
    items="data.visits",
    row={
        "type": "object",
        "required": ["number", "visitor"],
        "properties": {
            "number": {"type": "integer"},
            "visitor": {"type": "string"},
            "phone": {"type": "string"},
        },
    },
    paging=Paging("page_number", "page"),
    key=("number",),
)
flashes = Listing(
    Endpoint(
        "/flashes",
        parameters=(
            Parameter("from", "query", {"type": "integer"}, description="Unix time", required=True),
            Parameter("to", "query", {"type": "integer"}, description="Unix time (inclusive)", required=True),
            Parameter("size", "query", {"type": "integer"}),
        ),
        examples=({"flashes": [{"seen": 1767225600, "colour": "red"}], "next": None},),
    ),
    items="flashes",
    row={
        "type": "object",
        "required": ["seen", "colour"],
        "properties": {
            "seen": {"type": "integer", "description": "Unix timestamp of the flash"},
            "colour": {"type": "string"},
        },
    },
    paging=Paging("cursor", "after", "size", 50, found_at="next"),
    since=Since("from", "to", attribute="seen", wire="epoch", required=True),
    todo=("What identifies a flash is not told: look up its key",),
)
colours = Listing(
    Endpoint("/colours", summary="Colours", examples=(["red", "green"],)),
    "",
    {"type": "string"},
    Paging("single"),
)
wrecks = Listing(
    Endpoint(
        "/regions/{region}/wrecks",
        parameters=(Parameter("region", "path", {"type": "string"}, required=True),),
    ),
    items="wrecks",
    row={"type": "object"},
    paging=Paging("unknown"),
)

LISTINGS = (lamps, visits, flashes, colours, wrecks)

API = Api(
    name="lighthouse",
    title="Lighthouse API",
    base_url="https://api.lighthouse.example/v2",
    credential=Credential("header", "x-coast-key"),
    endpoints=tuple(each.endpoint for each in LISTINGS),
    origin_of_facts="lighthouse.json, version 2",
)
