"""`tidegate init`: what it says and how it ends, and that what it makes passes its own checks."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.command_line import Shell
from tests.image import let_through, parse

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "connectors" / "project.md").read_text(
    "utf-8"
)


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """A folder with nothing in it."""
    folder = tmp_path / "My Shop"
    folder.mkdir()
    return Shell(folder)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_project_is_made_and_what_comes_next_is_said(bare: Shell) -> None:
    made = bare.inside("init")
    assert (made.code, made.err) == (0, ""), made
    assert files(bare.folder) == {
        line.strip() for line in made.out.splitlines() if line.startswith("  ") and "tidegate" not in line
    }
    assert "cd " not in made.out
    settings = tomllib.loads((bare.folder / "pyproject.toml").read_text())
    assert settings["project"]["name"] == "my-shop"
    assert settings["tool"]["tidegate"] == {"to": "warehouse.duckdb", "workflows": []}


def test_a_folder_that_is_not_there_is_made_and_named(bare: Shell) -> None:
    made = bare.inside("init", "deep/my own", "--name", "own", "--to", "bigquery://acme/raw?location=EU")
    assert made.code == 0, made
    assert "  cd 'deep/my own'\n" in made.out
    settings = tomllib.loads((bare.folder / "deep/my own/pyproject.toml").read_text())
    assert settings["project"]["name"] == "own"
    assert settings["tool"]["tidegate"]["to"] == "bigquery://acme/raw?location=EU"


def test_a_dry_run_says_the_same_and_writes_nothing(bare: Shell) -> None:
    said = bare.inside("init", "shop", "--dry-run")
    assert said.code == 0
    assert list(bare.folder.iterdir()) == []
    made = bare.inside("init", "shop")
    assert made.out.startswith(said.out.replace("Would make", "Made"))


def test_a_second_time_everything_is_there_and_stays(bare: Shell) -> None:
    bare.inside("init")
    (bare.folder / "README.md").write_text("mine\n")
    (bare.folder / "Dockerfile").unlink()
    again = bare.inside("init")
    assert again.code == 0
    made, _, kept = again.out.partition("There already, and left as it is:")
    assert made.splitlines()[1:] == ["  Dockerfile"]
    assert "  README.md\n" in kept
    assert (bare.folder / "README.md").read_text() == "mine\n"


def test_the_table_is_added_to_a_pyproject_and_a_missing_dependency_is_named(bare: Shell) -> None:
    (bare.folder / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    made = bare.inside("init")
    assert "Added to pyproject.toml: the table [tool.tidegate]\n" in made.out
    assert 'by hand, a dependency:\n  "tidegate>=' in made.out
    assert bare.inside("list").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--name", "tidegate"], 2, "cannot be called 'tidegate'"),
        (["--to", "oracle:db"], 2, "names no destination"),
        (["file"], 2, "is in the way"),
        (["broken"], 30, "is not valid TOML"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_made(
    bare: Shell, arguments: list[str], code: int, said: str
) -> None:
    (bare.folder / "file").write_text("mine\n")
    (bare.folder / "broken").mkdir()
    (bare.folder / "broken" / "pyproject.toml").write_text("[tool\n")
    before = files(bare.folder)
    bare.inside("init", *arguments).failed(code, said)
    assert files(bare.folder) == before


def test_the_page_on_it_shows_commands_that_work_and_every_file(bare: Shell) -> None:
    commands, *_ = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in commands.splitlines():
        ended = bare.inside(*shlex.split(line)[1:])
        assert ended.code == 0, ended
    named = {
        name.strip("/")
        for name in re.findall(r"`([^`\s]+)`", PAGE.split("| --- | --- |")[1].split("\n\n")[0])
    }
    made = files(bare.folder / "shop")
    assert {path for path in made if path not in named and path.split("/")[0] not in named} == {
        "README.md",
        "tests/__init__.py",
    }


def test_a_full_disk_leaves_nothing_and_is_worth_another_try(bare: Shell) -> None:
    root = Path(__file__).resolve().parent.parent.parent
    ended = bare("1000", "init", "shop", module="tests.cli.limited", PYTHONPATH=str(root))
    ended.failed(20, "no project was made in shop: File too large", "Make room there")
    assert list(bare.folder.iterdir()) == []


def test_the_image_of_a_project_runs_as_nobody_and_takes_no_secret_along(bare: Shell) -> None:
    bare.inside("init")
    steps = parse((bare.folder / "Dockerfile").read_text())
    last = steps[max(number for number, each in enumerate(steps) if each.name == "FROM") :]
    assert "RUN" not in {each.name for each in last}
    (user,) = [each.rest for each in last if each.name == "USER"]
    assert all(int(number) >= 10_000 for number in user.split(":"))
    ignored = (bare.folder / ".dockerignore").read_text()
    for each in steps:
        source = each.rest.split()[0]
        if each.name == "COPY" and not source.startswith("--from"):
            assert (bare.folder / source).exists()
            assert let_through(ignored, source)
    assert not any(let_through(ignored, path) for path in (".env", ".tidegate/ledger.db", "x.duckdb"))


@pytest.mark.extended
def test_a_fresh_project_passes_its_own_checks(bare: Shell) -> None:
    assert bare("init").code == 0
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(bare.folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["make", "check", "test"],
        cwd=bare.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
