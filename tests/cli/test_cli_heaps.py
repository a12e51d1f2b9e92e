"""The threads of a command, and of its workers, share two heaps: told by the workflow's own code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.command_line import Shell
from tests.cli.test_cli_own_workflow import MAIN, orders
from tests.http_tools.loopback import Loopback, as_json
from tests.utils.test_heaps import COUNT

_COUNTED = f"""
def to_clean_order(order: ApiOrder) -> CleanOrder:
    import subprocess, sys
    from contextlib import redirect_stdout
    with open(f"heaps-{{os.getpid()}}", "w") as file, redirect_stdout(file):
        sys.argv = ["", "as they are"]
        exec({COUNT!r}, {{}})
    return CleanOrder(order_id=order.id, total=order.total)


def before"""


def counted(folder: Path) -> list[int]:
    return [int(file.read_text()) for file in folder.glob("heaps-*")]


@pytest.mark.extended
@pytest.mark.skipif(sys.platform != "linux", reason="heaps of threads are glibc's")
@pytest.mark.parametrize("how", [(), ("--executor", "processes", "--workers", "1")], ids=str)
def test_the_threads_of_a_command_share_few_heaps(how: tuple[str, ...], shell: Shell, api: Loopback) -> None:
    package = shell.folder / "workflows" / "acme"
    package.mkdir(parents=True)
    (package / "main.py").write_text(MAIN.replace("def to_clean_order", _COUNTED, 1))
    (shell.folder / "pyproject.toml").write_text("[tool.tidegate]\nworkflows = ['workflows.acme.main:app']\n")
    shell.env["ACME_BASE_URL"] = api.url
    api.by = lambda _: as_json(orders("10"))
    ended = shell("run", "acme", "--to", "x.duckdb", *how)
    assert ended.code == 0, ended
    (heaps,) = counted(shell.folder)
    assert heaps <= 3
