"""Brevo's credential: an API key in the header `api-key` (Brevo API v3 reference)."""

from __future__ import annotations

from pydantic import SecretStr

from tidegate.http_tools.auth import APIKeyAuthManager


class BrevoAuthManager(APIKeyAuthManager):
    """The account's API key. Sent to the origin of the base URL only."""

    setting = "BREVO_API_KEY"

    def __init__(self, key: str | SecretStr) -> None:
        super().__init__(key, header="api-key")
