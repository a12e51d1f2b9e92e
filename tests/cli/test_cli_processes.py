"""`run --executor processes` as a user types it."""

from __future__ import annotations

import pytest

from tests.cli.command_line import Shell


@pytest.mark.extended
def test_workers_load_and_the_summary_is_that_of_the_whole_run(shell: Shell) -> None:
    alone = shell("run", "brevo", "campaigns", "events", "--to", "alone.duckdb", "--summary", "-")
    workers = ["--executor", "processes", "--workers", "2"]
    ended = shell.run("campaigns", "events", *workers, "--summary", "-")
    assert (ended.code, alone.code) == (0, 0), ended
    figures = [
        [
            (task["task"], task["rows_loaded"], task["slices"], task["api_calls"])
            for task in each.summary["tasks"]
        ]
        for each in (alone, ended)
    ]
    assert figures[0] == figures[1]
    assert shell.tables()["brevo_events"] == 300


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "2"], "--workers goes with --executor processes"),
        (["--executor", "processes", "--workers", "0"], "--workers"),
        (["--executor", "threads"], "--executor"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(shell: Shell, words: list[str], said: str) -> None:
    shell.inside("run", "brevo", *words).failed(2, said)
