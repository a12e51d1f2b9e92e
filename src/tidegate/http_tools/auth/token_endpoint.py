"""A login of the vendor's own: credentials in, a token out, by no standard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from tidegate.http_tools.auth.base import Hop, fingerprint
from tidegate.http_tools.auth.credentials import Credential, opened, renewed, sealed, within
from tidegate.http_tools.auth.manager import MARGIN_S, TokenAuthManager
from tidegate.http_tools.auth.placement import Placement
from tidegate.http_tools.auth.token_calls import Answer, Refused, ask, endpoint, form_request, json_request
from tidegate.http_tools.auth.tokens import Granted
from tidegate.http_tools.effects import Flow
from tidegate.http_tools.origins import origin

_HARMLESS = frozenset({"accept", "content-type", "user-agent"})


class TokenEndpointAuthManager(TokenAuthManager):
    """Asks `url` for a token: with the JSON body `json`, or the form `form`, or with neither.

    `token` is the dotted path of the token in the JSON answer; its lifetime is `lifetime_s` seconds, or what
    stands at the dotted path `lifetime` (an hour where nothing does). `place` says how it is sent:
    `InHeader("Authorization", "Bearer ")` unless said otherwise, or `InQuery("token")`.

    Titelive: `TokenEndpointAuthManager(f"https://login.epagine.fr/v1/login/{user}/token",
    json={"password": password}, lifetime_s=300)`.

    Raises `SettingsError` for a URL that is neither https nor on loopback.
    """

    setting = "the login in the connector's settings"

    def __init__(
        self,
        url: str,
        *,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        token: str = "token",  # noqa: S107 - the name of a field
        lifetime_s: float | None = None,
        lifetime: str = "expires_in",
        place: Placement | None = None,
        margin_s: float = MARGIN_S,
    ) -> None:
        if json is not None and form is not None:
            raise ValueError("a login has a JSON body or a form, not both")
        self._url = endpoint(url, "url")
        self._json, self._form, self._method = sealed(json), sealed(form), method
        self._headers = sealed({name.lower(): value for name, value in (headers or {}).items()})
        self._token, self._lifetime_s, self._lifetime = token, lifetime_s, lifetime
        self._identity = fingerprint("|".join((str(self._url), *self.fixed_secrets())))
        super().__init__(place, margin_s=margin_s)

    def fetch(self, hop: Hop) -> Flow[Granted]:
        try:
            answer = yield from ask(self._request(hop), self.setting)
        except Refused as refused:
            held = tuple(within([self._json, self._form, self._headers]))
            if not refused.of_credentials or not (yield from renewed(held)):
                raise refused.error from None
            answer = yield from self._again(hop)
        granted = answer.granted(self._token, self._lifetime)
        return granted if self._lifetime_s is None else Granted(granted.value, self._lifetime_s)

    def _again(self, hop: Hop) -> Flow[Answer]:
        try:
            return (yield from ask(self._request(hop), self.setting))
        except Refused as refused:
            raise refused.error from None

    def _request(self, hop: Hop) -> httpx2.Request:
        headers = opened(self._headers)
        if self._form is not None:
            return form_request(self._url, opened(self._form), headers, hop)
        return json_request(self._method, self._url, opened(self._json), headers, hop)

    def fixed_secrets(self) -> tuple[str, ...]:
        """Every text of the login, for who knows which of them is the secret."""
        asked = (value for _, value in self._url.params.multi_items())
        headers = {name: value for name, value in self._headers.items() if name not in _HARMLESS}
        return (*_texts([self._json, self._form, headers]), *asked)

    @property
    def issuer(self) -> str:
        return origin(self._url)  # a vendor's own path may hold the user, or the key

    def identity(self) -> str:
        return self._identity

    def __repr__(self) -> str:
        return f"{type(self).__name__}({origin(self._url)!r})"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Credential):
        yield from value.secrets()
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
