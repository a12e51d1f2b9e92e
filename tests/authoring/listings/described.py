"""Routes for tests, in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.authoring.description import Api, Credential, Endpoint, Listing, Parameter
from tidegate.authoring.listings import listings, survey

INT, TEXT, URI = {"type": "integer"}, {"type": "string"}, {"type": "string", "format": "uri"}
FLAG, DATE, MOMENT = (
    {"type": "boolean"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
)
ROW = {"type": "object", "properties": {"id": INT, "name": TEXT}}


def obj(**properties: Any) -> dict[str, Any]:
    """A schema; `a__b` stands for the name `a.b`, which keywords cannot spell."""
    return {
        "type": "object",
        "properties": {name.replace("__", "."): each for name, each in properties.items()},
    }


def rows(row: Mapping[str, Any] = ROW) -> dict[str, Any]:
    return {"type": "array", "items": row}


def query(
    name: str, schema: Mapping[str, Any] = TEXT, told: str = "", *, required: bool = False
) -> Parameter:
    return Parameter(name, "query", schema, required, told)


def endpoint(path: str = "/things", *parameters: Parameter, response: Any = None, **more: Any) -> Endpoint:
    return Endpoint(path=path, parameters=parameters, response=response, **more)


def api_of(*endpoints: Endpoint) -> Api:
    return Api("acme", "Acme", "https://api.acme.test", Credential("none"), endpoints)


def listing_of(found: Endpoint, *others: Endpoint) -> Listing:
    """Of an API that has other routes, too. The path is not given: the detector has to be sure of it."""
    (listing,) = (each for each in listings(api_of(found, *others)) if each.endpoint.path == found.path)
    return listing


def reason_of(found: Endpoint) -> str:
    return survey(api_of(found)).others[found.path]


def of(
    parameters: Sequence[Parameter] = (), response: Any = None, path: str = "/things", **more: Any
) -> Listing:
    """The listing of a route with these query parameters that answers so."""
    body = obj(things=rows()) if response is None else response
    return listing_of(endpoint(path, *parameters, response=body, **more))
