"""A stand-in Brevo, a warehouse and a state folder, and the real workflow run over them in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tidegate.connectors.brevo.auth import BrevoAuthManager
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.limiter import BrevoRateLimiter
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.utils.home import Home
from tidegate.workflows.brevo.main import app

# Noon: no day begins or ends while a test runs, in no zone that matters here.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

# Its first four tasks, for claims that are not about all of them.
CORE = ("campaigns", "templates", "events", "contacts")


@dataclass
class Bench:
    """One stand-in, one warehouse, one state folder."""

    sandbox: BrevoSandbox
    origin: str
    folder: Path
    quota: float
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    def connector(self, limiter: BrevoRateLimiter) -> BrevoConnector:
        """One that keeps other quotas than the account's."""
        auth = BrevoAuthManager("a-key-of-the-tests")
        return BrevoConnector(SyncHttpClient(f"{self.origin}/v3", auth_manager=auth, rate_limiter=limiter))

    def runner(self, *tasks: str, **options: Any) -> Runner:
        settings = BrevoSettings(
            _env_file=None,
            api_key=SecretStr("a-key-of-the-tests"),
            base_url=f"{self.origin}/v3",
            quota=self.quota,
            **self.settings,
        )
        return Runner(
            workflow=app.workflow,
            destination=DuckDBDestination(self.warehouse),
            home=self.home,
            options=Options(tasks=tasks, **options),
            now=lambda: NOON,
            connector=BrevoFactory.create_connector(settings),
        )

    def run(self, *tasks: str, **options: Any) -> RunReport:
        return self.runner(*tasks, **options).run()


MakeBench = Callable[..., Bench]
