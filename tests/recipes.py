"""The recipes of docs/operations/schedules.md, and a project to run them in.

A recipe names the project `/srv/shop` and waits ten minutes between attempts: in a test it is a folder of the
test's own, and no wait. Nothing else of it is changed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operations" / "schedules.md"
_WAITS = re.compile(r"(minutes=|delay=|retry_delay_seconds=)(?:10|600)\b")

_SCRIPTED = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
codes = (here / "codes").read_text().split()
code = int(codes.pop(0))
(here / "codes").write_text(" ".join(codes))
with (here / "calls").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
print("told", file=sys.stderr)
if "-" in sys.argv and code in (0, 10):
    task = {{"task": "brevo.events", "rows_loaded": 7, "rows_quarantined": code // 10}}
    print(json.dumps({{"tasks": [task]}}))
sys.exit(code)
"""
_REAL = """#!/bin/sh
exec {python} -m tidegate "$@"
"""


def blocks(section: str) -> list[str]:
    """The code of a section of the page, in its order."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\w+\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@dataclass
class ShopFolder:
    """Stands for `/srv/shop`. `tidegate` in its `.venv` is the real one, or one that ends as it is told."""

    folder: Path

    @property
    def bin(self) -> Path:
        made = self.folder / ".venv" / "bin"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def real(self, **settings: str) -> None:
        """With settings in `.env`, as a project has them."""
        self._program("tidegate", _REAL.format(python=sys.executable))
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (self.folder / ".env").write_text("".join(lines))

    def scripted(self, *codes: int) -> None:
        """Each call ends with the next of the codes."""
        self._program("tidegate", _SCRIPTED.format(python=sys.executable))
        (self.bin / "codes").write_text(" ".join(map(str, codes)))
        (self.bin / "calls").unlink(missing_ok=True)

    @property
    def calls(self) -> list[list[str]]:
        path = self.bin / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def here(self, recipe: str) -> str:
        """The recipe for this folder."""
        return _WAITS.sub(r"\g<1>0", recipe.replace("/srv/shop", str(self.folder)))

    def save(self, name: str, recipe: str) -> Path:
        path = self.folder / name
        path.write_text(self.here(recipe))
        path.chmod(0o755)
        return path

    def program(self, name: str, text: str) -> None:
        self._program(name, text)

    def _program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def shell(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """As a scheduler starts it: hardly any environment."""
        inherited = {name: os.environ[name] for name in ("LANG", "PYTHONPATH") if name in os.environ}
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd="/",
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", **inherited, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
