"""Titelive's login: a password goes in, a token that lives five minutes comes out."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import SecretStr

from tidegate.http_tools.auth import TokenEndpointAuthManager
from tidegate.http_tools.auth.base import fingerprint

TOKEN_LIVES_S = 300.0


class TiteliveAuthManager(TokenEndpointAuthManager):
    """The user's token, in `Authorization: Bearer`; replaced a minute before its end, and once on 401.

    The password goes to the origin of `login_url` only, the token to that of the client's base URL only.
    """

    setting = "TITELIVE_USER and TITELIVE_PASSWORD"

    def __init__(
        self, login_url: str, user: str, password: str | SecretStr, *, lives_s: float = TOKEN_LIVES_S
    ) -> None:
        super().__init__(
            f"{login_url.rstrip('/')}/login/{quote(user, safe='')}/token",
            json={"password": password},
            lifetime_s=lives_s,
        )

    def identity(self) -> str:
        """Tells accounts apart by their user: a run that broke off goes on under a new password."""
        return fingerprint(str(self._url))
