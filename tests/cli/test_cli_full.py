"""A limit on the size of files is like a full disk: worth trying again, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import Ended, Shell

ROOT = Path(__file__).resolve().parents[2]


def limited(shell: Shell, most: int, to: str) -> Ended:
    arguments = (str(most), "run", "brevo", "contacts", "--to", to)
    return shell(*arguments, module="tests.cli.limited", PYTHONPATH=str(ROOT))


def check(shell: Shell, most: int, to: str) -> None:
    ended = limited(shell, most, to)
    ended.failed(20, "error: ")
    again = shell("run", "brevo", "contacts", "--to", to)
    assert again.code == 0, again


@pytest.mark.parametrize("kilobytes", [0, 20])
def test_what_is_too_long_for_a_file_is_worth_trying_again(shell: Shell, kilobytes: int) -> None:
    check(shell, kilobytes * 1000, "x.duckdb")


@pytest.mark.extended
@pytest.mark.parametrize("to", ["x.duckdb", "parquet:x"])
@pytest.mark.parametrize("kilobytes", [1, 4, 10, 14, 16, 24, 28, 32, 36, 40, 44, 50, 60])
def test_whatever_is_too_long_for_a_file_is_worth_trying_again(shell: Shell, to: str, kilobytes: int) -> None:
    ended = limited(shell, kilobytes * 1000, to)
    if ended.code:
        ended.failed(20, "error: ")
    assert shell("run", "brevo", "contacts", "--to", to).code == 0
