"""An API key, in a header of its own or in the query."""

from __future__ import annotations

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import BaseAuthManager, fingerprint, sendable
from tidegate.http_tools.auth.placement import InHeader, InQuery, Placement
from tidegate.http_tools.auth.scrubbing import scrubbed
from tidegate.http_tools.effects import Flow


class APIKeyAuthManager(BaseAuthManager):
    """An API key in the header `header`, or, where `query` is given, in the parameter of that name instead.

    Raises `SettingsError` for a key that no header can carry (empty, blanks around it, control characters).
    """

    def __init__(self, key: str | SecretStr, header: str = "api-key", *, query: str | None = None) -> None:
        self.header, self.query = header, query
        where = f"header {header}" if query is None else f"parameter {query}"
        self._key = sendable(key, f"the API key for {where}")
        self._place: Placement = InHeader(header, "") if query is None else InQuery(query)

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        self._place.put(request, self._key)
        yield from ()
        return None

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        return self._place.cleaned(url)

    def scrubbed(self, body: bytes) -> bytes:
        return scrubbed(body, (self._key,))

    def secrets(self) -> tuple[str, ...]:
        return (self._key,)

    def identity(self) -> str:
        return fingerprint(self._key)

    def __repr__(self) -> str:
        where = f"header={self.header!r}" if self.query is None else f"query={self.query!r}"
        return f"{type(self).__name__}({where})"
