"""What a client makes of what it is asked: the request with its address, parameters, headers and timeouts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx2
import orjson

from tidegate.http_tools.asking import default_headers, encoded, lowered, resolved
from tidegate.http_tools.effects import TOTAL_TIMEOUT


class RequestMaker:
    """Makes the requests of one client. Sends nothing, and knows no credential."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None, timeout_s: float, total_timeout_s: float
    ) -> None:
        self._base_text = base_url
        self._own_headers = dict(headers or {})
        self._headers = {**default_headers(), **lowered(headers)}
        self._timeout, self._total_timeout_s = httpx2.Timeout(timeout_s).as_dict(), total_timeout_s

    def build_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Request:
        """The request without its credential, which is added when it is sent."""
        target = self.with_params(self.resolve(url), params or {})
        body = None if json is None else orjson.dumps(json, option=orjson.OPT_NON_STR_KEYS)
        own = {"content-type": "application/json"} if body is not None else {}
        return httpx2.Request(
            method,
            target,
            headers={**self._headers, **own, **lowered(headers)},
            content=body,
            extensions={"timeout": dict(self._timeout), TOTAL_TIMEOUT: self._total_timeout_s},
        )

    def with_params(self, url: httpx2.URL, params: Mapping[str, Any]) -> httpx2.URL:
        query = self.encode_params(params)
        return url.copy_merge_params(query) if query else url

    def resolve(self, url: str) -> httpx2.URL:
        """`/contacts` under the base URL's path; an absolute URL as it is (the policy checks its origin)."""
        return resolved(self._base_text, url)

    def full_url(self, url: str) -> str:
        """The resolved URL with the query that it was written with, for fingerprints."""
        return _without_user(self._base_text, url)

    def header_digest(self, headers: Mapping[str, str]) -> str | None:
        """Tells requests with other headers of the caller's own apart; any of them may be a secret."""
        own = sorted({**lowered(self._own_headers), **lowered(headers)}.items())
        return hashlib.sha256(repr(own).encode()).hexdigest()[:16] if own else None

    @staticmethod
    def encode_params(params: Mapping[str, Any]) -> dict[str, Any]:
        """Query parameters as text: booleans as true/false, dates ISO, instants UTC with milliseconds.

        None is left out; a list repeats its name. Raises `ValueError` for a naive datetime, `TypeError` for
        what has no obvious text.
        """
        return {name: encoded(name, value) for name, value in params.items() if value is not None}


@lru_cache(maxsize=64)  # the same one is asked for by each of ten thousand slices
def _without_user(base: str, url: str) -> str:
    return str(resolved(base, url).copy_with(userinfo=b""))
