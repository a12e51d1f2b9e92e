"""All of SendGrid's tables against the stand-in: every row, every column, as often as it should be there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.sandbox.sandbox_support import HandClock
from tests.sendgrid_bench import KEY, NOON, Bench, MakeBench, serving
from tests.sendgrid_truth import assert_exact, held, truth
from tidegate.app.inspect_commands import preview_command
from tidegate.engine.plan import Range
from tidegate.sandbox.sendgrid.app import FILES, TABLES
from tidegate.utils.errors import ExitCode
from tidegate.workflows.sendgrid.load import load_campaigns
from tidegate.workflows.sendgrid.main import app


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeBench]:
    """Make a `Bench`; keywords go to the stand-in. Its quota is high unless said."""
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(tmp_path, **settings))


def finished(bench: Bench, *tasks: str, **options: Any) -> None:
    report = bench.run(*tasks, **options)
    assert report.exit_code is ExitCode.OK, report.summary()


def test_every_table_is_exact(bench: MakeBench) -> None:
    made = bench(rows=400)
    made.sandbox.exports.file_rows = 90
    report = made.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert_exact(made.sandbox, made.warehouse)
    for task in report.tasks:
        gone = task.rows_superseded + task.rows_dropped + task.rows_quarantined
        assert task.rows_fetched + task.rows_added == task.rows_loaded + gone
        assert task.drift == [], "every key that comes is loaded, or left out by name"


@pytest.mark.parametrize("days", [1, 15])
def test_the_last_four_weeks_of_counts_are_asked_for_again_on_any_day(bench: MakeBench, days: int) -> None:
    made = bench(rows=0)
    finished(made, "stats")
    asked = len(made.sandbox.counters()["log"])
    later = NOON + timedelta(days=days)
    assert made.runner("stats", now=later).run().exit_code is ExitCode.OK
    again = [parse_qs(query) for _, query, _ in made.sandbox.counters()["log"][asked:]]
    first = min(date.fromisoformat(query["start_date"][0]) for query in again)
    assert first <= later.date() - timedelta(days=28)


def test_messages_are_asked_for_as_far_back_as_they_are_kept_and_then_from_an_hour_before_the_newest(
    bench: MakeBench,
) -> None:
    made = bench(rows=20)
    finished(made, "messages")
    finished(made, "messages")
    queries = [parse_qs(query)["query"][0] for path, query, _ in made.sandbox.counters()["log"]]
    starts = [datetime.fromisoformat(query.split('"')[1]) for query in queries]
    newest = max(datetime.fromisoformat(row["last_event_time"]) for row in made.sandbox.truth("messages"))
    assert starts == [NOON - timedelta(days=30), newest - timedelta(hours=1)]


def test_an_account_with_nothing_in_it_is_no_error(bench: MakeBench) -> None:
    made = bench(rows=0)
    finished(made, "contacts", "messages", "bounces")
    assert [held(made.warehouse, table) for table in ("contacts", "messages", "bounces")] == [[], [], []]


def test_a_later_run_asks_for_what_is_new_and_ends_exact(bench: MakeBench) -> None:
    made = bench(rows=300)
    finished(made, "messages", "bounces", "contacts")
    moved = made.sandbox.store.messages.rows.pop(0)
    made.sandbox.store.messages.times.pop(0)
    later = NOON + timedelta(hours=5)
    row = made.sandbox.store.messages.add(int((NOON + timedelta(hours=1)).timestamp() * 1000))
    row |= {**moved, "last_event_time": row["last_event_time"], "opens_count": 99}
    bounce = {"created": int(NOON.timestamp()) + 60, "email": "new@example.com", "reason": "", "status": ""}
    made.sandbox.store.suppressions("bounces").append(bounce)
    gone = made.sandbox.store.contacts.pop()
    report = made.runner("messages", "bounces", "contacts", now=later).run()
    assert report.exit_code is ExitCode.OK, report.summary()
    fetched = {task.task: task.rows_fetched for task in report.tasks}
    assert (fetched["sendgrid.messages"], fetched["sendgrid.bounces"]) == (2, 51)
    assert_exact(made.sandbox, made.warehouse, "messages", "contacts")
    assert gone["contact_id"] not in {row["contact_id"] for row in held(made.warehouse, "contacts")}
    emails = [row["email"] for row in held(made.warehouse, "bounces")]
    assert sorted(emails) == sorted(row["email"] for row in truth(made.sandbox, "bounces"))


def test_a_preview_shows_rows_where_the_first_answers_only_show_the_way(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bench(rows=50)
    for name, value in settings_of(made).items():
        monkeypatch.setenv(name, value)
    preview_command(lambda: app.workflow, "contacts", 1, debug=True)
    assert made.sandbox.truth("contacts")[0]["contact_id"] in capsys.readouterr().out


def test_the_plain_way_loads_the_same_campaigns(bench: MakeBench) -> None:
    made = bench(rows=50)
    sendgrid = made.connector()
    with closing(sendgrid.client):
        load_campaigns(sendgrid, to=str(made.warehouse))
    assert_exact(made.sandbox, made.warehouse, "campaigns")


def test_an_address_taken_off_a_list_goes_with_a_full_refresh(bench: MakeBench) -> None:
    made = bench(rows=300)
    finished(made, "bounces")
    del made.sandbox.store.suppressions("bounces")[10:20]
    finished(made, "bounces")
    assert len(held(made.warehouse, "bounces")) == 100
    finished(made, "bounces", range=Range(full_refresh=True))
    assert_exact(made.sandbox, made.warehouse, "bounces")


@pytest.mark.extended
def test_the_quota_that_each_endpoint_tells_is_never_overrun(bench: MakeBench) -> None:
    made = bench(rows=900, quota=1.0, limits={"/v3/messages": (6, 1.0), "": (15, 2.0)})
    report = made.run("category_stats", "stats")
    assert report.exit_code is ExitCode.OK, report.summary()
    tallies = made.sandbox.counters()["by_endpoint"]
    asked = {
        path: tallies[path]["requests"] for path in ("/v3/categories", "/v3/categories/stats", "/v3/stats")
    }
    assert asked == {"/v3/categories": 14, "/v3/categories/stats": 42, "/v3/stats": 14}
    assert made.sandbox.counters()["refused"] == 0
    assert_exact(made.sandbox, made.warehouse, "category_stats", "stats")


@pytest.mark.extended
def test_a_run_that_broke_off_amid_an_export_goes_on_with_it_by_new_addresses(bench: MakeBench) -> None:
    clock = HandClock()
    made = bench(rows=600, monotonic=clock)
    exports = made.sandbox.exports
    exports.file_rows, exports.down = 100, frozenset({1})
    report = made.run("contacts", run_id="once")
    assert report.exit_code is ExitCode.TRY_AGAIN, report.summary()
    exports.down = frozenset()
    clock.now_s += exports.links_s + 1
    resumed = made.run("contacts", run_id="once")
    assert resumed.exit_code is ExitCode.OK, resumed.summary()
    assert_exact(made.sandbox, made.warehouse, "contacts")
    assert len(exports.begun) == 1
    asked = [entry for entry in made.sandbox.counters()["log"] if entry[0] == FILES and entry[2] == 200]
    assert len(asked) == 3


@pytest.mark.extended
def test_an_export_whose_addresses_never_hold_fails_and_is_begun_anew_later(bench: MakeBench) -> None:
    made = bench(rows=100)
    made.sandbox.exports.links_s = -1.0
    assert made.run("contacts", run_id="once").exit_code is ExitCode.TRY_AGAIN
    made.sandbox.exports.links_s = 300.0
    finished(made, "contacts", run_id="once")
    assert_exact(made.sandbox, made.warehouse, "contacts")


def test_an_export_that_lacks_a_contact_takes_none_out_of_the_table(bench: MakeBench) -> None:
    made = bench(rows=60)
    finished(made, "contacts")
    before = held(made.warehouse, "contacts")
    made.sandbox.exports.lacks = 1
    report = made.run("contacts")
    assert report.exit_code is ExitCode.OK, report.summary()
    assert "30 contacts were exported, and the files hold 29" in str(report.tasks[0].warnings)
    assert len(held(made.warehouse, "contacts")) == len(before) == 30


def test_an_export_that_failed_leaves_the_table_as_it_was(bench: MakeBench) -> None:
    made = bench(rows=60)
    finished(made, "contacts")
    made.sandbox.exports.fails = True
    report = made.run("contacts")
    assert report.exit_code is ExitCode.FAILED, report.summary()
    assert "the export failed" in str(report.tasks[0].error)
    assert_exact(made.sandbox, made.warehouse, "contacts")


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_every_table_is_exact_with_five_percent_of_faults(bench: MakeBench) -> None:
    made = bench(rows=9_000, faults=0.05)
    made.sandbox.exports.file_rows = 300
    finished(made)
    assert made.sandbox.counters()["faults"] > 10
    assert_exact(made.sandbox, made.warehouse)


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_a_run_under_quota_with_faults_that_is_killed_and_resumed_ends_exact(bench: MakeBench) -> None:
    # a minute lasts a second here: 6 requests for messages in each, 600 of the others; the run is of now,
    # and thirty days before that the oldest messages are gone
    made = bench(rows=9_000, faults=0.05, quota=60.0, days=28)
    made.sandbox.exports.file_rows = 300
    killed = _started(made)
    deadline = time.monotonic() + 60
    while made.sandbox.counters()["by_endpoint"]["/v3/messages"]["requests"] < 4:
        assert time.monotonic() < deadline
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not made.warehouse.exists() or _rows(made.warehouse) < len(TABLES)
    resumed = _started(made)
    _, err = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, err.decode()
    assert_exact(made.sandbox, made.warehouse)
    tallies = made.sandbox.counters()["by_endpoint"]
    assert tallies["/v3/messages"]["refused"] == 0


def _rows(warehouse: Path) -> int:
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as db:
        found = db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'sendgrid%'")
        return int(found.fetchall()[0][0])


def settings_of(made: Bench) -> dict[str, str]:
    return {
        "SENDGRID_API_KEY": KEY,
        "SENDGRID_BASE_URL": made.origin,
        "SENDGRID_EXPORT_ORIGINS": made.sandbox.exports.origin,
        "SENDGRID_EXPORT_LOOK_S": "0.05",
        "SENDGRID_QUOTA": f"{made.quota:g}",
        "TIDEGATE_HOME": str(made.home.root),
    }


def _started(made: Bench) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **settings_of(made)}
    command = [sys.executable, "-m", "tidegate", "run", "sendgrid", "--to", str(made.warehouse), "--debug"]
    return subprocess.Popen(
        [*command, "--run-id", "killed-once"],
        env=environment,
        cwd=made.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
