"""The container image: small, without root, and at home on a read-only file system."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scripts.standins import interpreter
from tests.cli.command_line import KEY, QUOTA
from tests.image import Image, built, layered, let_through, parse
from tests.standins import Google
from tests.test_deploy_docs import DOCKERFILES
from tests.test_readme import BLOCKS, FILES
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements" / "runtime.lock").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8")


@cache
def python() -> str:
    """That of the base image, where it can be had."""
    return interpreter(dict(os.environ)) or sys.executable


def rests(name: str) -> list[str]:
    return [each.rest for each in parse(DOCKERFILE) if each.name == name]


def test_it_runs_as_nobody_that_the_base_image_knows() -> None:
    users = rests("USER")
    assert len(users) == 1
    assert all(int(number) >= 10_000 for number in users[0].split(":"))
    last = [each.name for each in parse(DOCKERFILE)].index("USER")
    assert {each.name for each in parse(DOCKERFILE)[last:]} == {"USER", "ENTRYPOINT", "CMD"}


def test_the_last_stage_runs_nothing_and_takes_only_the_packages() -> None:
    instructions = parse(DOCKERFILE)
    last = max(number for number, each in enumerate(instructions) if each.name == "FROM")
    names = [each.name for each in instructions[last:]]
    assert "RUN" not in names
    assert [each.rest for each in instructions[last:] if each.name == "COPY"] == [
        "--from=build /opt/tidegate /opt/tidegate"
    ]


def test_every_package_is_installed_by_its_hash() -> None:
    installs = re.findall(r"\binstall (.*?)(?: &&|$)", "\n".join(rests("RUN")), flags=re.MULTILINE)
    assert len(installs) == 3
    for options in installs:
        assert "--require-hashes --only-binary :all:" in options or "--no-deps --no-index" in options


@pytest.mark.parametrize(
    "path",
    [".env", ".git/config", ".tidegate/ledger.db", "warehouse.duckdb", "deploy/terraform/terraform.tfstate"],
)
def test_secrets_and_state_never_get_into_the_build(path: str) -> None:
    assert not let_through(IGNORED, path)


def test_what_is_copied_gets_into_the_build() -> None:
    for rest in rests("COPY"):
        *sources, _target = rest.split()
        if not sources[0].startswith("--from"):
            assert all((ROOT / source).exists() and let_through(IGNORED, source) for source in sources)
    assert not let_through(IGNORED, "src/tidegate/__pycache__/x.pyc")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built(DOCKERFILE, ROOT, python()) as image:
        yield image


@pytest.mark.extended
@pytest.mark.timeout(900)
def test_the_steps_of_the_dockerfile_give_the_command(image: Image) -> None:
    shown = image.run()
    assert shown.returncode == 0, shown.stderr
    assert "Usage: tidegate" in shown.stdout


@pytest.mark.extended
@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", ["/app", "/opt/tidegate", "/"])
def test_nothing_of_the_image_can_be_written(image: Image, place: str) -> None:
    touched = image.run(f"{image.path(place)}/x", command=["touch"])
    assert touched.returncode != 0


@pytest.mark.extended
@pytest.mark.timeout(900)
def test_a_run_needs_no_other_folder_than_an_empty_tmp(image: Image) -> None:
    before = set(image.root.rglob("*"))
    loaded = image.run("demo", workdir="/tmp")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert image.path("/tmp/demo.duckdb").is_file()
    made = set(image.root.rglob("*")) - before
    assert {path.relative_to(image.root).parts[0] for path in made} == {"tmp"}


@pytest.mark.extended
@pytest.mark.timeout(900)
def test_the_image_holds_no_compiler_nor_what_it_was_built_from(image: Image) -> None:
    assert not any(image.path("/opt/tidegate/bin").glob("pip*"))
    assert not image.path("/src").exists()
    assert not image.path("/opt/build").exists()


@pytest.mark.extended
@pytest.mark.timeout(900)
def test_a_job_on_an_empty_disk_loads_bigquery_and_keeps_its_state(image: Image, google: Google) -> None:
    for left in image.path("/tmp").iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    sandbox = BrevoSandbox(rows=60, quota=QUOTA)
    to = f"{google.to}&staging=gs://{google.bucket}/staging"
    with running(sandbox) as origin:
        settings = {"BREVO_API_KEY": KEY, "BREVO_BASE_URL": f"{origin}/v3", "BREVO_QUOTA": f"{QUOTA:g}"}
        environment = settings | google.standins.environment | {"TIDEGATE_HOME": google.home}
        before = set(image.root.rglob("*"))
        loaded = image.run(
            *("run", "brevo", "--to", to, "--quarantine-exit", "0", "--summary", "-"),
            environment=environment | {"CLOUD_RUN_EXECUTION": "brevo-night-1"},
        )
        assert loaded.returncode == 0, loaded.stderr
        assert json.loads(loaded.stdout.splitlines()[-1])["run_id"] == "brevo-night-1"
        told = image.run("runs", environment=environment)
    assert "brevo-night-1" in told.stdout
    made = set(image.root.rglob("*")) - before
    assert {path.relative_to(image.root).parts[0] for path in made} == {"tmp"}


@pytest.mark.extended
@pytest.mark.timeout(900)
@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["a project", "with packages"])
def test_a_project_over_the_image_has_its_workflows(image: Image, dockerfile: str, tmp_path: Path) -> None:
    (settings,) = [body for language, body in BLOCKS if language == "toml"]
    pinned = re.search(r"^six==.*?(?=^\S)", LOCK, re.MULTILINE | re.DOTALL)
    assert pinned is not None
    written = FILES | {
        "pyproject.toml": settings,
        "requirements.txt": pinned.group(),
        ".env": "ACME_API_KEY=x",
    }
    for name, body in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    layered(image, dockerfile, tmp_path, python())
    listed = image.run("list")
    assert listed.returncode == 0, listed.stderr
    assert "acme" in listed.stdout
    assert not image.path("/app/.env").exists()
