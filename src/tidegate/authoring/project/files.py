"""The files of a new project, by their paths in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import PurePosixPath

from tidegate.authoring.project.settings import settings_table
from tidegate.utils.version import __version__

SETTINGS = PurePosixPath("pyproject.toml")

_TEMPLATES = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    "Makefile": "Makefile.in",
    ".gitignore": "gitignore.in",
    ".env.example": "env.example.in",
    ".dockerignore": "dockerignore.in",
    "Dockerfile": "Dockerfile.in",
    ".github/workflows/check.yml": "check.yml.in",
    "tests/test_project.py": "test_project.py.in",
}
_PACKAGES = {
    "connectors": "How each API is asked, and what it sends: the read contracts.",
    "factories": "Connectors, made of their settings, credentials and limits.",
    "workflows": "What the warehouse holds: the write contracts, the tables and the tasks.",
    "tests": "The tests of this project.",
}
_WORD = re.compile(r"\{\{(\w+)\}\}")


def project_files(name: str, to: str) -> Mapping[PurePosixPath, str]:
    """`to` is where rows go. The order is that in which they are shown."""
    words = {
        "name": name,
        "settings": settings_table(to),
        "tidegate": requirement(to),
        "tidegate_new": requirement(to, "new"),
    }
    template = resources("tidegate.authoring.project") / "template"
    made = {
        path: _WORD.sub(lambda found: words[found[1]], (template / source).read_text("utf-8"))
        for path, source in _TEMPLATES.items()
    }
    packages = {f"{package}/__init__.py": f'"""{what}"""\n' for package, what in _PACKAGES.items()}
    return {PurePosixPath(path): text for path, text in (made | packages).items()}


def requirement(to: str, *extras: str) -> str:
    """tidegate, as a project depends on it: this version or a later one that breaks nothing."""
    major, minor, patch = re.findall(r"\d+", __version__)[:3]
    ceiling = f"0.{int(minor) + 1}" if major == "0" else f"{int(major) + 1}"
    wanted = sorted({*extras, *(["bigquery"] if to.startswith("bigquery:") else [])})
    bracket = f"[{','.join(wanted)}]" if wanted else ""
    return f"tidegate{bracket}>={major}.{minor}.{patch},<{ceiling}"
