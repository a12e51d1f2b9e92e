"""The Python 3.13 that the stand-ins need is found where there is one, and its lack is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.standins import LOCK, ROOT, extensions, interpreter


def python(path: Path, version: str = "(3, 13)", *, works: bool = True) -> str:
    """A program that answers as an interpreter of that version does, or as pyenv's shim for a missing one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{version}'\nexit {0 if works else 127}\n")
    path.chmod(0o755)
    return str(path)


def test_the_one_on_path_is_taken_first(tmp_path: Path) -> None:
    wanted = python(tmp_path / "bin" / "python3.13")
    python(tmp_path / ".pyenv/versions/3.13.9/bin/python3.13")
    assert interpreter({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}) == wanted


def test_a_shim_that_finds_none_is_passed_over_for_the_newest_that_answers(tmp_path: Path) -> None:
    shim = python(tmp_path / ".pyenv/shims/python3.13", works=False)
    python(tmp_path / ".pyenv/versions/3.13.9/bin/python3.13")
    wanted = python(tmp_path / ".pyenv/versions/3.13.10/bin/python3.13")
    python(tmp_path / ".pyenv/versions/3.13.11/bin/python3.13", works=False)
    assert interpreter({"PATH": str(Path(shim).parent), "HOME": str(tmp_path)}) == wanted


def test_uv_s_interpreters_are_found(tmp_path: Path) -> None:
    wanted = python(tmp_path / "uv/cpython-3.13.5-linux-x86_64-gnu/bin/python3.13")
    places = {"UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv")}
    assert interpreter({"PATH": str(tmp_path), "HOME": str(tmp_path), **places}) == wanted


@pytest.mark.parametrize("version", ["(3, 12)", "(3, 14)"])
def test_a_named_one_of_another_version_is_refused_and_no_other_taken(tmp_path: Path, version: str) -> None:
    named = python(tmp_path / "other", version)
    python(tmp_path / "bin" / "python3.13")
    assert interpreter({"PATH": str(tmp_path / "bin"), "HOME": "/", "PYTHON313": named}) is None


@pytest.mark.parametrize(
    ("arguments", "named", "code", "said"),
    [
        (["--if-possible"], "", 0, "no Python 3.13 found"),
        ([], "", 1, "no Python 3.13 found"),
        (["--if-possible"], "/no/such/python", 1, "PYTHON313=/no/such/python is no Python 3.13"),
    ],
)
def test_the_lack_of_one_is_said(
    tmp_path: Path, arguments: list[str], named: str, code: int, said: str
) -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "standins.py", *arguments, tmp_path / "made"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHON313": named},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stderr) == (code, "")
    assert said in made.stdout
    assert not (tmp_path / "made").exists()


def test_extensions_of_the_lock_are_named_as_duckdb_names_them() -> None:
    names = extensions(LOCK.read_text("utf-8"))
    assert len(names) == 8
    assert {"icu", "parquet", "sqlite_scanner"} <= set(names)
