"""Credentials that need no call of their own and stand in `Authorization`: user and password, or a token."""

from __future__ import annotations

import base64
from abc import abstractmethod

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.auth.base import BaseAuthManager, Hop, fingerprint, sendable
from tidegate.http_tools.auth.credentials import Credential
from tidegate.http_tools.auth.scrubbing import scrubbed
from tidegate.http_tools.effects import Flow
from tidegate.utils.errors import SettingsError


class _FixedAuthManager(BaseAuthManager):
    """One value of `Authorization`, until Secret Manager has a newer secret for it."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._identity = fingerprint(self._value(credential.text))

    @abstractmethod
    def _value(self, secret: str) -> str: ...

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        secret = self._credential.text
        request.headers["Authorization"] = self._value(secret)
        yield from ()
        return secret if self._credential.renewable else None

    def renewing(self, token: str, response: httpx2.Response, hop: Hop) -> Flow[bool]:  # noqa: ARG002
        return self._credential.renew(token)

    def identity(self) -> str:
        return self._identity


class BasicAuthManager(_FixedAuthManager):
    """User and password by RFC 7617, in UTF-8. The password may be empty (APIs that take a key as the user).

    Raises `SettingsError` for a colon in the user name and for control characters.
    """

    def __init__(self, username: str, password: str | SecretStr = "") -> None:
        self._username = username
        super().__init__(Credential(password, self._checked))

    def _checked(self, password: str) -> str:
        if ":" in self._username or not (self._username + password).isprintable():
            raise SettingsError(
                "the user name or password has characters that basic authentication cannot carry",
                hint="A user name has no colon; look for a line break that was copied with either.",
            )
        return password

    def _encoded(self, password: str) -> str:
        return base64.b64encode(f"{self._username}:{password}".encode()).decode()

    def _value(self, secret: str) -> str:
        return f"Basic {self._encoded(secret)}"

    def secrets(self) -> tuple[str, ...]:
        # with an empty password the key is the user
        return tuple(
            text
            for each in self._credential.secrets()
            for text in (self._encoded(each), each or self._username)
        )


class BearerAuthManager(_FixedAuthManager):
    """A token that was made elsewhere and lives long (a personal access token), as `Bearer`.

    Raises `SettingsError` for a token that no header can carry.
    """

    def __init__(self, token: str | SecretStr) -> None:
        super().__init__(Credential(token, lambda text: sendable(text, "the bearer token")))

    def _value(self, secret: str) -> str:
        return f"Bearer {secret}"

    def scrubbed(self, body: bytes) -> bytes:
        return scrubbed(body, self.secrets())

    def secrets(self) -> tuple[str, ...]:
        return self._credential.secrets()
