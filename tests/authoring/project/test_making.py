"""A project in a folder: all of its files or none, and never over one that is there."""

from __future__ import annotations

import os
import threading
from pathlib import Path, PurePosixPath

import pytest

from tidegate.authoring.project.files import project_files, requirement
from tidegate.authoring.project.making import make, planned
from tidegate.authoring.project.naming import project_name
from tidegate.utils.errors import SettingsError, UsageError

TO = "warehouse.duckdb"
FILES = project_files("shop", TO)


def held(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def made(folder: Path) -> dict[str, str]:
    make(planned(folder, FILES, TO))
    return held(folder)


WHOLE = {str(path): text for path, text in FILES.items()}


@pytest.mark.parametrize("place", ["", "deep/er"])
def test_an_empty_folder_gets_every_file_and_nothing_else(tmp_path: Path, place: str) -> None:
    assert made(tmp_path / place) == WHOLE


def test_no_word_of_the_templates_is_left_open() -> None:
    assert [path for path, text in FILES.items() if "{{" in text] == []
    assert [path for path, text in FILES.items() if not text.endswith("\n")] == []


@pytest.mark.parametrize("path", [str(path) for path in FILES if path.name != "pyproject.toml"])
def test_a_file_that_is_there_stays_and_the_others_come(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("mine\n")
    plan = planned(tmp_path, FILES, TO)
    assert plan.kept == (PurePosixPath(path),)
    assert made(tmp_path) == WHOLE | {path: "mine\n"}


def test_a_link_to_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to(tmp_path / "elsewhere")
    make(planned(tmp_path, FILES, TO))
    assert (tmp_path / "README.md").is_symlink()
    assert not (tmp_path / "elsewhere").exists()


def test_a_pyproject_gets_the_table_and_keeps_its_mode(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[project]\nname = "mine"\ndependencies = ["tidegate>=0.1"]')
    settings.chmod(0o640)
    plan = planned(tmp_path, FILES, TO)
    assert (plan.kept, plan.by_hand) == ((), {})
    text = made(tmp_path)["pyproject.toml"]
    assert text.startswith('[project]\nname = "mine"\n')
    assert text.endswith('[tool.tidegate]\nto = "warehouse.duckdb"\nworkflows = []\n')
    assert settings.stat().st_mode & 0o777 == 0o640


def test_a_pyproject_with_the_table_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tidegate]\nworkflows = ['a.b:app']\n")
    plan = planned(tmp_path, FILES, TO)
    assert PurePosixPath("pyproject.toml") in plan.kept
    assert made(tmp_path)["pyproject.toml"] == "[tool.tidegate]\nworkflows = ['a.b:app']\n"


def test_what_a_person_must_add_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("tool = {}\n[project]\nname = 'x'\n")
    plan = planned(tmp_path, FILES, TO)
    assert plan.settings is None
    assert f'"{requirement(TO)}"' in plan.by_hand.values()
    assert any("[tool.tidegate]" in text for text in plan.by_hand.values())


@pytest.mark.parametrize("bad", [b"[tool.tidegate\n", b"\xff\xfe"])
def test_a_pyproject_that_cannot_be_read_ends_it_before_anything_is_written(
    tmp_path: Path, bad: bytes
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(bad)
    with pytest.raises(SettingsError, match=r"pyproject\.toml"):
        planned(tmp_path, FILES, TO)


@pytest.mark.parametrize("path", ["", "workflows", ".github", ".github/workflows"])
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "shop"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("mine\n")
    with pytest.raises(UsageError, match="is in the way"):
        planned(folder, FILES, TO)


def test_a_file_that_came_between_is_not_touched_and_nothing_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    plan = planned(folder, FILES, TO)
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "__init__.py").write_text("mine\n")
    with pytest.raises(SettingsError, match="no project was made"):
        make(plan)
    assert held(folder) == {"workflows/__init__.py": "mine\n"}
    assert [path.name for path in folder.iterdir()] == ["workflows"]


def test_where_there_are_no_hard_links_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert made(tmp_path / "shop") == WHOLE
    plan = planned(tmp_path / "other", FILES, TO)
    (tmp_path / "other" / "tests").mkdir(parents=True)
    (tmp_path / "other" / "tests" / "__init__.py").write_text("mine\n")
    with pytest.raises(SettingsError):
        make(plan)
    assert held(tmp_path / "other") == {"tests/__init__.py": "mine\n"}


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    name = "n" * 300
    with pytest.raises(SettingsError, match="File name too long"):
        make(planned(tmp_path / "shop" / name, FILES, TO))
    assert list(tmp_path.iterdir()) == []


def test_of_two_at_once_one_makes_it_and_the_other_leaves_it_whole(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    plan, ended = planned(folder, FILES, TO), []
    start = threading.Barrier(2)

    def one() -> None:
        start.wait()
        try:
            make(plan)
            ended.append("made")
        except SettingsError:
            ended.append("refused")

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 2
    assert ended.count("made") <= 1
    assert set(held(folder).items()) <= set(WHOLE.items()), "no half of a file, and no draft"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "shop"),
        ("My Shop (2)", "my-shop-2"),
        ("Données", "donnees"),
        ("日本", "warehouse-workflows"),
        ("", "warehouse-workflows"),
        ("Tidegate", "warehouse-workflows"),
        ("_.x.-", "x"),
    ],
)
def test_a_folder_of_any_name_gives_a_name_that_can_be_installed(folder: str, name: str) -> None:
    assert project_name(None, folder) == name


@pytest.mark.parametrize("name", ["", "-x", "x y", "x\n", "é", "tidegate", "Tide_Gate".replace("_", "")])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        project_name(name, "shop")


def test_bigquery_brings_its_extra() -> None:
    to = "bigquery://acme/warehouse"
    assert requirement(to, "new").startswith("tidegate[bigquery,new]>=")
    assert f'"{requirement(to)}"' in project_files("shop", to)[PurePosixPath("pyproject.toml")]
