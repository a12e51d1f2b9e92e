"""A Google service account: its key file signs an assertion that Google exchanges for an access token.

Source: https://developers.google.com/identity/protocols/oauth2/service-account (an assertion lives at most
an hour, its audience is the token URI).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tidegate.http_tools.auth.base import Hop, fingerprint
from tidegate.http_tools.auth.credentials import Credential
from tidegate.http_tools.auth.grants import JWTBearer
from tidegate.http_tools.auth.manager import MARGIN_S
from tidegate.http_tools.auth.oauth2 import OAuth2AuthManager
from tidegate.http_tools.auth.signing import JWTSigner
from tidegate.http_tools.auth.token_calls import Refused
from tidegate.http_tools.effects import Flow
from tidegate.utils.errors import SettingsError

_FIELDS = ("client_email", "private_key", "token_uri")
_ASSERTION_S = 3600.0


class ServiceAccountAuthManager(OAuth2AuthManager):
    """An access token of a Google service account, from the text of its JSON key.

    `scope` has blanks between its parts; `subject` is the user to act for (domain-wide delegation). The key
    goes nowhere: what is sent to the key's own `token_uri` is an assertion. Needs `tidegate[jwt]`.

    Raises `SettingsError` for a text that is no such key.
    """

    setting = "the service account's key, its scopes and what it may see"

    def __init__(
        self,
        key_json: str | SecretStr,
        scope: str,
        *,
        subject: str | None = None,
        margin_s: float = MARGIN_S,
    ) -> None:
        self._key = Credential(key_json, _checked)
        key = _fields(self._key.text)
        self.account, self._uri = key["client_email"], key["token_uri"]
        self._claims = {"iss": self.account, "scope": scope, "aud": self._uri}
        if subject is not None:
            self._claims["sub"] = subject
        self._who = f"{self.account}|{scope}|{subject or ''}"
        super().__init__(self._uri, "", grant=self._assertion(key), margin_s=margin_s)

    def _assertion(self, key: Mapping[str, Any]) -> JWTBearer:
        signer = JWTSigner(
            key["private_key"],
            claims=self._claims,
            key_id=key.get("private_key_id"),
            lifetime_s=_ASSERTION_S,
        )
        return JWTBearer(signer)

    def _another(self, refused: Refused, hop: Hop) -> Flow[bool]:
        """Also with a newer key out of Secret Manager: its id comes with it, so the whole grant is new."""
        if (yield from super()._another(refused, hop)):
            return True
        if not refused.of_credentials or not (yield from self._key.renew(self._key.text)):
            return False
        self._grant = self._assertion(_fields(self._key.text))
        return True

    @classmethod
    def from_file(
        cls, path: str | Path, scope: str, *, subject: str | None = None
    ) -> ServiceAccountAuthManager:
        """The same, from the path of the key file."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"the service account's key {path} cannot be read: {type(error).__name__}"
            ) from error
        return cls(text, scope, subject=subject)

    def identity(self) -> str:
        return fingerprint(self._who)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account!r})"


def _checked(text: str) -> str:
    _fields(text)
    return text


def _fields(text: str) -> dict[str, Any]:
    try:
        key = json.loads(text)
    except ValueError:
        key = None
    wrong = [name for name in _FIELDS if not isinstance(key, dict) or not isinstance(key.get(name), str)]
    if wrong or key.get("type", "service_account") != "service_account":
        raise SettingsError(
            "the service account's key is not what Google's JSON key files hold"
            + (f": no {', '.join(wrong)}" if wrong else ": it is of another type"),
            hint="Create a key of type JSON for the service account; give its text or file.",
        )
    found: dict[str, Any] = key
    return found
