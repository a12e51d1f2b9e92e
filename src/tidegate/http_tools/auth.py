"""Auth managers: flows that put a credential on a request, and may ask for a token of their own first."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

import httpx2
from pydantic import SecretStr

from tidegate.http_tools.effects import Flow
from tidegate.utils.errors import SettingsError


class BaseAuthManager(ABC):
    """Puts a credential on a request. The client sends it only to the origin of its base URL."""

    setting = "the connector's key in its settings"  # what a person is told to check

    @abstractmethod
    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:
        """Add the credential to `request`; give the token that was used, None where a new one cannot be had.

        `rejected` is a token that the API has just answered with 401: it must not be used again.
        """

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """What must be taken out of logs and errors."""

    @abstractmethod
    def identity(self) -> str:
        """Tells two credentials apart without telling them: a quota belongs to one of them."""


def fingerprint(secret: str) -> str:
    """A short digest that names a secret without giving it away."""
    return hashlib.sha256(b"tidegate credential:" + secret.encode()).hexdigest()[:16]


class APIKeyAuthManager(BaseAuthManager):
    """An API key in a header of its own.

    Raises `SettingsError` for a key that no header can carry (empty, blanks around it, control characters).
    """

    def __init__(self, key: str | SecretStr, header: str = "api-key") -> None:
        text = key.get_secret_value() if isinstance(key, SecretStr) else key
        if not text or not text.isascii() or not text.isprintable() or text != text.strip():
            raise SettingsError(
                f"the API key for header {header} is empty or has characters that no header can carry",
                hint="Look for quotes, blanks or a line break that were copied with it.",
            )
        self._key = text
        self.header = header

    def apply(self, request: httpx2.Request, rejected: str | None = None) -> Flow[str | None]:  # noqa: ARG002
        request.headers[self.header] = self._key
        yield from ()
        return None

    def secrets(self) -> tuple[str, ...]:
        return (self._key,)

    def identity(self) -> str:
        return fingerprint(self._key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(header={self.header!r})"

    def __getstate__(self) -> dict[str, object]:
        raise TypeError(
            f"a {type(self).__name__} holds a secret and cannot be pickled; make it anew from settings"
        )
