"""The container image: small, without root, and at home on a read-only file system."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.standins import interpreter
from tests.image import Image, built, let_through, parse

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8")


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
    import os

    with built(DOCKERFILE, ROOT, interpreter(dict(os.environ)) or sys.executable) as image:
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
