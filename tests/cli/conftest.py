"""A stand-in Brevo for a module, a folder for each test, and an API that answers by script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command_line import KEY, QUOTA, Shell
from tests.http_tools.loopback import Loopback
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running


@dataclass(frozen=True)
class Standin:
    sandbox: BrevoSandbox
    url: str

    @property
    def requests(self) -> int:
        count: int = self.sandbox.counters()["requests"]
        return count


@pytest.fixture(scope="module")
def brevo() -> Iterator[Standin]:
    sandbox = BrevoSandbox(rows=300, quota=QUOTA)
    with running(sandbox) as origin:
        yield Standin(sandbox, f"{origin}/v3")


@pytest.fixture
def shell(tmp_path: Path, brevo: Standin) -> Shell:
    """A folder with nothing in it, and settings for the stand-in."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Shell(folder, {"BREVO_API_KEY": KEY, "BREVO_BASE_URL": brevo.url, "BREVO_QUOTA": f"{QUOTA:g}"})


@pytest.fixture
def api() -> Iterator[Loopback]:
    made = Loopback()
    yield made
    made.close()


@pytest.fixture
def scripted(shell: Shell, api: Loopback) -> Shell:
    """As `shell`, with settings for `api`."""
    shell.env["BREVO_BASE_URL"] = f"{api.url}/v3"
    return shell
