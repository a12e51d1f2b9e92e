"""How requests are authorised: the simplest of the ways offered that works for a machine."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tidegate.authoring.description import Credential, CredentialKind
from tidegate.authoring.openapi.references import Document

# The simplest first: what is sent as it stands, then what takes a call of its own.
_ORDER: tuple[CredentialKind, ...] = ("bearer", "header", "basic", "query", "client_credentials")
_BEARER = re.compile(r"\bbearer\b", re.IGNORECASE)
_BASIC = re.compile(r"\bbasic\b", re.IGNORECASE)
Ways = tuple[tuple[str, ...], ...]  # alternatives, each the names of the schemes that it takes together


def credential(document: Document) -> tuple[Credential, tuple[str, ...]]:
    """The credential, and a sentence for whatever the person has to look up."""
    schemes = _schemes(document)
    ways = _ways(document) or tuple((name,) for name in schemes)
    if not ways:
        return Credential("unknown"), (
            "The description names no credential: look up how requests are authorised.",
        )
    known = [(way, _of_way(document, schemes, way)) for way in ways]
    usable = [each for each in known if each[1].kind != "unknown"]
    if not usable:
        names = ", ".join(dict.fromkeys(name for way in ways for name in way))
        note = f"The description offers {names}, none of which it explains enough: look up how to authorise."
        return Credential("unknown"), (note,)
    way, chosen = min(usable, key=_rank)
    return chosen, tuple(_notes(way, [each for each, _ in known if each != way and each]))


def _notes(way: tuple[str, ...], others: list[tuple[str, ...]]) -> list[str]:
    notes = []
    if len(way) > 1:
        notes.append(f"Requests take {' and '.join(way)} together: only {way[0]} is sent; add the rest.")
    if others:
        offered = ", ".join(dict.fromkeys(" and ".join(each) for each in others))
        notes.append(f"The credential is {way[0]}; the API also takes {offered}.")
    return notes


def _rank(each: tuple[tuple[str, ...], Credential]) -> tuple[int, int]:
    way, found = each
    return (len(_ORDER) if found.kind == "none" else _ORDER.index(found.kind)), len(way)


def _schemes(document: Document) -> dict[str, Any]:
    root = document.root
    parts = root.get("components")
    found = root.get("securityDefinitions")
    if isinstance(parts, dict) and "swagger" not in root:
        found = parts.get("securitySchemes")
    return found if isinstance(found, dict) else {}


def _ways(document: Document) -> Ways:
    """The requirement of the file, or that of most GET operations where those say it themselves."""
    counts: Counter[Ways] = Counter()
    everywhere = _requirement(document.root.get("security"))
    for item in document.root["paths"].values():
        operation = item.get("get") if isinstance(item, dict) else None
        if isinstance(operation, dict):
            own = operation.get("security")
            counts[everywhere if own is None else _requirement(own)] += 1
    return max(counts, key=lambda ways: (any(ways), counts[ways]), default=everywhere)


def _requirement(security: Any) -> Ways:
    if not isinstance(security, list):
        return ()
    return tuple(tuple(each) for each in security if isinstance(each, dict)) or ((),)


def _of_way(document: Document, schemes: dict[str, Any], way: tuple[str, ...]) -> Credential:
    """`()` asks for nothing."""
    if not way:
        return Credential("none")
    found = [_of_scheme(document.follow(schemes.get(name))) for name in way]
    return next((each for each in found if each.kind == "unknown"), found[0])


def _of_scheme(scheme: dict[str, Any]) -> Credential:
    kind, told = str(scheme.get("type", "")).lower(), str(scheme.get("description", ""))
    if kind == "apikey":
        return _of_key(str(scheme.get("in", "")), str(scheme.get("name", "")), told)
    if kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
        return Credential("basic")
    if kind == "http" and str(scheme.get("scheme", "")).lower() == "bearer":
        return Credential("bearer", "Authorization")
    return _of_oauth(scheme) if kind == "oauth2" else Credential()


def _of_key(place: str, name: str, told: str) -> Credential:
    if place == "query" and name:
        return Credential("query", name)
    if place != "header" or not name:
        return Credential()
    if name.lower() == "authorization":
        if _BEARER.search(told):
            return Credential("bearer", name)
        if _BASIC.search(told):
            return Credential("basic")
    return Credential("header", name)


def _of_oauth(scheme: dict[str, Any]) -> Credential:
    """Only the flow without a person; another one's tokens are made elsewhere."""
    flows = scheme.get("flows")
    if isinstance(flows, dict):
        flow = flows.get("clientCredentials")
    else:
        flow = scheme if scheme.get("flow") == "application" else None
    if not isinstance(flow, dict) or not isinstance(flow.get("tokenUrl"), str):
        return Credential()
    scopes = flow.get("scopes")
    names = tuple(str(each) for each in scopes) if isinstance(scopes, dict) else ()
    return Credential("client_credentials", None, flow["tokenUrl"], names)
