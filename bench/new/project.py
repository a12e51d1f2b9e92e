"""A project in a scratch folder: made by `tidegate init`, filled by `tidegate new`, checked as in CI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_ACCEPTING = Path(__file__).with_name("accepting.py")
_FILE = re.compile(r"\b(?:connectors|factories|workflows|tests)/[\w/]+\.py")


@dataclass(frozen=True, slots=True)
class Project:
    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Project:
        project = cls(folder)
        made = project._run("-m", "tidegate", "init", str(folder), cwd=ROOT)
        if made.returncode:
            raise SystemExit(f"tidegate init: {made.stderr}")
        return project

    def add(self, name: str, file: Path) -> str | None:
        """Code for every listing that is found in the file; None, or what `tidegate new` said against it."""
        ran = self._run("-m", "tidegate", "new", name, "--openapi", str(file), "--all", "--yes")
        return None if ran.returncode == 0 else (ran.stderr or ran.stdout).strip()[-500:]

    def complaints(self, names: Iterable[str]) -> Mapping[str, list[str]]:
        """What the tools of `make check`, and the generated tests, say against the code of each API."""
        found: dict[str, list[str]] = {name: [] for name in names}
        for arguments in _tools():
            tool = " ".join(arguments[:2]) if arguments[0] == "ruff" else arguments[0]
            ran = self._run("-m", *arguments)
            if ran.returncode == 0:
                continue
            said = [line for line in ran.stdout.splitlines() if _FILE.search(line) and ": note:" not in line]
            for line in said or [f"{tool} ended with {ran.returncode}: {(ran.stdout + ran.stderr)[-400:]}"]:
                for name in _whose(line, found):
                    found[name].append(f"{tool}: {line.strip()}")
        return found

    def refusals(self, cases: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """For each example None, or why the contracts do not take it."""
        ran = self._run(str(_ACCEPTING), said=json.dumps(cases))
        if ran.returncode:
            raise SystemExit(f"the examples could not be tried: {ran.stderr[-2000:]}")
        refused: list[str | None] = json.loads(ran.stdout)
        return refused

    def _run(
        self, *arguments: str, cwd: Path | None = None, said: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "PYTEST_"))
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.folder,
            env=environment | {"PYTHONPATH": str(ROOT / "src")},
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )


def _tools() -> Sequence[Sequence[str]]:
    cache = ROOT / ".mypy_cache" / "new"  # of tidegate itself, which mypy reads too: a minute, once
    return (
        ("ruff", "check", "--no-cache", "--output-format", "concise", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("mypy", "--cache-dir", str(cache)),
        ("pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"),
    )


def _whose(line: str, names: Iterable[str]) -> list[str]:
    """The API whose file a line is about; all of them where it is about none's."""
    found = _FILE.search(line)
    parts = set(found[0].removesuffix(".py").split("/")) if found else set()
    known = list(names)
    return [name for name in known if name in parts] or known
