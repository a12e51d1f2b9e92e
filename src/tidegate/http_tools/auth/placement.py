"""Where a credential stands in a request: a header, or a parameter of the query."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from urllib.parse import quote, quote_plus

import httpx2

from tidegate.utils.redact import MASK


@dataclass(frozen=True, slots=True)
class InHeader:
    """`prefix` stands before the credential as it is, its blank included: `Bearer `."""

    name: str = "Authorization"
    prefix: str = "Bearer "

    def put(self, request: httpx2.Request, secret: str) -> None:
        request.headers[self.name] = self.prefix + secret

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        return url

    def scrubbed(self, body: bytes, secrets: Iterable[str]) -> bytes:  # noqa: ARG002
        return body


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

    def scrubbed(self, body: bytes, secrets: Iterable[str]) -> bytes:
        """Without `name=secret`, as it stands in the next-links of APIs that repeat the whole query."""
        name = self.name.encode()
        if name not in body:
            return body
        found = [re.escape(each) for each in map(str.encode, _written(secrets)) if each in body]
        if not found:
            return body
        stands = rb"(?<!\w)(%b(?:=|\\u003[dD]))(?:%b)" % (re.escape(name), b"|".join(found))
        return re.sub(stands, rb"\1" + MASK.encode(), body)


def _written(secrets: Iterable[str]) -> list[str]:
    """How they may stand in an address in a text of JSON, the longest first."""
    ways = (str, quote, quote_plus, partial(quote, safe=""))
    every = {way(secret).replace("/", slash) for secret in secrets for way in ways for slash in ("/", r"\/")}
    return sorted(every, key=len, reverse=True)


Placement: TypeAlias = InHeader | InQuery
