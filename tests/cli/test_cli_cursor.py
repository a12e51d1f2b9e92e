"""`tidegate cursor`: shown, set and reset in the destination, with values that the task can use."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.command_line import Shell
from tidegate.app.cursor_commands import _border
from tidegate.contracts.windows import Windows
from tidegate.destinations.base import CursorRow
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.ledger import Ledger
from tidegate.engine.locks import task_lock
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home

TO = ("--to", "x.duckdb")
CONTACTS, EVENTS = "brevo.contacts", "brevo.events"


def told(shell: Shell, *arguments: str) -> dict[str, Any]:
    ended = shell.inside("cursor", *arguments, *TO, "--json")
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.summary


def test_what_is_set_is_shown_and_what_is_reset_is_gone(shell: Shell) -> None:
    none, first = {"version": 0, "value": None}, {"version": 1, "value": "2026-01-31T09:30:00+00:00"}
    gone = {"version": 2, "value": None}
    where = {"task": CONTACTS, "destination": "x.duckdb"}
    assert told(shell, "show", CONTACTS) == {**where, **none}
    assert told(shell, "set", CONTACTS, "2026-01-31T10:30:00+01:00") == {
        **where,
        "before": none,
        "after": first,
    }
    assert told(shell, "show", CONTACTS) == {**where, **first}
    assert told(shell, "reset", CONTACTS) == {**where, "before": first, "after": gone}


def test_a_person_reads_before_and_after_and_may_type_what_is_shown(shell: Shell) -> None:
    shell.inside("cursor", "set", CONTACTS, "2026-01-31 09:30:00.25Z", *TO)
    ended = shell.inside("cursor", "set", CONTACTS, "2026-02-01T00:00:00Z", *TO)
    assert ended.code == 0
    assert "before  2026-01-31 09:30:00.250000Z\n" in ended.out
    assert "after   2026-02-01 00:00:00Z\n" in ended.out
    assert "(40)" in ended.out
    assert shell.inside("cursor", "set", CONTACTS, "2026-01-31 09:30:00.250000Z", *TO).code == 0


def test_a_task_by_windows_takes_the_day_on_which_one_begins(shell: Shell) -> None:
    shell.inside("cursor", "set", EVENTS, "2026-01-31", *TO)
    assert DuckDBDestination(shell.warehouse).cursor(EVENTS) == CursorRow(
        1, datetime(2026, 1, 31, tzinfo=UTC)
    )
    assert (
        "2026-01-31: the windows before that day are done" in shell.inside("cursor", "show", EVENTS, *TO).out
    )


@pytest.mark.parametrize(
    ("task", "value", "said"),
    [
        (CONTACTS, "2026-01-31T09:30:00", "no instant with its offset"),
        (CONTACTS, "2026-01-31", "no instant with its offset"),
        (CONTACTS, "0001-01-01T00:00:00+14:00", "no instant with its offset"),
        (CONTACTS, "2999-01-01T00:00:00Z", "lies in the future"),
        (EVENTS, "2026-01-31T00:00:00Z", "is not a day"),
        (EVENTS, "2999-01-01", "lies in the future"),
        ("brevo.campaigns", "2026-01-31", "has no cursor"),
        ("brevo.nothing", "2026-01-31", "nothing"),
    ],
)
def test_what_is_no_value_is_refused_before_anything_is_made(
    shell: Shell, task: str, value: str, said: str
) -> None:
    shell.inside("cursor", "set", task, value, *TO).failed(2, said)
    assert not shell.warehouse.exists()


def test_a_window_begins_where_its_zone_says_and_nowhere_else() -> None:
    weeks, now = Windows(days=7, zone="Europe/Paris"), datetime(2026, 2, 10, tzinfo=UTC)
    cell = weeks.cell(now.date())
    assert _border(weeks, str(cell), now) == weeks.midnight(cell)
    with pytest.raises(UsageError) as refused:
        _border(weeks, str(cell + timedelta(days=3)), now)
    assert refused.value.hint == f"The nearest that do: {cell} and {cell + timedelta(days=7)}."


def test_while_a_run_has_the_task_nothing_moves_and_the_run_is_named(shell: Shell) -> None:
    home, to = Home(shell.home), DuckDBDestination(shell.warehouse)
    with Ledger(home) as ledger:
        lock = task_lock(home, ledger, CONTACTS, to, "the-run-at-work")
        for command in (("reset", CONTACTS), ("set", CONTACTS, "2026-01-31T00:00:00Z")):
            ended = shell.inside("cursor", *command, *TO)
            ended.failed(40, "the-run-at-work", f"process {os.getpid()}")
        lock.release()
    assert not shell.warehouse.exists()
    assert shell.inside("cursor", "reset", CONTACTS, *TO).code == 0


def test_the_next_run_asks_from_where_it_was_set(shell: Shell) -> None:
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    shell.inside("cursor", "set", EVENTS, str(day), *TO)
    assert shell.run_inside("events").code == 0
    plan = json.loads(next(shell.home.glob("runs/*/plan.json")).read_bytes())
    assert plan["tasks"][0]["slices"][0]["id"] == str(day - timedelta(days=3))


SPLIT = """
from datetime import date

from pydantic import AwareDatetime

from tidegate import Cursor, Each, ReadContract, Table, Window, WriteContract, task, workflow
from tidegate.http_tools.clients import Call


class ApiRow(ReadContract):
    id: int
    at: AwareDatetime


class CleanRow(WriteContract):
    row_id: int


def clean(row: ApiRow) -> CleanRow:
    return CleanRow(row_id=row.id)


@task(
    transform=clean,
    into=Table("rows", CleanRow, key=("row_id",), write="merge"),
    cursor=Cursor("at", start=date(2026, 1, 1)),
    over=Each("account", ["north", "south"]),
)
def rows(api: object, window: Window, account: str) -> Call[ApiRow]:
    raise AssertionError


class Factory:
    @staticmethod
    def create_connector(settings=None, *, client=None):
        raise AssertionError


app = workflow("split", Factory, [rows])
"""


@pytest.fixture
def split(shell: Shell) -> Shell:
    (shell.folder / "split.py").write_text(SPLIT)
    (shell.folder / "pyproject.toml").write_text('[tool.tidegate]\nworkflows = ["split:app"]\n')
    to = DuckDBDestination(shell.warehouse)
    to.set_cursor("split.rows", datetime(2026, 1, 5, tzinfo=UTC), seen=0, slice_id="north-1")
    to.set_cursor("split.rows", datetime(2026, 1, 6, tzinfo=UTC), seen=1, slice_id="south-2")
    return shell


def test_the_cursors_of_slices_are_shown(split: Shell) -> None:
    ended = split.inside("cursor", "show", "split.rows", *TO)
    assert "other slices: none: they begin at the task's start\n" in ended.out
    assert "2026-01-05 00:00:00Z  north-1\n" in ended.out
    slices = {"north-1": "2026-01-05T00:00:00+00:00", "south-2": "2026-01-06T00:00:00+00:00"}
    shown = told(split, "show", "split.rows")
    assert (shown["version"], shown["value"], shown["slices"]) == (2, None, slices)


def test_the_cursor_of_one_slice_is_moved_or_that_of_all(split: Shell) -> None:
    moved = told(split, "set", "split.rows", "2026-01-02T00:00:00Z", "--slice", "north-1")
    assert moved["after"]["slices"]["north-1"] == "2026-01-02T00:00:00+00:00"
    assert moved["after"]["slices"]["south-2"] == "2026-01-06T00:00:00+00:00"
    assert list(told(split, "reset", "split.rows", "--slice", "south-2")["after"]["slices"]) == ["north-1"]
    after = told(split, "set", "split.rows", "2026-01-03T00:00:00Z")["after"]
    assert (after["value"], after["slices"]) == ("2026-01-03T00:00:00+00:00", {})


def test_a_slice_that_has_no_cursor_is_wrong_usage(split: Shell) -> None:
    command = ("cursor", "set", "split.rows", "2026-01-02T00:00:00Z", "--slice")
    split.inside(*command, "south-3", *TO).failed(
        2, "no cursor of a slice 'south-3'; did you mean 'south-2'?"
    )
    split.inside("cursor", "reset", CONTACTS, "--slice", "x", *TO).failed(2, "no cursor of a slice 'x'")
