"""Assembles a SendGrid connector from settings and strategies."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from tidegate.connectors.sendgrid.auth import SendGridAuthManager
from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.config import SendGridSettings
from tidegate.connectors.sendgrid.limiter import HEADER_PREFIX, MESSAGES_QUOTA, SendGridRateLimiter
from tidegate.http_tools.circuit_breakers import PerEndpointCircuitBreaker
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.http_tools.grants import SqliteGrantStore
from tidegate.http_tools.origins import origin_of, path_of
from tidegate.http_tools.retry_strategies import HeaderBasedRetryStrategy
from tidegate.utils.errors import TidegateError
from tidegate.utils.project import Project


class SendGridFactory:
    """One limiter and one breaker for each endpoint.

    Requests for messages are kept in the ledger of the project's state folder, under origin, credential and
    subuser: successive runs share their quota.
    """

    quotas = (f"messages: {MESSAGES_QUOTA}", "others: as X-RateLimit-* of each endpoint tells")

    @staticmethod
    def blueprint() -> SendGridConnector:
        """A connector to look at: what it would ask, and under which quotas. It needs no key and has none.

        Raises `SettingsError` where another setting is wrong.
        """
        settings = SendGridSettings.read(Project.find(Path.cwd()).root, api_key=SecretStr("none"))
        limiter = SendGridRateLimiter(path_of(settings.base_url), factor=settings.quota)
        return SendGridConnector(SyncHttpClient(settings.base_url, rate_limiter=limiter))

    @staticmethod
    def create_connector(
        settings: SendGridSettings | None = None, *, client: type[HttpClient] = SyncHttpClient
    ) -> SendGridConnector:
        """Without `settings` they are read from the environment and the project's `.env`. Raises
        `SettingsError`.
        """
        project = Project.find(Path.cwd())
        settings = settings or SendGridSettings.read(project.root)
        try:
            auth = SendGridAuthManager(settings.api_key)
        except TidegateError as error:
            error.args = (f"sendgrid: SENDGRID_API_KEY: {error}",)
            raise
        home = project.home(os.environ)
        limiter = SendGridRateLimiter(
            path_of(settings.base_url),
            factor=settings.quota,
            store=SqliteGrantStore(home.ledger),
            account=f"{origin_of(settings.base_url)}|{auth.identity()}|{settings.on_behalf_of or ''}",
        )
        return SendGridConnector(
            client(
                settings.base_url,
                auth_manager=auth,
                rate_limiter=limiter,
                retry_strategy=HeaderBasedRetryStrategy(HEADER_PREFIX),
                circuit_breaker=PerEndpointCircuitBreaker(failure_threshold=5, recovery_s=15.0),
                timeout_s=settings.timeout_s,
                headers={"on-behalf-of": settings.on_behalf_of} if settings.on_behalf_of else None,
                quota_prefix=HEADER_PREFIX,
                allowed_origins=settings.allowed_origins,
            ),
            export_origins=settings.allowed_origins,
            export_look_s=settings.export_look_s,
        )
