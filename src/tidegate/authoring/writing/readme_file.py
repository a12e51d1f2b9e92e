"""`connectors/acme/README.md`: what the connector relies on, and what nobody has looked up yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.paginators import paged
from tidegate.authoring.writing.subjects import Subject

_AUTH = {
    "header": "Header `{name}` with an API key (`{setting}`).",
    "query": "Parameter `{name}` of the query with an API key (`{setting}`).",
    "bearer": "`Authorization: Bearer` with a token (`{setting}`).",
    "basic": "User and password by HTTP basic authentication (`{setting}`).",
    "client_credentials": "OAuth2 client credentials from `{token_url}` (`{setting}`).",
    "none": "No credential.",
    "unknown": "TODO: how requests are authorised.",
}
_WAYS = {
    "OffsetPaginator": "offset",
    "PageNumberPaginator": "page number",
    "CursorPaginator": "cursor",
    "NextUrlPaginator": "link in the body",
    "LinkHeaderPaginator": "`Link` header",
    "IdAfterPaginator": "last id",
    "SinglePage": "one page",
}


def readme_file(identity: Identity, subjects: Sequence[Subject]) -> str:
    return "\n".join(_lines(identity, subjects)) + "\n"


def _lines(identity: Identity, subjects: Sequence[Subject]) -> Iterator[str]:
    yield f"# {identity.title}"
    yield ""
    yield f"What this connector relies on. Unless marked otherwise, from {identity.source_of_facts}."
    yield ""
    yield "## Base, authentication, quotas"
    base = f"`{identity.base_url}`" if identity.base_url else "TODO: nothing tells it"
    yield f"- Base URL: {base}."
    settings = ", ".join(f"{identity.prefix}{each.name.upper()}" for each in identity.settings)
    credential = identity.credential
    told = _AUTH[credential.kind].format(
        name=credential.name, setting=settings, token_url=credential.token_url
    )
    yield f"- {told}"
    quota = identity.quota
    told = (
        f"{quota.requests:g} requests in {quota.window_s:g} s"
        if quota
        else "TODO; `limiter.py` holds a guess"
    )
    yield f"- Quota: {told}."
    yield ""
    yield "## Endpoints"
    yield "| method | GET | rows under | goes on by | page | key |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in subjects:
        yield _row(each)
    doubts = [
        *identity.todo,
        *(f"`{each.names.method}`: {said}" for each in subjects for said in each.listing.todo),
    ]
    if doubts:
        yield ""
        yield "## To look up"
        yield from (f"- {' '.join(each.split())}" for each in doubts)


def _row(subject: Subject) -> str:
    listing = subject.listing
    goes_on = paged(listing, subject.row)
    items = f"`{listing.items}`" if listing.items else "the body"
    way = "TODO" if goes_on.todo and goes_on.name == "SinglePage" else _WAYS[goes_on.name]
    key = ", ".join(f"`{each}`" for each in listing.key) or "none known"
    limit = str(listing.paging.limit or "")
    cells = (f"`{subject.names.method}`", f"`{listing.endpoint.path}`", items, way, limit, key)
    return f"| {' | '.join(cells)} |"
