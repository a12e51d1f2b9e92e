"""A few pages of a live API, kept as samples: to see what it sends before any code is written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from tidegate.authoring.description import Api, Credential, Listing, Paging
from tidegate.authoring.samples import Sample, api_of
from tidegate.authoring.samples.reading import parsed, split_url
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.auth import (
    APIKeyAuthManager,
    BaseAuthManager,
    BasicAuthManager,
    BearerAuthManager,
)
from tidegate.http_tools.clients import Call, Page, Response, SyncHttpClient
from tidegate.http_tools.exceptions import ContractError, PaginationError
from tidegate.http_tools.pagination import (
    CursorPaginator,
    IdAfterPaginator,
    LinkHeaderPaginator,
    NextUrlPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    Paginator,
)
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home
from tidegate.utils.redact import Redactor
from tidegate.utils.settings import check_base_url

Detector = Callable[[Api, Sequence[str]], Sequence[Listing]]


class _Anything(ReadContract):
    """The rows are not looked at."""


def record(
    url: str, auth: BaseAuthManager | None, detector: Detector, *, pages: int = 3, base_url: str | None = None
) -> list[Sample]:
    """Up to `pages` answers; blocks.

    The first is that of `url` as it is; how the listing goes on, `detector` tells by it. The credential goes
    to the origin of `url` alone, and is in no sample. Raises `UsageError` for an address that cannot be
    asked, and an `HttpClientError` where the API refuses.
    """
    base, path = _address(url, base_url)
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    _check_no_secret(query)
    with SyncHttpClient(base, auth_manager=auth, width=1) as client:
        response = client.request("GET", path, params=query)
        redact = client.policy.redact  # some answers show what they were asked with
        first = Sample(
            _body(response.content, redact, path), path, query, base, frozenset(response.headers) & _TELLING
        )
        found = [first]
        if pages > 1 and (call := _call(client, first, detector)):
            for page in islice(_further(call, response), pages - 1):
                asked = query | {name: str(value) for name, value in page.request.params.items()}
                found.append(replace(first, body=_body(page.body, redact, path), query=asked))
    return found


# What the detector may go by. Names of headers alone are kept.
_TELLING = frozenset(
    {"link", "x-total", "x-total-count", "x-total-pages", "x-next-page", "x-page", "x-per-page"}
)


# In full: a `page_token` is no secret.
_SECRETS = frozenset(
    ["accesstoken", "apikey", "apitoken", "auth", "authtoken", "clientsecret", "key", "password", "secret"]
)


def _check_no_secret(query: Mapping[str, str]) -> None:
    for name in query:
        if re.sub(r"[^a-z]", "", name.lower()) in _SECRETS:
            raise UsageError(
                f"--record: the address holds a credential, {name}",
                hint=f"Leave it out, and give --auth query:{name} --credential-env NAME.",
            )


def _address(url: str, base_url: str | None) -> tuple[str, str]:
    address = url.partition("?")[0]
    try:
        check_base_url(address)
    except ValueError as error:
        raise UsageError(
            f"--record: {error}", hint="Give an address such as https://api.example.com/v1/orders?limit=50."
        ) from error
    return split_url(address, base_url)


def _call(client: SyncHttpClient, first: Sample, detector: Detector) -> Call[_Anything] | None:
    """The rest of the listing; None where it is not known to go on."""
    api = api_of("recorded", [first])
    found = detector(api, [endpoint.path for endpoint in api.endpoints])
    paginator = _paginator(found[0].paging, first.query) if found else None
    if paginator is None:
        return None
    return client.pages(
        "GET",
        first.path or "/",
        reads=_Anything,
        items=found[0].items or None,
        params=first.query,
        paginator=paginator,
    )


def _body(content: bytes, redact: Redactor, path: str) -> Any:
    told = f"the answer of {path}"
    return parsed(redact(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"), told)


def _further(call: Call[_Anything], response: Response) -> Iterator[Page[_Anything]]:
    """The pages after the first, each fetched when it is asked for. One that makes no sense ends them: then
    the listing goes on in another way than it seemed.
    """
    plan = call.paginator.plan(1)
    try:
        while request := plan.take():
            page = call.page(request, response) if request.index == 0 else call.fetch(request)
            call.saw(plan, page)
            if request.index:
                yield page
    except (ContractError, PaginationError):
        return


def _paginator(paging: Paging, query: Mapping[str, str]) -> Paginator | None:
    if paging.kind == "link_header":
        return LinkHeaderPaginator()
    if paging.kind == "next_url" and paging.found_at:
        return NextUrlPaginator(paging.found_at)
    if paging.kind == "cursor" and paging.found_at and paging.param:
        return CursorPaginator(paging.found_at, param=paging.param)
    return _counted(paging, paging.param, query) if paging.param else None


def _counted(paging: Paging, param: str, query: Mapping[str, str]) -> Paginator | None:
    """By pages as large as that of `query`."""
    limit = _number(query.get(paging.limit_param or ""))
    if paging.kind == "offset" and limit and paging.limit_param:
        return OffsetPaginator(limit, 0, limit_param=paging.limit_param, offset_param=param)
    if paging.kind == "page_number":
        first = _number(query.get(param))
        first = paging.first if first is None else first
        return PageNumberPaginator(limit, param=param, limit_param=paging.limit_param, first=first)
    if paging.kind == "id_after":
        return IdAfterPaginator(param=param, limit=limit, limit_param=paging.limit_param)
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text) else None


def keep(recorded: Sequence[Sample], home: Home, api: str) -> list[Path]:
    """Write the bodies under the state folder, for their owner alone, in place of earlier ones."""
    folder = home.folder("samples", api)
    stems = {sample.path or "": _stem(sample.path or "") for sample in recorded}
    for stem in stems.values():
        for old in folder.glob(f"{stem}.*.json"):
            old.unlink()
    files = []
    for number, sample in enumerate(recorded, 1):
        file = folder / f"{stems[sample.path or '']}.{number}.json"
        fd = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as out:
            json.dump(sample.body, out, indent=1)
        files.append(file)
    return files


def _stem(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "root"


def auth_manager(credential: Credential, secret: SecretStr | None) -> BaseAuthManager | None:
    """`secret` is the key, the token, or `user:password`. Raises `UsageError` where it is missing or more is
    needed than that.
    """
    if credential.kind == "none":
        return None
    if secret is None:
        raise UsageError(
            f"--record with {credential.kind}: the credential is missing",
            hint="Name the variable of the environment that holds it: --credential-env NAME.",
        )
    match credential.kind:
        case "header":
            return APIKeyAuthManager(secret, header=credential.name or "api-key")
        case "query":
            return APIKeyAuthManager(secret, query=credential.name)
        case "bearer":
            return BearerAuthManager(secret)
        case "basic":
            user, _, password = secret.get_secret_value().partition(":")
            return BasicAuthManager(user, SecretStr(password))
    raise UsageError(
        f"--record cannot ask with {credential.kind}",
        hint="Give --auth header:NAME, query:NAME, bearer, basic or none; or save answers for --sample.",
    )
