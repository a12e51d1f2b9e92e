"""Runs that are stopped, meet each other, or wait: exit codes, what is said, and the way on."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.cli.command_line import Shell, interrupted, working
from tests.cli.conftest import Standin
from tests.cli.test_cli_bad_answers import TOTAL, listing
from tests.http_tools.loopback import Answer, Loopback, Seen

SLOW_S = 30.0
# An account that may ask nine times in 10,000 seconds, and a listing that takes more.
POOR = {"BREVO_QUOTA": "0.0001"}
GRANTED = 9
MANY = 10_500


def slow_behind_the_first_page(seen: Seen) -> Answer:
    answer = listing()(seen)
    return answer if seen.query.get("offset", "0") == "0" else replace(answer, delay_s=SLOW_S)


def first_page_is_logged(shell: Shell) -> bool:
    return any(path.stat().st_size > 2000 for path in shell.home.glob("runs/*/contacts/all.pages"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_with_slow_pages_soon_and_the_same_command_resumes_it(
    scripted: Shell, api: Loopback, number: signal.Signals
) -> None:
    api.by = slow_behind_the_first_page
    command = ("run", "brevo", "contacts", "--to", "x.duckdb", "--run-id", "nightly")
    process = scripted.start(*command)
    with working(process, lambda: first_page_is_logged(scripted)):
        ended, took_s = interrupted(process, number)
    ended.failed(20, "resumes")
    assert took_s < 8
    assert scripted.tables() == {}
    api.by = listing()
    api.seen.clear()
    resumed = scripted.inside(*command, "--summary", "-")
    assert resumed.code == 0, resumed
    assert scripted.tables() == {"brevo_contacts": TOTAL}
    assert resumed.summary["tasks"][0]["pages_resumed"] == 1
    assert "0" not in [seen.query.get("offset", "0") for seen in api.seen]


def test_a_signal_cuts_a_long_wait_for_quota_and_the_same_command_resumes(
    scripted: Shell, api: Loopback
) -> None:
    api.by = listing(total=MANY)
    process = scripted.start("run", "brevo", "contacts", "--to", "x.duckdb", "--max-wait", "3h", **POOR)
    with working(process, lambda: len(api.seen) == GRANTED):
        time.sleep(0.3)
        ended, took_s = interrupted(process, signal.SIGINT)
    ended.failed(20, "brevo.contacts", "stopped", "Run the same command again: it resumes")
    assert took_s < 4
    resumed = scripted.run_inside("contacts", "--summary", "-")
    assert resumed.code == 0
    assert scripted.tables() == {"brevo_contacts": MANY}
    assert resumed.summary["tasks"][0]["pages_resumed"] == GRANTED
    offsets = [seen.query.get("offset", "0") for seen in api.seen]
    assert len(offsets) == len(set(offsets)), "no page was asked for twice"


def test_a_wait_longer_than_allowed_is_worth_trying_again(scripted: Shell, api: Loopback) -> None:
    api.by = listing(total=MANY)
    ended = scripted.run_inside("contacts", "--max-wait", "15m", **POOR)
    ended.failed(20, "brevo.contacts ", "longer than the 900 s allowed", "--max-wait")
    assert len(api.seen) == GRANTED
    assert scripted.tables() == {}


@pytest.mark.extended
def test_of_two_runs_at_once_the_second_names_the_first_and_leaves_it_alone(
    scripted: Shell, api: Loopback
) -> None:
    api.by = lambda seen: replace(listing()(seen), delay_s=1.0)
    process = scripted.start("run", "brevo", "contacts", "--to", "x.duckdb")
    with working(process, lambda: bool(api.seen)):
        asked = len(api.seen)
        same = scripted.run_inside("contacts")
        named = scripted.run_inside("contacts", "--run-id", "another")
        (first,) = [name for name in scripted.run_ids() if name != "another"]
        lines = scripted.inside("runs").out
        assert len(api.seen) == asked
        _, err = process.communicate(timeout=30)
    same.failed(40, f"run {first} is at work in process {process.pid}")
    named.failed(40, f"brevo.contacts into x.duckdb is in the hands of run {first} (process {process.pid})")
    assert re.search(rf"{first} .* unfinished ", lines)
    assert (process.returncode, err) == (0, "")
    assert scripted.tables() == {"brevo_contacts": TOTAL}
    assert re.search(rf"{first} .* loaded ", scripted.inside("runs").out)
    assert "another" not in scripted.inside("runs").out  # it never began


@contextmanager
def held(shell: Shell, seconds: float = 60.0) -> Iterator[int]:
    """Another process that has the warehouse open; gives its id."""
    script = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep({})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script.format(seconds), str(shell.warehouse)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "open\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_warehouse_that_another_process_keeps_open_is_named_with_its_process(
    shell: Shell, brevo: Standin
) -> None:
    asked = brevo.requests
    with held(shell) as pid:
        shell.run_inside("contacts", "--max-wait", "1s").failed(20, "x.duckdb", f"process {pid}", "run again")
    assert brevo.requests == asked, "no quota is spent for what could not be loaded"
    assert shell.run_inside("contacts").code == 0


def test_a_warehouse_that_is_soon_free_again_is_waited_for(shell: Shell) -> None:
    with held(shell, 1.0):
        assert shell.run_inside("contacts").code == 0


def test_a_signal_cuts_the_wait_for_a_warehouse(shell: Shell) -> None:
    with held(shell):
        process = shell.start("run", "brevo", "contacts", "--to", "x.duckdb")
        with working(process, (shell.home / "ledger.db").exists):
            time.sleep(1)
            ended, took_s = interrupted(process, signal.SIGTERM)
    ended.failed(20, "stopp")
    assert took_s < 4


def test_a_second_signal_kills_at_once(scripted: Shell, api: Loopback) -> None:
    api.by = slow_behind_the_first_page
    process = scripted.start("run", "brevo", "contacts", "--to", "x.duckdb")
    with working(process, lambda: first_page_is_logged(scripted)):
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        if process.stderr.readline().startswith("stopping"):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=4)
    assert process.returncode in {20, -signal.SIGINT}


def on_terminal(shell: Shell, *arguments: str) -> tuple[int, str]:
    """Run with a terminal for standard error; give the exit code and what it showed."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        environment = {**os.environ, **shell.env, "TERM": "xterm", "COLUMNS": "120"}
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", *arguments],
            cwd=shell.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while chunk := screen.read(4096):
                shown += chunk
        except OSError:  # Linux says EIO where the other end is closed
            pass
        return process.wait(30), shown.decode()


@pytest.mark.extended
def test_bars_are_drawn_on_a_terminal_and_gone_at_the_end(scripted: Shell, api: Loopback) -> None:
    api.by = lambda seen: replace(listing()(seen), delay_s=0.4)
    code, shown = on_terminal(scripted, "run", "brevo", "contacts", "--to", "x.duckdb")
    assert code == 0
    assert re.search(r"brevo\.contacts .*0/1 .*pages .*rows .*fetching", shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is shown again"
    assert on_terminal(scripted, "run", "brevo", "contacts", "--to", "x.duckdb", "--no-progress") == (0, "")
