"""The tutorial, followed in an empty folder with an installed wheel, ends with rows in a table.

Every sh block is run by bash, one after the other in one state; that of `tidegate sandbox` in the background.
A diff block is an edit: each run of - lines is replaced by the + lines that follow. A text block holds lines
of what the block before it has printed, where `...` stands for anything. Nothing is fetched from elsewhere:
the packages that tidegate depends on are those of the tests.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.wheel import built_wheel

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial" / "README.md"
BLOCKS = re.findall(r"^```(sh|diff|text)\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
# What bash keeps from block to block: variables, and where it is.
STEP = """
set -euo pipefail
source "$STATE/variables" 2>/dev/null || true
cd "$(cat "$STATE/folder")"
{block}
{{ declare -px | grep -v STATE=; }} > "$STATE/variables"
pwd > "$STATE/folder"
"""


class Reader:
    """Somebody who does what the page says, in `folder`."""

    def __init__(self, folder: Path, state: Path, environment: dict[str, str]) -> None:
        self._environment = environment | {"STATE": str(state)}
        self._state = state
        self._port = str(_free_port())
        self.said = ""
        (state / "folder").write_text(f"{folder}\n")

    @property
    def folder(self) -> Path:
        return Path((self._state / "folder").read_text().strip())

    def run(self, block: str) -> None:
        done = self._bash(block)
        out, _ = done.communicate(timeout=100)
        self.said = out
        assert done.returncode == 0, f"{block}\n{out}"

    @contextmanager
    def serving(self, block: str) -> Iterator[None]:
        """The server of the block, in a terminal of its own."""
        server = self._bash(f"exec {block.strip()} --port {self._port}")
        assert server.stdout is not None
        try:
            assert self._port in server.stdout.readline()
            yield
        finally:
            server.terminate()
            server.communicate(timeout=20)

    def edit(self, block: str) -> None:
        path, _, changes = block.removeprefix("--- ").partition("\n")
        file = self.folder / path
        text = file.read_text()
        for found in re.finditer(r"((?:^-.*\n)+)((?:^\+.*\n)+)", changes, re.MULTILINE):
            old, new = (re.sub(r"^[-+]", "", part, flags=re.MULTILINE) for part in found.groups())
            assert text.count(old) == 1, f"{path} has no such line:\n{old}"
            text = text.replace(old, new)
        file.write_text(text)

    def saw(self, block: str) -> None:
        for line in block.splitlines():
            pattern = ".*".join(r"\s+".join(map(re.escape, part.split())) for part in line.split("..."))
            assert re.search(pattern, self.said), f"not said: {line}\n{self.said}"

    def _bash(self, block: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", STEP.format(block=block.replace("8765", self._port))],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    folder, state = tmp_path / "empty", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "TIDEGATE": str(built_wheel(tmp_path / "wheel")),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return Reader(folder, state, environment)


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_the_tutorial_ends_with_rows_in_a_table(reader: Reader) -> None:
    (kind, install), *rest = BLOCKS
    assert kind == "sh"
    reader.run(install.replace("tidegate --version\n", ""))
    (packages,) = reader.folder.glob(".venv/lib/python*/site-packages")
    assert (packages / "tidegate").is_dir()
    (packages / "developers.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    reader.run("tidegate --version\n")
    (server,) = (block for _, block in rest if block.startswith("tidegate sandbox"))
    with reader.serving(server):
        for kind, block in rest:
            if block == server:
                continue
            {"sh": reader.run, "diff": reader.edit, "text": reader.saw}[kind](block)
        reader.run("ruff check .\nruff format --check .\npython -m mypy\npython -m pytest -q")
    with duckdb.connect(str(reader.folder / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.sql(
            "SELECT count(*), count(amount), count(DISTINCT ordered_on) FROM acme_orders"
        ).fetchall()
    assert rows == [(5000, 5000, 361)]
