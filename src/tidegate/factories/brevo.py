"""Assembles a Brevo connector from settings and strategies."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from tidegate.connectors.brevo.auth import BrevoAuthManager
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.limiter import DEFAULT_QUOTAS, HEADER_PREFIX, BrevoRateLimiter
from tidegate.http_tools.circuit_breakers import PerEndpointCircuitBreaker
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.http_tools.grants import SqliteGrantStore
from tidegate.http_tools.origins import origin_of, path_of
from tidegate.http_tools.retry_strategies import HeaderBasedRetryStrategy
from tidegate.utils.errors import TidegateError
from tidegate.utils.project import Project


class BrevoFactory:
    """One limiter for each of the vendor's quotas, a breaker for each endpoint.

    Grants of windows over a minute are kept in the ledger of the project's state folder, under origin,
    credential and bucket: successive runs share a quota, a demo never spends the real one.
    """

    quotas = tuple(f"{quota.bucket}: {quota}" for quota in DEFAULT_QUOTAS)

    @staticmethod
    def blueprint() -> BrevoConnector:
        """A connector to look at: what it would ask, and under which quotas. It needs no key and has none.

        Raises `SettingsError` where another setting is wrong.
        """
        settings = BrevoSettings.read(Project.find(Path.cwd()).root, api_key=SecretStr("none"))
        limiter = BrevoRateLimiter(path_of(settings.base_url), factor=settings.quota)
        return BrevoConnector(SyncHttpClient(settings.base_url, rate_limiter=limiter))

    @staticmethod
    def create_connector(
        settings: BrevoSettings | None = None, *, client: type[HttpClient] = SyncHttpClient
    ) -> BrevoConnector:
        """Without `settings` they are read from the environment and the project's `.env`. Raises
        `SettingsError`.
        """
        project = Project.find(Path.cwd())
        settings = settings or BrevoSettings.read(project.root)
        try:
            auth = BrevoAuthManager(settings.api_key)
        except TidegateError as error:
            error.args = (f"brevo: BREVO_API_KEY: {error}",)
            raise
        home = project.home(os.environ)
        limiter = BrevoRateLimiter(
            path_of(settings.base_url),
            factor=settings.quota,
            store=SqliteGrantStore(home.ledger),
            account=f"{origin_of(settings.base_url)}|{auth.identity()}",
        )
        return BrevoConnector(
            client(
                settings.base_url,
                auth_manager=auth,
                rate_limiter=limiter,
                retry_strategy=HeaderBasedRetryStrategy(HEADER_PREFIX),
                circuit_breaker=PerEndpointCircuitBreaker(failure_threshold=5, recovery_s=15.0),
                timeout_s=settings.timeout_s,
                quota_prefix=HEADER_PREFIX,
            )
        )
