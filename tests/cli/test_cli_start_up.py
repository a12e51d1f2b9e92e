"""Help comes at once: what is heavy is imported where it is used, and by no command's help."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What must not be imported for a line of help; the first ones not even for that of one command.
HEAVY = ("duckdb", "google", "httpx2", "orjson", "pandas", "polars", "pyarrow", "ray", "uvicorn")
HEAVIER_THAN_A_LIST = (*HEAVY, "pydantic", "pydantic_settings", "rich", "tidegate.engine.run")

_ASK = """
import sys
from tidegate.cli.main import main
sys.argv = ["tidegate", *{words!r}, "--help"]
try:
    main()
except SystemExit:
    pass
print(*(name for name in {names!r} if name in sys.modules), file=sys.stderr)
"""


def imported(words: list[str], names: tuple[str, ...]) -> list[str]:
    """Which of the names are imported when the help of a command has been shown."""
    script = _ASK.format(words=words, names=names)
    asked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage:" in asked.stdout
    return asked.stderr.split()


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    assert imported([], HEAVIER_THAN_A_LIST) == []


@pytest.mark.parametrize(
    "words", ["run", "show", "report", "schema diff", "quarantine list", "doctor", "gc", "new"]
)
def test_the_help_of_a_command_imports_no_engine_and_no_client(words: str) -> None:
    assert imported(words.split(), HEAVY) == []


def test_a_command_looks_for_garbage_less_often() -> None:
    """Most of what its imports make stays to the end."""
    script = f"import gc\n{_ASK.format(words=[], names=())}\nprint(gc.get_threshold()[0], file=sys.stderr)"
    asked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(asked.stderr) > 10_000
