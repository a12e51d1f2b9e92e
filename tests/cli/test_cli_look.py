"""Commands beside `run`: the demo, and those that look."""

from __future__ import annotations

import re
import signal

import httpx2
import pytest

from tests.cli.command_line import Shell, interrupted, working
from tests.cli.conftest import Standin


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """No setting at all."""
    shell.env.clear()
    return shell


def test_the_demo_loads_shows_rows_and_says_what_to_try_next(bare: Shell) -> None:
    ended = bare("demo", "--rows", "400")
    assert (ended.code, ended.err) == (0, ""), ended
    assert bare.tables("demo.duckdb")["brevo_events"] == 400
    assert re.search(r"400 events.*, 5% of answers fail", ended.out)
    assert re.search(r"\d+ fetched \+ 0 added = \d+ loaded", ended.out)
    assert re.search(
        r"The stand-in counted \d+ requests; \d+ failed on purpose, 0 were over quota", ended.out
    )
    assert len(re.findall(r"@example\.(?:org|net|com)", ended.out)) >= 6, "rows are shown"
    assert "Try next:\n  tidegate status --to demo.duckdb" in ended.out


@pytest.mark.extended
def test_what_the_demo_says_to_try_next_is_aligned_and_works(bare: Shell) -> None:
    ended = bare("demo", "--rows", "100", "--faults", "0", "--to", "another-name.duckdb")
    listed = ended.out.partition("Try next:\n")[2].splitlines()
    assert len({re.search(r"\S(  +)\S", line.strip()).end() for line in listed}) == 1  # type: ignore[union-attr]  # all match
    for line in listed[:3]:
        command = line.strip().partition("  ")[0].removeprefix("tidegate ")
        assert bare(*command.split()).code == 0, command


@pytest.mark.extended
def test_a_second_demo_loads_all_again(bare: Shell) -> None:
    first, second = (bare("demo", "--rows", "100", "--faults", "0") for _ in range(2))
    sums = [re.findall(r"^\d+ fetched.*$", ended.out, re.MULTILINE) for ended in (first, second)]
    assert sums[0] == sums[1] != []


def test_a_demo_into_an_impossible_place_fails_before_anything_else(bare: Shell) -> None:
    bare("demo", "--to", "missing/x.duckdb").failed(30, "missing", "mkdir -p")


def test_the_list_and_the_tasks_are_shown_without_settings(bare: Shell) -> None:
    listed = bare("list")
    assert listed.code == 0
    for task in ("campaigns", "templates", "events", "contacts"):
        assert f"brevo.{task}" in listed.out
        shown = bare.inside("show", f"brevo.{task}")
        assert (shown.code, shown.err) == (0, "")
        assert f"brevo_{task}" in shown.out
        assert "read contract Api" in shown.out
        assert "write contract Clean" in shown.out
        assert "300 an hour" in shown.out
    assert not bare.home.exists(), "looking makes nothing"


def test_a_task_is_shown_with_how_long_it_takes_and_how_often_it_may_run(bare: Shell) -> None:
    told = bare.inside("show", "brevo.events").out
    assert re.search(r"^asks at most +270 requests in any hour$", told, re.MULTILINE)
    assert re.search(
        r"^shared with +brevo.templates, brevo.reports, brevo.blocked_contacts$", told, re.MULTILINE
    )
    assert re.search(r"^a run +4 slices: 4 requests or more \(one a page\), no waiting", told, re.MULTILINE)
    assert re.search(r"^how often +every 53.7 s and no oftener, if a page", told, re.MULTILINE)
    faster = bare.inside("show", "brevo.events", "--json", BREVO_QUOTA="10").summary
    assert faster["schedule"]["rates"] == [{"limit": 270, "window_s": 360.0}]
    assert (faster["task"], faster["write_contract"]["name"]) == ("brevo.events", "CleanEvent")
    wrong = bare.inside("show", "brevo.events", BREVO_QUOTA="none")
    assert (wrong.code, "the quota, without the connector's settings" in wrong.out) == (0, True)


def test_what_earlier_runs_took_is_told_of_the_next(shell: Shell) -> None:
    shell.run_inside("events", "--run-id", "one")
    advice = shell.inside("show", "brevo.events", "--json").summary["schedule"]
    (done,) = shell.inside("report", "one", "--json").summary["summary"]["tasks"]
    assert (advice["past"]["runs"], advice["past"]["requests"]) == (1, done["api_calls"])
    assert advice["first"]["requests"] == done["api_calls"]
    assert "the last one, since" in shell.inside("show", "brevo.events").out


def test_a_state_folder_that_cannot_be_read_keeps_nobody_from_looking(bare: Shell) -> None:
    bare.home.mkdir()
    (bare.home / "ledger.db").write_bytes(b"no database at all " * 100)
    shown = bare.inside("show", "brevo.events")
    assert (shown.code, "earlier runs: the ledger" in shown.out) == (0, True)


def test_a_workflow_lists_and_shows_its_own_tasks(bare: Shell) -> None:
    module = "tidegate.workflows.brevo.main"
    assert "brevo.events" in bare("list", module=module).out
    assert "brevo_events" in bare("show", "events", module=module).out


def test_a_preview_shows_rows_and_loads_nothing(shell: Shell) -> None:
    ended = shell("preview", "brevo.contacts", "--rows", "2")
    assert ended.code == 0, ended
    assert ended.out.count("contact_id") == 2
    assert re.search(r"^email +\[redacted\]$", ended.out, re.MULTILINE)
    assert re.search(r"^created_at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?Z$", ended.out, re.MULTILINE)
    assert list(shell.folder.glob("*.duckdb")) == []


def test_a_preview_without_a_key_names_the_setting(bare: Shell) -> None:
    bare("preview", "brevo.events").failed(30, "BREVO_API_KEY is not set")


def test_runs_and_status_say_so_where_there_is_nothing(bare: Shell) -> None:
    runs, status = bare("runs"), bare("status")
    assert (runs.code, status.code) == (0, 0)
    assert "Nothing has run here yet" in runs.out
    assert "warehouse.duckdb: nothing has been loaded into it yet" in status.out
    assert list(bare.folder.iterdir()) == [], "looking makes nothing"


def test_runs_lists_outcome_and_rows_newest_first(shell: Shell) -> None:
    assert shell.run_inside("templates", "--run-id", "good").code == 0
    assert shell.run_inside("templates", "--run-id", "never-began", BREVO_API_KEY="").code == 30
    elsewhere = shell.env["BREVO_BASE_URL"] + "x"
    assert shell.run_inside("contacts", "--run-id", "refused", BREVO_BASE_URL=elsewhere).code == 30
    lines = shell("runs").out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["refused", "good"]
    assert "failed (30)" in lines[0]
    rows = shell.tables()["brevo_templates"]
    assert re.search(rf"loaded +{rows}  x\.duckdb$", lines[1])
    assert len(shell("runs", "--limit", "1").out.splitlines()) == 3


def test_status_shows_rows_age_and_cursor_of_every_table(shell: Shell) -> None:
    assert shell.run_inside("events", "templates").code == 0
    ended = shell("status", "--to", "x.duckdb")
    assert ended.code == 0
    assert re.search(r"brevo_events +brevo\.events +300  \d+ s ago +\d{4}-\d\d-\d\d 00:00:00Z", ended.out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_prints_its_address_and_ends_well_on_a_signal(
    bare: Shell, number: signal.Signals
) -> None:
    process = bare.start("sandbox", "brevo", "--port", "0", "--rows", "100", "--quota", "600")
    assert process.stdout is not None
    with working(process, lambda: True):
        url = process.stdout.readline().strip()
        command = process.stdout.readline().strip()
        answer = httpx2.get(f"{url}/contacts", headers={"api-key": "any"})
        assert answer.status_code == 200
        assert command == f"BREVO_API_KEY=anything BREVO_QUOTA=600 BREVO_BASE_URL={url} tidegate run brevo"
        ended, _ = interrupted(process, number)
    assert (ended.code, ended.err) == (0, "")


def test_a_sandbox_that_cannot_be_served_says_why(bare: Shell, brevo: Standin) -> None:
    bare("sandbox", "brewo").failed(2, "brewo", "brevo")
    taken = re.search(r":(\d+)/", brevo.url)
    assert taken is not None
    bare("sandbox", "brevo", "--port", taken[1]).failed(30, f"port {taken[1]}", "--port")


def test_the_version_is_told(bare: Shell) -> None:
    assert re.fullmatch(r"tidegate \d+\.\d+\.\d+\n", bare("--version").out)
