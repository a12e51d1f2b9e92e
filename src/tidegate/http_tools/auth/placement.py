"""Where a credential stands in a request: a header, or a parameter of the query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

import httpx2


@dataclass(frozen=True, slots=True)
class InHeader:
    """`prefix` stands before the credential as it is, its blank included: `Bearer `."""

    name: str = "Authorization"
    prefix: str = "Bearer "

    def put(self, request: httpx2.Request, secret: str) -> None:
        request.headers[self.name] = self.prefix + secret

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        return url


@dataclass(frozen=True, slots=True)
class InQuery:
    """The parameter `name`; the rest of the query stays as it is written.

    Prefer a header where the API takes one: proxies and servers log queries.
    """

    name: str

    def put(self, request: httpx2.Request, secret: str) -> None:
        url = self.cleaned(request.url)
        own = f"{quote(self.name, safe='')}={quote(secret, safe='')}".encode()
        separator = b"&" if url.query else b"?"
        request.url = url.copy_with(raw_path=url.raw_path.rstrip(b"?&") + separator + own)

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        query = url.query
        if self.name.encode() not in query and b"%" not in query and b"+" not in query:
            return url  # the usual case; to take a query apart is slow
        return url.copy_remove_param(self.name) if self.name in url.params else url


Placement: TypeAlias = InHeader | InQuery
