"""What every test may use: the vendors' API descriptions, and no quiet skips where CI runs.

`TIDEGATE_SPECS` names the folder of API descriptions; tests that need it skip without it.
With `TIDEGATE_NO_SKIPS=1` a skip is a failure: a test that nobody ran proves nothing.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.standins import StandIns, google, standins
from tests.turns import turn

if TYPE_CHECKING:
    from tests.servers.secret_manager import SecretManager

__all__ = ["google", "secret_manager", "specs", "standins"]  # fixtures

# Without Terraform its files are parsed all the same, in test_deploy_terraform.py.
collect_ignore = [] if shutil.which("terraform") else ["test_deploy_plan.py"]

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("tidegate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tidegate")


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder that holds `brevo/brevo-2026-02.json` and the others."""
    folder = os.environ.get("TIDEGATE_SPECS")
    if not folder:
        pytest.skip("NOT TESTED against the vendors' API descriptions: set TIDEGATE_SPECS to their folder")
    return Path(folder)


@pytest.fixture
def secret_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretManager]:
    """A Secret Manager on loopback, empty, which Google's client asks instead of the real one."""
    from tests.servers.secret_manager import secret_manager_server  # Google's client is slow to import
    from tidegate.utils.secrets import SECRETS

    with secret_manager_server() as server:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", server.address)
        SECRETS.forget()
        yield server
    SECRETS.forget()


def pytest_collection_finish() -> None:
    """The half million objects of the collected tests stay to the end: the collector need not look at them.

    Every run of the engine would, at a fifth of a second each.
    """
    gc.collect()
    gc.freeze()


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("TIDEGATE_NO_SKIPS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"TIDEGATE_NO_SKIPS=1 allows no skip, and this was one: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outside of the time limit of a test
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if not hasattr(item.config, "workerinput"):  # not a worker; nor a pytest that a test of one has started
        return (yield)
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    servers = getattr(item, "funcargs", {}).get("standins")
    if report.failed and isinstance(servers, StandIns):
        report.sections.append(("stand-ins", servers.said()))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report
