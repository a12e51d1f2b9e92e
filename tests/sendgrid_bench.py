"""A stand-in SendGrid on two ports, a warehouse and a state folder, and the real workflow run over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.config import SendGridSettings
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.factories.sendgrid import SendGridFactory
from tidegate.sandbox.sendgrid import SendGridSandbox
from tidegate.sandbox.server import running
from tidegate.utils.home import Home
from tidegate.workflows.sendgrid.main import app

# Noon: no day begins or ends while a test runs, in no zone that matters here.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
KEY = "SG.a-key-of-the-tests"


@dataclass
class Bench:
    """One stand-in, one warehouse, one state folder."""

    sandbox: SendGridSandbox
    origin: str
    folder: Path
    quota: float

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    def settings(self, **changes: Any) -> SendGridSettings:
        given = {
            "api_key": SecretStr(KEY),
            "base_url": self.origin,
            "quota": self.quota,
            "export_origins": self.sandbox.exports.origin,
            "export_look_s": 0.01,
        }
        return SendGridSettings(_env_file=None, **{**given, **changes})

    def connector(self, **changes: Any) -> SendGridConnector:
        return SendGridFactory.create_connector(self.settings(**changes))

    def runner(self, *tasks: str, now: datetime = NOON, **options: Any) -> Runner:
        return Runner(
            workflow=app.workflow,
            destination=DuckDBDestination(self.warehouse),
            home=self.home,
            options=Options(tasks=tasks, **options),
            now=lambda: now,
            connector=self.connector(),
        )

    def run(self, *tasks: str, **options: Any) -> RunReport:
        return self.runner(*tasks, **options).run()


MakeBench = Callable[..., Bench]


@contextmanager
def serving(folder: Path, *, quota: float = 100_000.0, **settings: Any) -> Iterator[Bench]:
    """The stand-in, with its files on a port of their own."""
    sandbox = SendGridSandbox(**{"now": NOON, "quota": quota, "slow_s": 0.05, **settings})
    with running(sandbox) as origin, running(sandbox.files) as files:
        sandbox.exports.origin = files
        yield Bench(sandbox, origin, folder, quota)
