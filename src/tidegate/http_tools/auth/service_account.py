"""A Google service account: its key file signs an assertion that Google exchanges for an access token.

Source: https://developers.google.com/identity/protocols/oauth2/service-account (an assertion lives at most
an hour, its audience is the token URI).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tidegate.http_tools.auth.base import fingerprint
from tidegate.http_tools.auth.credentials import plain
from tidegate.http_tools.auth.grants import JWTBearer
from tidegate.http_tools.auth.manager import MARGIN_S
from tidegate.http_tools.auth.oauth2 import OAuth2AuthManager
from tidegate.http_tools.auth.signing import JWTSigner
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
        key = _fields(plain(key_json))
        self.account = key["client_email"]
        claims = {"iss": self.account, "scope": scope, "aud": key["token_uri"]}
        if subject is not None:
            claims["sub"] = subject
        signer = JWTSigner(
            key["private_key"], claims=claims, key_id=key.get("private_key_id"), lifetime_s=_ASSERTION_S
        )
        self._who = f"{self.account}|{scope}|{subject or ''}"
        super().__init__(key["token_uri"], "", grant=JWTBearer(signer), margin_s=margin_s)

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
