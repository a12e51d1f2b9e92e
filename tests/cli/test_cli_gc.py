"""`tidegate gc` with the project's settings, and the run that says that it is time for it."""

from __future__ import annotations

import pytest

from tests.cli.command_line import Shell


def settle(shell: Shell, *lines: str) -> None:
    text = "\n".join(["[tool.tidegate]", *lines, ""])
    (shell.folder / "pyproject.toml").write_text(text, encoding="utf-8")


def test_a_run_is_kept_for_a_week_and_then_for_as_long_as_the_project_says(shell: Shell) -> None:
    assert shell.run_inside("campaigns", "--run-id", "done").code == 0
    ended = shell.inside("gc", "--json")
    (told,) = ended.summary["runs"]
    assert (told["run"], told["removed"], ended.summary["bytes_removed"]) == ("done", False, 0)
    settle(shell, 'keep_pages = "0s"')
    ended = shell.inside("gc", "--dry-run")
    assert "would go" in ended.out
    assert list(shell.home.rglob("*.pages"))
    ended = shell.inside("gc")
    assert (ended.code, ended.err) == (0, "")
    assert "removed" in ended.out
    assert not list(shell.home.rglob("*.pages"))
    assert shell.inside("gc").out.count("\n") == 1


def test_a_run_says_in_one_line_that_the_state_folder_is_over_its_cap(shell: Shell) -> None:
    settle(shell, 'max_state = "1KB"')
    ended = shell.run_inside("campaigns", "--summary", "-")
    assert ended.code == 0
    assert ended.summary["status"] == "loaded"
    assert ended.err.splitlines()[-1].startswith("note: ")
    assert "max_state = 1.0 KB: `tidegate gc`" in ended.err
    assert "over the cap" in shell.inside("gc").out


@pytest.mark.parametrize("line", ['keep_pages = "long"', "keep_pages = 7", 'max_state = "10G"'])
def test_a_setting_that_is_no_amount_is_told_with_what_would_be(shell: Shell, line: str) -> None:
    settle(shell, line)
    shell.inside("gc").failed(30, line.split(maxsplit=1)[0], "such as")


def test_an_age_that_is_none_is_wrong_usage(shell: Shell) -> None:
    shell.inside("gc", "--unfinished", "old").failed(2, "--unfinished 'old'")
