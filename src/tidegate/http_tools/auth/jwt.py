"""A JSON Web Token that is made here and sent as it is (App Store Connect, Ghost, Zoom and their like)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import Hop, fingerprint
from tidegate.http_tools.auth.manager import MARGIN_S, TokenAuthManager
from tidegate.http_tools.auth.placement import Placement
from tidegate.http_tools.auth.signing import BACKDATED_S, ClockSkew, JWTSigner
from tidegate.http_tools.auth.tokens import Granted
from tidegate.http_tools.effects import Flow


class JWTAuthManager(TokenAuthManager):
    """Signs its own bearer token, and a new one before that ends. No call is made for it.

    `key` is a PEM private key (RS256, ES256, ...) or the shared secret (HS256); `claims` are those of the
    vendor (`iss`, `sub`, `aud`); `iat`, `exp` and `jti` are added, `iat` ten seconds back. Where the API
    answers 401 and its `Date` shows that its clock is more than 5 s off ours, the token is signed again by
    its clock. For a token that is exchanged for another: `OAuth2AuthManager(..., grant=JWTBearer(...))`.

    Raises `SettingsError` for a key that does not fit, and where cryptography is missing (`tidegate[jwt]`).
    """

    setting = "the key, its id and the claims in the connector's settings"

    def __init__(
        self,
        key: str | SecretStr,
        *,
        algorithm: str = "RS256",
        claims: Mapping[str, Any] | None = None,
        key_id: str | None = None,
        headers: Mapping[str, Any] | None = None,
        lifetime_s: float = 300.0,
        place: Placement | None = None,
        margin_s: float = MARGIN_S,
    ) -> None:
        self._signer = JWTSigner(
            key, algorithm=algorithm, claims=claims, headers=headers, key_id=key_id, lifetime_s=lifetime_s
        )
        self._skew = ClockSkew()
        # by which clock the present token is, and with which key
        self._signed_ahead_s, self._signed_with = 0.0, self._signer.credential.text
        super().__init__(place, margin_s=margin_s)

    def fetch(self, hop: Hop) -> Flow[Granted]:
        yield from ()
        self._signed_ahead_s, self._signed_with = self._skew.ahead_s, self._signer.credential.text
        token = self._signer.sign(hop.epoch() + self._signed_ahead_s)
        return Granted(token, self._signer.lifetime_s - BACKDATED_S)

    def renewing(self, token: str, response: httpx2.Response, hop: Hop) -> Flow[bool]:
        if self.renewable(token, response, hop):
            return True
        return (yield from self._signer.credential.renew(self._signed_with))

    def renewable(self, token: str, response: httpx2.Response, hop: Hop) -> bool:
        self._skew.learn(response, hop.epoch())  # of many that are refused at once only the first learns
        return self._skew.ahead_s != self._signed_ahead_s or super().renewable(token, response, hop)

    def fixed_secrets(self) -> tuple[str, ...]:
        return self._signer.secrets()

    @property
    def issuer(self) -> str:
        return "our own key"

    def identity(self) -> str:
        claims = self._signer.claims
        return fingerprint(f"{self._signer.fingerprint}|{claims.get('iss', '')}|{claims.get('sub', '')}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(algorithm={self._signer.algorithm!r})"
