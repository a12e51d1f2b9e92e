"""Python source as ruff formats it: imports in order, unused ones gone, lines of 110 characters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from tidegate.authoring.writing.layout import LINE_LENGTH
from tidegate.utils.errors import SettingsError, TidegateError

# Letters that look like others, in other tongues; columns with names as those of secrets (`token="..."`).
_HARMLESS = "RUF001,RUF002,RUF003,S106"


def formatted(files: Mapping[PurePosixPath, str], own: tuple[str, ...]) -> dict[PurePosixPath, str]:
    """The files, those of Python formatted; `own` are the packages that are first-party.

    Blocks for the time of three commands. Raises `SettingsError` without the extra `new`.
    """
    if find_spec("ruff") is None:
        raise SettingsError(
            "to write code takes ruff, which is not installed", hint="pip install 'tidegate[new]'"
        )
    python = [path for path in files if path.suffix == ".py" and files[path]]
    with TemporaryDirectory(prefix="tidegate-new-") as folder:
        at = {path: Path(folder) / path for path in python}
        for path, place in at.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(files[path], encoding="utf-8")
        known = f"lint.isort.known-first-party = [{', '.join(repr(each) for each in own)}]"
        _ruff(folder, "check", "--fix", "--select", "F401,I", "--config", known)
        _ruff(folder, "format")
        _ruff(folder, "check", "--add-noqa", "--select", _HARMLESS)
        return {**files, **{path: place.read_text(encoding="utf-8") for path, place in at.items()}}


def _ruff(folder: str, *arguments: str) -> None:
    shared = ("--quiet", "--isolated", "--no-cache", "--config", f"line-length = {LINE_LENGTH}")
    command = [sys.executable, "-m", "ruff", *arguments, *shared, "--target-version", "py311"]
    # in that folder, so that what lies in the working folder is not taken for first-party
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise TidegateError(
            f"the code that was written is no Python that ruff takes: {done.stdout}{done.stderr}"
        )
