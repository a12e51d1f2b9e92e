"""The Dockerfile that `tidegate init` writes: its steps give an image in which the workflows run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts.standins import interpreter
from tests.cli.command_line import KEY, QUOTA, Shell
from tests.image import built
from tests.wheel import built_wheel
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

MAIN = """
from tidegate import workflow
from tidegate.factories.brevo import BrevoFactory
from tidegate.workflows.brevo.tasks import templates

app = workflow("mine", BrevoFactory, [templates])
"""


@pytest.mark.extended
@pytest.mark.timeout(900)
def test_the_image_of_a_project_lists_and_runs_its_workflows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Shell(tmp_path / "shop")
    project.folder.mkdir()
    assert project.inside("init").code == 0
    (project.folder / "workflows" / "mine").mkdir()
    (project.folder / "workflows" / "mine" / "main.py").write_text(MAIN)
    settings = project.folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("= []", '= ["workflows.mine.main:app"]'))
    (project.folder / ".env").write_text("BREVO_API_KEY=not-for-an-image\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(built_wheel(tmp_path / "wheel").parent))
    python = interpreter(dict(os.environ)) or sys.executable
    dockerfile = (project.folder / "Dockerfile").read_text()
    with (
        built(dockerfile, project.folder, python) as image,
        running(BrevoSandbox(rows=100, quota=QUOTA)) as origin,
    ):
        listed = image.run()
        assert listed.returncode == 0, listed.stderr
        assert "mine.templates" in listed.stdout
        assert not image.path("/app/.env").exists()
        brevo = {"BREVO_API_KEY": KEY, "BREVO_BASE_URL": f"{origin}/v3", "BREVO_QUOTA": f"{QUOTA:g}"}
        before = set(image.root.rglob("*"))
        ended = image.run("run", "mine", "--to", f"{image.path('/tmp')}/x.duckdb", environment=brevo)
        assert ended.returncode == 0, ended.stderr
        made = set(image.root.rglob("*")) - before
    assert {path.relative_to(image.root).parts[0] for path in made} == {"tmp"}
