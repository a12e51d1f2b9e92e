"""What the API answers: articles by their EANs, and works by a search."""

from __future__ import annotations

from datetime import date
from typing import Any

from tidegate.sandbox import draws
from tidegate.sandbox.titelive.catalogue import BASES, Base, Catalogue
from tidegate.sandbox.titelive.query import Query, RefusedError
from tidegate.sandbox.titelive.wire import listed, work_of

MOST_EANS, MOST_HITS, PAGE = 250, 20_000, 120
_SEARCH = ("base", "dateminm", "datemaxm", "page", "nombre", "tri", "tri_ordre")
_FIRST, _LAST = date(1900, 1, 1), date(2999, 12, 31)


def route_of(path: str) -> str | None:
    """The route of a path below the base: one for all single EANs; None where there is none."""
    if path in ("/ean", "/search"):
        return path
    return "/ean/{ean}" if path.startswith("/ean/") and path.count("/") == 2 else None


def answer_to(catalogue: Catalogue, path: str, raw: str, number: int) -> dict[str, Any]:
    """The body of request `number`. Raises `RefusedError`."""
    if path == "/search":
        return _search(catalogue, raw, number)
    if path == "/ean":
        return _batch(catalogue, raw, number)
    Query(raw, ("base",))
    place = catalogue.place_of(path.removeprefix("/ean/"))
    if place is None:
        raise RefusedError(404, "Not Found")
    return {"oeuvre": work_of(catalogue, place.work)}


def _batch(catalogue: Catalogue, raw: str, number: int) -> dict[str, Any]:
    query = Query(raw, ("in", "base"))
    query.text("base", BASES, "paper")
    field, _, value = query.text("in").partition("=")
    eans = value.split("|")
    if field != "ean" or not value or len(eans) > MOST_EANS:
        raise RefusedError(400, f"in is ean= and up to {MOST_EANS} EANs with | between them")
    places = [catalogue.place_of(ean) for ean in eans]
    if None in places:  # of one that it does not know it says nothing of the others
        raise RefusedError(404, "Not Found")
    works = dict.fromkeys(place.work for place in places if place is not None)
    return _body(catalogue, list(works), len(works), 1, number)


def _search(catalogue: Catalogue, raw: str, number: int) -> dict[str, Any]:
    query = Query(raw, _SEARCH)
    base: Base = "music" if query.text("base", BASES) == "music" else "paper"
    first, last = query.day("dateminm", _FIRST), query.day("datemaxm", _LAST)
    size, page = query.number("nombre", 20, PAGE), query.number("page", 1, MOST_HITS)
    query.text("tri", ("datemodification", "pertinence"), "pertinence")
    order = query.text("tri_ordre", ("asc", "desc"), "desc")
    if (page - 1) * size >= MOST_HITS:
        raise RefusedError(400, f"a search shows {MOST_HITS} works at most")
    first, last = (
        max(first, catalogue.today.replace(year=catalogue.today.year - 4)),
        min(last, catalogue.today),
    )
    works = catalogue.found(base, first, last)
    if order == "desc":
        works.reverse()
    shown = works[(page - 1) * size : page * size]
    return _body(catalogue, shown, min(len(works), MOST_HITS), page, number) | {"tri_ordre": order}


def _body(catalogue: Catalogue, works: list[int], total: int, page: int, number: int) -> dict[str, Any]:
    rng = draws.stream(catalogue.seed, "body", number)
    result = [work_of(catalogue, work) for work in works]
    return {
        "type": 1,
        "page": rng.choice([page, str(page)]),
        "nombre": len(works),
        "result": listed(rng, result) if result else rng.choice([[], {}]),
        "nbreponses": rng.choice([total, total, str(total)]),
        "temps": round(rng.random(), 5),
    }
