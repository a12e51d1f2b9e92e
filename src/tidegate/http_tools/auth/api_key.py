"""An API key, in a header of its own or in the query."""

from __future__ import annotations

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import BaseAuthManager, Hop, fingerprint, sendable
from tidegate.http_tools.auth.credentials import Credential
from tidegate.http_tools.auth.placement import InHeader, InQuery, Placement
from tidegate.http_tools.auth.scrubbing import scrubbed
from tidegate.http_tools.effects import Flow


class APIKeyAuthManager(BaseAuthManager):
    """An API key in the header `header`, or, where `query` is given, in the parameter of that name instead.

    A key that Secret Manager keeps is replaced where the API answers 401 and there is a newer version.
    Raises `SettingsError` for a key that no header can carry (empty, blanks around it, control characters).
    """

    def __init__(self, key: str | SecretStr, header: str = "api-key", *, query: str | None = None) -> None:
        self.header, self.query = header, query
        where = f"header {header}" if query is None else f"parameter {query}"
        self._key = Credential(key, lambda text: sendable(text, f"the API key for {where}"))
        self._identity = fingerprint(self._key.text)
        self._place: Placement = InHeader(header, "") if query is None else InQuery(query)

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        key = self._key.text
        self._place.put(request, key)
        yield from ()
        return key if self._key.renewable else None

    def renewing(self, token: str, response: httpx2.Response, hop: Hop) -> Flow[bool]:  # noqa: ARG002
        return self._key.renew(token)

    def cleaned(self, url: httpx2.URL) -> httpx2.URL:
        return self._place.cleaned(url)

    def scrubbed(self, body: bytes) -> bytes:
        return scrubbed(body, self._key.secrets())

    def secrets(self) -> tuple[str, ...]:
        return self._key.secrets()

    def identity(self) -> str:
        return self._identity

    def __repr__(self) -> str:
        where = f"header={self.header!r}" if self.query is None else f"query={self.query!r}"
        return f"{type(self).__name__}({where})"
