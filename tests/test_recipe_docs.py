"""The recipe for a new API, followed: the files of its page load a table in a project of `tidegate init`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.cli.command_line import Shell
from tidegate.sandbox.sendgrid import SendGridSandbox
from tidegate.sandbox.server import running

PAGE = Path(__file__).resolve().parent.parent / "docs" / "connectors" / "recipe.md"
FILES = {
    found[1]: found[2]
    for found in re.finditer(
        r"^```python\n# (\S+\.py)\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
}


@pytest.fixture(scope="module")
def sendgrid() -> Iterator[tuple[SendGridSandbox, str]]:
    sandbox = SendGridSandbox(rows=2000, quota=1000)
    with running(sandbox) as origin:
        yield sandbox, origin


@pytest.fixture
def project(tmp_path: Path, sendgrid: tuple[SendGridSandbox, str]) -> Shell:
    shell = Shell(tmp_path, {"SENDGRID_API_KEY": "SG.anything", "SENDGRID_BASE_URL": sendgrid[1]})
    assert shell.inside("init").code == 0
    for name, body in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    settings = tmp_path / "pyproject.toml"
    text = settings.read_text()
    settings.write_text(text.replace("workflows = []", 'workflows = ["workflows.sendgrid.main:app"]'))
    return shell


@pytest.mark.extended
def test_the_files_of_the_recipe_load_every_campaign(
    project: Shell, sendgrid: tuple[SendGridSandbox, str]
) -> None:
    seen = project("preview", "sendgrid.campaigns", "--rows", "2")
    assert seen.code == 0, seen
    assert "custom_unsubscribe_url" in seen.out
    ended = project("run", "sendgrid")
    assert ended.code == 0, ended
    truth = sendgrid[0].truth("campaigns")
    with duckdb.connect(str(project.folder / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.sql("SELECT campaign_id, status FROM sendgrid_campaigns ORDER BY 1").fetchall()
    assert len(rows) > 10, "more than a page"
    assert rows == sorted((each["id"], each["status"].lower()) for each in truth)
    assert "html_content" not in project("drift", "sendgrid.campaigns").out


@pytest.mark.extended
def test_its_test_passes_and_so_do_style_and_types(project: Shell) -> None:
    for command in (["pytest", "-q"], ["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=project.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
