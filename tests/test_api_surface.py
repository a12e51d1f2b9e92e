"""What users import: the names, that they load lazily, and that they are enough to run a workflow."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import tidegate
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running
from tidegate.utils.errors import ExitCode, SettingsError, UsageError

HEAVY = [
    "asyncio", "duckdb", "httpx2", "importlib.metadata", "orjson", "pyarrow", "pydantic", "pydantic_settings",
    "rich", "sqlite3", "typer.rich_utils", "uvicorn", "tidegate.connectors", "tidegate.destinations",
    "tidegate.engine", "tidegate.http_tools", "tidegate.sandbox",
]  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Which modules a new interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    # measuring coverage loads modules of its own
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_public_names_are_exactly_these() -> None:
    assert tidegate.__all__ == [
        "SYNTHETIC_KEY", "Context", "Cursor", "Each", "From", "Map", "Personal", "ReadContract", "Table",
        "View", "Window", "Windows", "WriteContract", "__version__", "load", "run", "task", "workflow",
    ]  # fmt: skip
    assert dir(tidegate) == sorted(tidegate.__all__)


@pytest.mark.parametrize("name", tidegate.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(tidegate, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = tidegate.nothing_of_this_name


def test_importing_the_package_loads_nothing_else() -> None:
    modules = loaded_by("import tidegate")
    assert {name for name in modules if name.startswith("tidegate")} == {"tidegate"}
    assert modules.isdisjoint(HEAVY)


def test_a_contract_does_not_cost_the_engine() -> None:
    modules = loaded_by("from tidegate import ReadContract, WriteContract")
    assert modules.isdisjoint({"duckdb", "httpx2", "tidegate.engine", "tidegate.http_tools", "typer"})


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_the_help_is_shown_without_loading_anything_heavy(arguments: list[str]) -> None:
    assert heavy_loaded_by_command(arguments) == []


@pytest.mark.parametrize("arguments", [["run", "--help"], ["demo", "--help"]])
def test_the_help_of_a_command_loads_only_what_typer_takes_for_it(arguments: list[str]) -> None:
    assert set(heavy_loaded_by_command(arguments)) <= {"pydantic", "importlib.metadata"}


def heavy_loaded_by_command(arguments: list[str]) -> list[str]:
    modules = loaded_by(f"from tidegate.cli.main import app\ntry: app({arguments})\nexcept SystemExit: pass")
    assert "typer" in modules
    return sorted(modules.intersection(HEAVY))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIDEGATE_HOME", raising=False)
    return tmp_path


def test_a_run_from_python_loads_and_reports(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(BrevoSandbox(rows=200, quota=100_000)) as origin:
        monkeypatch.setenv("BREVO_API_KEY", "a-key-of-the-tests")
        monkeypatch.setenv("BREVO_BASE_URL", f"{origin}/v3")
        monkeypatch.setenv("BREVO_QUOTA", "100000")
        report = tidegate.run("brevo", "templates", "contacts", to="mine.duckdb", run_id="first")
        again = tidegate.run("brevo", "templates", "contacts", to="mine.duckdb", run_id="first")
    assert report.exit_code is ExitCode.OK
    assert [task.task for task in report.tasks] == ["brevo.templates", "brevo.contacts"]
    assert all(task.rows_loaded > 0 for task in report.tasks)
    assert again.summary()["tasks"] == report.summary()["tasks"]
    assert (project / "mine.duckdb").is_file()


def test_a_run_from_python_that_cannot_begin_raises(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BREVO_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="BREVO_API_KEY"):
        tidegate.run("brevo")
    with pytest.raises(UsageError, match="did you mean 'brevo'"):
        tidegate.run("brewo")
    with pytest.raises(UsageError, match="after --until"):
        tidegate.run("brevo", first_day=date(2026, 2, 1), last_day=date(2026, 1, 1))
