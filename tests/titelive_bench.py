"""A stand-in Titelive on its two origins, a warehouse and a state folder, and the real workflow over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from tidegate.connectors.titelive.config import TiteliveSettings
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.factories.titelive import TiteliveFactory
from tidegate.sandbox.asgi import Request
from tidegate.sandbox.server import running
from tidegate.sandbox.titelive import TiteliveSandbox
from tidegate.utils.home import Home
from tidegate.workflows.titelive.main import app

# Noon: no day begins or ends while a test runs, in no zone that matters here.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
PASSWORD = "a-password-of-the-tests"


@dataclass
class Bench:
    """One stand-in, one warehouse, one state folder."""

    sandbox: TiteliveSandbox
    login: str
    search: str
    folder: Path
    quota: float
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    @property
    def today(self) -> date:
        return self.sandbox.catalogue.today

    def eans(self, *, deleted: bool = True) -> list[str]:
        """Every EAN that there is, and those that were deleted."""
        truth = self.sandbox.truth()
        return [*(row["ean"] for row in truth["rows"]), *(truth["deleted"] if deleted else ())]

    def list_of(self, eans: list[str]) -> None:
        (self.folder / "books.txt").write_text("\n".join(eans) + "\n")

    def environment(self) -> dict[str, str]:
        """For the command line."""
        return {
            "TITELIVE_USER": "anyone",
            "TITELIVE_PASSWORD": PASSWORD,
            "TITELIVE_BASE_URL": f"{self.search}/v1",
            "TITELIVE_LOGIN_URL": f"{self.login}/v1",
            "TITELIVE_EANS": str(self.folder / "books.txt"),
            "TITELIVE_QUOTA": str(self.quota),
            "TIDEGATE_HOME": str(self.home.root),
        }

    def runner(self, *tasks: str, **options: Any) -> Runner:
        settings = TiteliveSettings(
            _env_file=None,
            **{
                "user": "anyone",
                "password": SecretStr(PASSWORD),
                "base_url": f"{self.search}/v1",
                "login_url": f"{self.login}/v1",
                "eans": str(self.folder / "books.txt"),
                "quota": self.quota,
                **self.settings,
            },
        )
        return Runner(
            workflow=app.workflow,
            destination=DuckDBDestination(self.warehouse),
            home=self.home,
            options=Options(tasks=tasks, **options),
            now=lambda: NOON,
            connector=TiteliveFactory.create_connector(settings),
        )

    def run(self, *tasks: str, **options: Any) -> RunReport:
        return self.runner(*tasks, **options).run()


MakeBench = Callable[..., Bench]


@contextmanager
def titelive(folder: Path, *, quota: float = 100.0, **sandbox: Any) -> Iterator[Bench]:
    """The bench; keywords go to the stand-in. Its quota is high unless said."""
    made = TiteliveSandbox(quota=quota, now=NOON, slow_s=0.05, password=PASSWORD, **sandbox)
    with running(made.login) as login, running(made.search) as search:
        yield Bench(made, login, search, folder, quota)


def by_hand(sandbox: TiteliveSandbox) -> httpx2.MockTransport:
    """A transport that asks the stand-in's two origins without a server, for clocks that stand still."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        gate = sandbox.login if request.url.host == "login.test" else sandbox.search
        path, _, query = request.url.raw_path.decode().partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = gate.handle(Request(request.method, path, query, headers, request.content))
        return httpx2.Response(given.status, content=given.body)

    return httpx2.MockTransport(answer)
