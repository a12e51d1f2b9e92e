"""SendGrid's credential: an API key as a bearer token (Twilio SendGrid v3 API reference)."""

from __future__ import annotations

from tidegate.http_tools.auth import BearerAuthManager


class SendGridAuthManager(BearerAuthManager):
    """The account's API key. Sent to the origin of the base URL only: never to where exports lie."""

    setting = "SENDGRID_API_KEY"
