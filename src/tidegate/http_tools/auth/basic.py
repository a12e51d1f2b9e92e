"""Credentials that need no call of their own and stand in `Authorization`: user and password, or a token."""

from __future__ import annotations

import base64

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import BaseAuthManager, fingerprint, plain, sendable
from tidegate.http_tools.auth.scrubbing import scrubbed
from tidegate.http_tools.effects import Flow
from tidegate.utils.errors import SettingsError


class _FixedAuthManager(BaseAuthManager):
    """One value of `Authorization`, for good."""

    _value: str

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        request.headers["Authorization"] = self._value
        yield from ()
        return None

    def identity(self) -> str:
        return fingerprint(self._value)


class BasicAuthManager(_FixedAuthManager):
    """User and password by RFC 7617, in UTF-8. The password may be empty (APIs that take a key as the user).

    Raises `SettingsError` for a colon in the user name and for control characters.
    """

    def __init__(self, username: str, password: str | SecretStr = "") -> None:
        text = plain(password)
        if ":" in username or not (username + text).isprintable():
            raise SettingsError(
                "the user name or password has characters that basic authentication cannot carry",
                hint="A user name has no colon; look for a line break that was copied with either.",
            )
        self._password, self._username = text, username
        self._encoded = base64.b64encode(f"{username}:{text}".encode()).decode()
        self._value = f"Basic {self._encoded}"

    def secrets(self) -> tuple[str, ...]:
        # with an empty password the key is the user
        return (self._encoded, self._password or self._username)


class BearerAuthManager(_FixedAuthManager):
    """A token that was made elsewhere and lives long (a personal access token), as `Bearer`.

    Raises `SettingsError` for a token that no header can carry.
    """

    def __init__(self, token: str | SecretStr) -> None:
        self._token = sendable(token, "the bearer token")
        self._value = f"Bearer {self._token}"

    def scrubbed(self, body: bytes) -> bytes:
        return scrubbed(body, (self._token,))

    def secrets(self) -> tuple[str, ...]:
        return (self._token,)
