"""Every stand-in is one line of a table, and prints a command that works against it."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from tests.cli.command_line import Shell, interrupted, working
from tidegate.cli.sandbox import STAND_INS, Wishes
from tidegate.utils.errors import UsageError


@pytest.mark.parametrize("api", STAND_INS)
def test_each_stand_in_is_made_by_the_name_of_its_workflow(api: str) -> None:
    made = STAND_INS[api](Wishes(rows=20, seed=1, quota=1.0, faults=0.0, churn=0.0, drift=()))
    assert callable(made.app)
    assert made.truth


@pytest.mark.parametrize("api", [each for each in STAND_INS if each != "brevo"])
def test_what_a_stand_in_cannot_do_is_wrong_usage(api: str) -> None:
    with pytest.raises(UsageError, match="no --churn"):
        STAND_INS[api](Wishes(rows=20, seed=1, quota=1.0, faults=0.0, churn=0.1, drift=()))


@pytest.mark.extended
def test_the_command_that_the_stand_in_of_sendgrid_prints_loads_what_lies_elsewhere_too(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path, {})
    process = shell.start("sandbox", "sendgrid", "--port", "0", "--rows", "100", "--quota", "600")
    assert process.stdout is not None
    with working(process, lambda: True):
        process.stdout.readline()
        *settings, program, command, workflow = shlex.split(process.stdout.readline())
        assert (program, command, workflow) == ("tidegate", "run", "sendgrid")
        env = dict(each.split("=", 1) for each in settings)
        ended = shell("run", "sendgrid", "contacts", "campaigns", "--to", "x.duckdb", **env)
        assert (ended.code, ended.err) == (0, "")
        assert shell.tables() == {"sendgrid_contacts": 50, "sendgrid_campaigns": 12}
        interrupted(process, signal.SIGTERM)


@pytest.mark.extended
def test_the_command_that_the_stand_in_of_titelive_prints_works_against_both_its_origins(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path, {})
    process = shell.start("sandbox", "titelive", "--port", "0", "--rows", "100", "--quota", "600")
    assert process.stdout is not None
    with working(process, lambda: True):
        process.stdout.readline()
        *settings, program, command, workflow, task = shlex.split(process.stdout.readline())
        assert (program, command, workflow, task) == ("tidegate", "run", "titelive", "changes")
        env = dict(each.split("=", 1) for each in settings)
        ended = shell("run", "titelive", "changes", "--to", "x.duckdb", **env)
        assert (ended.code, ended.err) == (0, "")
        without = shell("run", "titelive", "--to", "x.duckdb", **env)
        without.failed(30, "TITELIVE_EANS is not set", "tidegate run titelive changes")
        interrupted(process, signal.SIGTERM)
