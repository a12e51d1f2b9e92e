"""JSON Web Tokens made here: signed claims that live for minutes. PyJWT signs; keys need `tidegate[jwt]`."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import Sealed, fingerprint
from tidegate.http_tools.auth.credentials import Credential
from tidegate.utils.errors import SettingsError

ALGORITHMS = frozenset(
    {f"{kind}{size}" for kind in ("HS", "RS", "PS", "ES") for size in (256, 384, 512)} | {"EdDSA"}
)
# A token is dated back by this much, in seconds, for servers whose clock is behind ours.
BACKDATED_S = 10.0
_SKEW_S = 5.0
_LARGEST_SKEW_S = 86_400.0


class JWTSigner(Sealed):
    """Signs `claims` with `iat`, `exp` and a `jti` of its own for each token, `lifetime_s` seconds apart.

    `key` is a PEM private key (RS, PS, ES, EdDSA; `\\n` may be written as two characters, as environment
    variables have it) or the shared secret (HS). Raises `SettingsError` for a key that does not fit, and
    where cryptography is not installed.
    """

    def __init__(
        self,
        key: str | SecretStr,
        *,
        algorithm: str = "RS256",
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        key_id: str | None = None,
        lifetime_s: float = 300.0,
    ) -> None:
        if lifetime_s <= BACKDATED_S:
            raise ValueError(f"lifetime_s is more than {BACKDATED_S:.0f} seconds")
        self.algorithm, self.lifetime_s = algorithm, lifetime_s
        self.claims = dict(claims or {})
        self._headers = {**(headers or {}), **({"kid": key_id} if key_id else {})}
        self.credential = Credential(key)
        self._prepared = (self.credential.text, _prepared(self.credential.text, algorithm))
        self.fingerprint = fingerprint(self.credential.text)

    def sign(self, now: float, **claims: Any) -> str:
        """The token; `now` is in epoch seconds of the server's clock as far as it is known."""
        import jwt

        key = self._key()
        issued = int(now - BACKDATED_S)
        own = {"iat": issued, "exp": issued + int(self.lifetime_s), "jti": uuid4().hex}
        every = {**own, **self.claims, **claims}
        return jwt.encode(every, key, algorithm=self.algorithm, headers=self._headers or None)

    def _key(self) -> Any:
        """As PyJWT wants it: made anew where Secret Manager had a newer one."""
        text, prepared = self._prepared
        if text != self.credential.text:
            text = self.credential.text
            prepared = _prepared(text, self.algorithm)
            self._prepared = (text, prepared)
        return prepared

    def secrets(self) -> tuple[str, ...]:
        return self.credential.secrets() if self.algorithm.startswith("HS") else ()

    def __repr__(self) -> str:
        return f"JWTSigner(algorithm={self.algorithm!r})"


def _prepared(key: str, algorithm: str) -> Any:
    import jwt

    if algorithm not in ALGORITHMS:
        raise SettingsError(
            f"{algorithm!r} is no way to sign a token", hint="RS256, ES256 and HS256 are the usual ones."
        )
    if algorithm.startswith("HS"):
        if not key:
            raise SettingsError("the secret to sign tokens with is empty")
        return key.encode()
    try:
        way = jwt.get_algorithm_by_name(algorithm)
    except NotImplementedError:
        raise SettingsError(
            f"{algorithm} needs cryptography, which is not installed", hint="pip install 'tidegate[jwt]'"
        ) from None
    try:
        prepared = way.prepare_key(key.replace("\\n", "\n"))
    except Exception:  # noqa: BLE001 - whatever it is, it may hold the key
        prepared = None
    if not hasattr(prepared, "sign"):
        raise SettingsError(
            f"the key to sign tokens with is no private key for {algorithm}",
            hint="It is a PEM text that begins with -----BEGIN PRIVATE KEY----- and has no password.",
        )
    return prepared


def _epoch(date: str | None) -> float | None:
    """Epoch seconds of an HTTP date; None for what is none."""
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class ClockSkew:
    """How far a server's clock is ahead of ours, in seconds; 0 until an answer's `Date` told otherwise."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def learn(self, response: httpx2.Response, now: float) -> bool:
        """Whether the answer's `Date` tells of a difference that was not known: then another try is worth it.

        Asked only where a signed token was refused. A `Date` more than a day away is not believed.
        """
        told = _epoch(response.headers.get("date"))
        if told is None or abs(told - now) > _LARGEST_SKEW_S or abs(told - now - self.ahead_s) <= _SKEW_S:
            return False
        self.ahead_s = told - now
        return True
