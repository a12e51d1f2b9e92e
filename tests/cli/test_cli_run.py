"""`tidegate run` against a stand-in: what is loaded, what is said, what another go does."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.command_line import KEY, Shell
from tests.cli.conftest import Standin
from tidegate.workflows.brevo.main import app

SUMMARY_KEYS = {"run_id", "workflow", "status", "started_at", "duration_s", "destination", "tasks", "views"}
TASK_KEYS = {
    "task", "table", "status", "slices", "pages", "pages_resumed", "api_calls", "retries", "waited_s",
    "bytes", "rows_fetched", "rows_added", "rows_loaded", "rows_superseded", "rows_dropped",
    "rows_quarantined", "rows_deleted", "bytes_billed", "slot_ms", "cursor", "commit_id", "error",
}  # fmt: skip
TABLES = {task.into.name for task in app.workflow.tasks}


def test_a_run_loads_every_table_and_shows_the_sum(shell: Shell) -> None:
    ended = shell.run()
    assert (ended.code, ended.err) == (0, ""), ended
    tables = shell.tables()
    assert tables.keys() == TABLES
    assert tables["brevo_events"] == 300
    rows = sum(tables.values())
    assert f"{rows} fetched + 0 added = {rows} loaded + 0 superseded + 0 dropped + 0 quarantined" in ended.out
    assert re.search(r"^run brevo-\S+ into x\.duckdb, \d+\.\d s$", ended.out, re.MULTILINE)


def test_only_the_named_tasks_run(shell: Shell) -> None:
    ended = shell.run("templates", "contacts")
    assert ended.code == 0
    assert shell.tables().keys() == {"brevo_templates", "brevo_contacts"}
    assert "brevo.events" not in ended.out


def test_the_workflows_own_module_runs_it_too(shell: Shell) -> None:
    ended = shell("run", "contacts", "--to", "x.duckdb", module="tidegate.workflows.brevo.main")
    assert ended.code == 0, ended
    assert shell.tables().keys() == {"brevo_contacts"}


def test_the_summary_is_the_last_line_of_output_and_all_else_is_on_standard_error(shell: Shell) -> None:
    ended = shell.run("events", "--summary", "-")
    assert ended.code == 0
    assert ended.out.count("\n") == 1
    assert ended.summary.keys() >= SUMMARY_KEYS
    (task,) = ended.summary["tasks"]
    assert task.keys() >= TASK_KEYS
    assert (task["task"], task["table"], task["rows_loaded"]) == ("brevo.events", "brevo_events", 300)
    assert "brevo.events" in ended.err
    assert "quarantined" in ended.err


def test_a_summary_for_which_there_is_no_room_is_told_after_the_report(shell: Shell) -> None:
    ended = shell.run_inside("templates", "--summary", "/dev/full")
    ended.failed(20, "--summary /dev/full cannot be written: No space left on device", "tidegate report")
    assert "loaded" in ended.out


def test_the_summary_of_a_failed_run_says_what_failed(shell: Shell) -> None:
    ended = shell.run("contacts", "--summary", "-", BREVO_BASE_URL=shell.env["BREVO_BASE_URL"] + "/none")
    assert ended.code == 30
    assert ended.summary["status"] == "failed"
    assert "404" in ended.summary["tasks"][0]["error"]


def test_the_summary_goes_into_a_file(shell: Shell) -> None:
    ended = shell.run("contacts", "--summary", "summary.json")
    assert ended.code == 0
    summary = json.loads((shell.folder / "summary.json").read_text())
    assert summary["tasks"][0]["rows_loaded"] == shell.tables()["brevo_contacts"]
    assert "{" not in ended.out


def test_a_finished_run_id_does_nothing_again(shell: Shell, brevo: Standin) -> None:
    first = shell.run("events", "--run-id", "nightly-1", "--summary", "-")
    assert first.code == 0
    asked, loaded = brevo.requests, shell.warehouse.read_bytes()
    second = shell.run("events", "--run-id", "nightly-1", "--summary", "-")
    assert second.code == 0
    assert second.summary == first.summary
    assert "nightly-1 is finished" in second.err
    assert brevo.requests == asked
    assert shell.warehouse.read_bytes() == loaded


def test_a_used_run_id_with_other_arguments_is_wrong_usage(shell: Shell, brevo: Standin) -> None:
    assert shell.run_inside("events", "--run-id", "nightly-1").code == 0
    asked = brevo.requests
    other = shell.run_inside("contacts", "--run-id", "nightly-1")
    other.failed(2, "nightly-1", "tasks was ['events']", "--run-id")
    shell.run_inside("events", "--run-id", "nightly-1", "--new").failed(2, "nightly-1", "--new")
    assert brevo.requests == asked
    assert shell.tables().keys() == {"brevo_events"}


def test_the_run_id_of_cloud_run_is_taken(shell: Shell) -> None:
    ended = shell.run("templates", "--summary", "-", CLOUD_RUN_EXECUTION="job-abc")
    assert ended.summary["run_id"] == "job-abc"


def test_a_range_of_days_is_asked_for_inclusive(shell: Shell, brevo: Standin) -> None:
    last = datetime.now(UTC).date() - timedelta(days=2)
    first = last - timedelta(days=1)
    brevo.sandbox.reset_counters()
    ended = shell.run_inside("events", "--from", f"{first}", "--until", f"{last}", "--summary", "-")
    assert ended.code == 0
    asked = " ".join(query for _, query, _ in brevo.sandbox.counters()["log"])
    assert set(re.findall(r"startDate=([\d-]+)", asked)) == {f"{first}", f"{last}"}
    assert ended.summary["tasks"][0]["slices"] == 2


def test_a_full_refresh_begins_at_the_start_and_not_at_the_cursor(shell: Shell) -> None:
    first = shell.run_inside("events", "--summary", "-").summary["tasks"][0]
    second = shell.run_inside("events", "--summary", "-").summary["tasks"][0]
    refreshed = shell.run_inside("events", "--full-refresh", "--summary", "-").summary["tasks"][0]
    assert second["slices"] < first["slices"] == refreshed["slices"]
    assert shell.tables() == {"brevo_events": 300}


def test_settings_are_read_from_a_dotenv_file(shell: Shell) -> None:
    (shell.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in shell.env.items()))
    shell.env.clear()
    assert shell.run_inside("templates").code == 0


def test_the_project_says_where_rows_and_state_go(shell: Shell) -> None:
    (shell.folder / "pyproject.toml").write_text('[tool.tidegate]\nto = "mine.duckdb"\nhome = "state"\n')
    deeper = Shell(shell.folder / "a", shell.env)
    deeper.folder.mkdir()
    ended = deeper.inside("run", "brevo", "templates", "--to", "here.duckdb")
    assert ended.code == 0
    assert deeper.tables("here.duckdb").keys() == {"brevo_templates"}
    assert (shell.folder / "state" / "ledger.db").is_file()
    assert shell.inside("run", "brevo", "templates").code == 0
    assert shell.tables("mine.duckdb").keys() == {"brevo_templates"}


def test_the_state_folder_is_private_and_holds_no_key(shell: Shell) -> None:
    assert shell.run_inside("contacts").code == 0
    for path in [shell.home, *shell.home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("option", ["--progress", "--no-progress"])
def test_where_nobody_looks_nothing_is_drawn(shell: Shell, option: str) -> None:
    ended = shell.run("templates", option)
    assert ended.code == 0
    assert "\x1b" not in ended.out
    assert ended.err == ""
