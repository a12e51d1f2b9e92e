"""Views on the command line: listed, shown, compared, applied, and told of by a run."""

from __future__ import annotations

import json

import duckdb
import pytest

from tests.cli.command_line import Shell

VIEW = "brevo_events_daily"
NAMED = f"brevo.{VIEW}"


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """No setting at all."""
    shell.env.clear()
    return shell


def sql(shell: Shell, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(shell.warehouse)) as connection:
        return connection.execute(statement).fetchall()


def test_views_are_listed_and_shown_without_a_setting(bare: Shell) -> None:
    (line,) = [each for each in bare.inside("list").out.splitlines() if NAMED in each]
    assert line.split()[:3] == [NAMED, VIEW, "view"]
    shown = bare.inside("show", NAMED)
    assert (shown.code, shown.err) == (0, "")
    assert "unique_opens   int, required" in shown.out
    assert f'CREATE OR REPLACE VIEW "{VIEW}"' in shown.out
    assert f"CREATE VIEW `{VIEW}`" in shown.out
    plain = bare.inside("show", NAMED, "--json").summary
    assert (plain["view"], plain["over"], plain["contract"]["name"]) == (
        NAMED,
        ["brevo_events"],
        "EventsDaily",
    )
    assert "FROM `brevo_events`" in plain["sql"]["bigquery"]
    assert VIEW in bare.inside("show", "brevo.events").out
    assert bare.inside("show", "brevo.events", "--json").summary["views"] == [VIEW]


def test_the_schema_of_a_view_is_ddl_that_runs_after_that_of_its_table(bare: Shell) -> None:
    table, view = (bare.inside("schema", "show", each).out for each in ("brevo.events", NAMED))
    whole = bare.inside("schema", "show", "brevo").out
    assert table.strip() in whole
    assert view.strip() in whole
    with duckdb.connect() as connection:
        connection.execute(table)
        connection.execute(view)
        assert connection.sql(f"SELECT * FROM {VIEW}").fetchall() == []
    fields = json.loads(bare.inside("schema", "show", NAMED, "--format", "bigquery").out)
    assert (fields[0]["name"], fields[0]["type"]) == ("day", "DATE")


def test_what_is_no_task_of_its_own_cannot_be_run(bare: Shell) -> None:
    bare.inside("run", "brevo", VIEW).failed(2, f"no task '{VIEW}'")
    bare.inside("preview", NAMED).failed(2, f"no task '{VIEW}'")


def test_a_run_tells_what_became_of_views_and_says_nothing_where_nothing_did(shell: Shell) -> None:
    first = shell.run_inside("events", "--summary", "-")
    assert [each["status"] for each in first.summary["views"]] == ["made"]
    assert f"view {VIEW}: made" in first.err
    second = shell.run_inside("events")
    assert (second.code, VIEW in second.out) == (0, False)
    assert sql(shell, f"SELECT sum(requested) > 0 FROM {VIEW}") == [(True,)]


@pytest.mark.extended
def test_a_view_of_others_fails_the_run_with_one_message_and_the_rows_are_there(shell: Shell) -> None:
    sql(shell, f"CREATE VIEW {VIEW} AS SELECT 1 AS mine")
    ended = shell.run_inside("events")
    ended.failed(30, f"error: view {VIEW} is not made", "Drop it, or rename it")
    assert ended.err.count("error:") == 1
    assert shell.tables()["brevo_events"] == 300


def test_diff_and_apply_know_views(shell: Shell) -> None:
    to = ("--to", "x.duckdb")
    waits = shell.inside("schema", "diff", "brevo.events", *to).out
    assert f"{NAMED}  waits for table brevo_events" in waits
    applied = shell.inside("schema", "apply", "brevo.events", *to).out
    assert applied.splitlines()[-1] == f"{NAMED}: made"
    assert shell.inside("schema", "diff", "brevo.events", "--exit-code", *to).code == 0
    assert shell.inside("schema", "apply", NAMED, *to).out == f"{NAMED}: nothing to change\n"
    sql(shell, f"COMMENT ON VIEW {VIEW} IS '(tidegate view {'0' * 32})'")
    differs = shell.inside("schema", "diff", NAMED, "--json", "--exit-code", *to)
    assert (differs.code, differs.summary) == (
        30,
        {"view": NAMED, "standing": "other", "text": "is of another definition", "safe": True},
    )
    assert shell.inside("schema", "apply", "brevo.events", *to).out.splitlines()[-1] == f"{NAMED}: replaced"


def test_diff_and_apply_leave_a_view_of_others_to_a_person(shell: Shell) -> None:
    shell.inside("schema", "apply", "brevo.events", "--to", "x.duckdb")
    sql(shell, f"CREATE OR REPLACE VIEW {VIEW} AS SELECT 1 AS mine")
    shown = shell.inside("schema", "diff", "brevo.events", "--to", "x.duckdb")
    assert (shown.code, "a person" in shown.out) == (30, True)
    assert shell.inside("schema", "diff", NAMED, "--to", "x.duckdb", "--json").summary["safe"] is False
    shell.inside("schema", "apply", "brevo.events", "--to", "x.duckdb").failed(30, f"view {VIEW} is not made")
    assert sql(shell, f"SELECT mine FROM {VIEW}") == [(1,)]


def test_files_have_no_views_and_every_command_says_so(shell: Shell) -> None:
    to = ("--to", "parquet:files")
    assert "holds no views" in shell.inside("schema", "diff", NAMED, *to).out
    assert f"{NAMED}: left out" in shell.inside("schema", "apply", NAMED, *to).out


@pytest.mark.extended
def test_a_run_into_files_says_that_its_view_is_left_out(shell: Shell) -> None:
    ended = shell.inside("run", "brevo", "events", "--to", "parquet:files")
    assert (ended.code, f"view {VIEW} is left out: parquet:" in ended.out) == (0, True)
