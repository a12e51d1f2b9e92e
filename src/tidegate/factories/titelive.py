"""Assembles a Titelive connector from settings and strategies."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import SecretStr

from tidegate.connectors.titelive.auth import TiteliveAuthManager
from tidegate.connectors.titelive.client import TiteliveConnector, no_list
from tidegate.connectors.titelive.config import TiteliveSettings
from tidegate.connectors.titelive.limiter import (
    BURST_RATE,
    BURST_REQUESTS,
    PAUSE_S,
    RECOVERY_RATE,
    TiteliveRateLimiter,
)
from tidegate.factories.titelive_eans import listed
from tidegate.http_tools.circuit_breakers import CircuitBreaker
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.http_tools.retry_strategies import ExponentialBackoffRetryStrategy
from tidegate.utils.errors import TidegateError
from tidegate.utils.project import Project


class TiteliveFactory:
    """One limiter and one breaker for the whole API: its quota and its overload are of all routes together.

    The quota's burst is not kept over processes: no window of it is longer than a minute.
    """

    quotas = (
        (
            f"{BURST_RATE} a second for {BURST_REQUESTS:,} requests, {PAUSE_S:g} s of rest,"
            f" then {RECOVERY_RATE} a second (as probed: the vendor publishes none)"
        ),
    )

    @staticmethod
    def blueprint() -> TiteliveConnector:
        """A connector to look at: what it would ask, and under which quota. It needs no login and has none.

        Raises `SettingsError` where another setting is wrong.
        """
        root = Project.find(Path.cwd()).root
        settings = TiteliveSettings.read(root, user="none", password=SecretStr("none"))
        limiter = TiteliveRateLimiter(factor=settings.quota)
        return TiteliveConnector(SyncHttpClient(settings.base_url, rate_limiter=limiter))

    @staticmethod
    def create_connector(
        settings: TiteliveSettings | None = None, *, client: type[HttpClient] = SyncHttpClient
    ) -> TiteliveConnector:
        """Without `settings` they are read from the environment and the project's `.env`. Raises
        `SettingsError`.
        """
        project = Project.find(Path.cwd())
        settings = settings or TiteliveSettings.read(project.root)
        try:
            auth = TiteliveAuthManager(settings.login_url, settings.user, settings.password)
        except TidegateError as error:
            error.args = (f"titelive: TITELIVE_LOGIN_URL, TITELIVE_USER, TITELIVE_PASSWORD: {error}",)
            raise
        made = client(
            settings.base_url,
            auth_manager=auth,
            rate_limiter=TiteliveRateLimiter(factor=settings.quota),
            retry_strategy=ExponentialBackoffRetryStrategy(max_attempts=8),
            circuit_breaker=CircuitBreaker(failure_threshold=10, recovery_s=PAUSE_S),
            timeout_s=settings.timeout_s,
        )
        return TiteliveConnector(
            made, no_list if settings.eans is None else partial(listed, settings.eans, project.root)
        )
