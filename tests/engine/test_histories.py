"""Random histories of an API against a plain model: rows that appear, change, arrive late and vanish, also
while pages are read. After the next run the table is what the API holds, for every way to write.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.engine.crash_scene import FilteringShop, Sale, ask, to_sale
from tests.engine.shop import AcmeConnector, ApiOrder, as_any
from tidegate.contracts.table import SYNTHETIC_KEY, Table
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.base import Destination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.memory import MemoryDestination
from tidegate.engine.report import TaskReport
from tidegate.engine.run import Options
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode

START = datetime(2026, 3, 8, 6, tzinfo=UTC)
FIRST_DAY = START.date()
LOOKBACK = timedelta(hours=6)
PAGE = 8  # rows that a page of ten brings beyond the seam of two

Row = dict[str, Any]


# Beside the four: merges that delete what vanished; and rows whose ids say nothing, some of which are equal,
# in a task that asks for all of them and in one that asks for what came since.
Way = Literal["append", "replace", "replace_windows", "merge", "vanishing", "keyless", "keyless since"]
WAYS: tuple[Way, ...] = get_args(Way)
SINCE: tuple[Way, ...] = ("merge", "keyless since")
KEYLESS: tuple[Way, ...] = ("keyless", "keyless since")
FORGETTING: tuple[Way, ...] = ("replace", "vanishing", "keyless")
TABLES: dict[Way, Table[Sale]] = {
    "append": Table("orders", Sale),
    "replace": Table("orders", Sale, write="replace"),
    "replace_windows": Table("orders", Sale, write="replace_windows"),
    "merge": Table("orders", Sale, key=("order_id",), write="merge"),
    "vanishing": Table("orders", Sale, key=("order_id",), write="merge", delete_vanished=True),
    "keyless": Table("orders", Sale, key=SYNTHETIC_KEY, write="merge", delete_vanished=True),
    "keyless since": Table("orders", Sale, key=SYNTHETIC_KEY, write="merge"),
}


def task_of(write: Way) -> Task[Any, Any, Any]:
    into = TABLES[write]
    if write == "replace_windows":

        @task(transform=to_sale, into=into, windows=Windows(refetch=2, start=FIRST_DAY))
        def by_day(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
            return ask(acme, day=str(window.first_day))

        return as_any(by_day)
    if write in SINCE:

        @task(
            transform=to_sale,
            into=into,
            cursor=Cursor("updated_at", start=FIRST_DAY - timedelta(days=1), lookback=LOOKBACK),
        )
        def changed(acme: AcmeConnector, window: Window) -> Call[ApiOrder]:
            return ask(acme, since=window.start.isoformat())

        return as_any(changed)

    @task(transform=to_sale, into=into)
    def whole(acme: AcmeConnector) -> Call[ApiOrder]:
        return ask(acme)

    return as_any(whole)


@dataclass
class History:
    """An API whose clock and rows move, and a table that follows it."""

    write: Way
    folder: Path
    destination: Destination
    now: datetime = START
    shop: FilteringShop = field(init=False)
    last_run: date = FIRST_DAY
    under_way: list[tuple[int, str, int]] = field(default_factory=list)  # before request n: act, number

    def __post_init__(self) -> None:
        self.shop = FilteringShop(self.folder)
        self.shop.answer = self._move_on
        self._requests = self._made = 0

    def act(self, what: str, number: int) -> None:
        """Something happens at the vendor, a second after what happened last."""
        self.now += timedelta(seconds=1)
        rows = self.shop.orders
        match what:
            case "appear":
                for _ in range(number):
                    rows.append(self._row(self.now))
            case "late":
                rows.append(self._row(self._as_late_as_a_run_still_looks()))
            case "vanish" if len(rows) > 1 and self.write in FORGETTING:
                del rows[number % len(rows)]
            case "change" if rows and self.write != "keyless since":
                row = rows[number % len(rows)]
                if self.write == "replace_windows":  # the vendor dates a row once: it stays in its cell
                    settled = datetime.fromisoformat(row["updatedAt"]).date() < self.last_run - timedelta(
                        days=1
                    )
                    row["total"] += 0 if settled else 1
                else:
                    row |= {"total": row["total"] + 1, "updatedAt": self.now.isoformat()}

    def _row(self, at: datetime) -> Row:
        self._made += 1
        if self.write in KEYLESS:  # now and then equal to one of its neighbours
            at = at.replace(minute=0, second=0)
            return {"id": self._made**2 % 11, "total": self._made // 5, "updatedAt": at.isoformat()}
        number = 1000 + self._made
        return {"id": number, "total": number, "updatedAt": at.isoformat()}

    def _as_late_as_a_run_still_looks(self) -> datetime:
        if self.write == "keyless since":
            return max(START, self.now - LOOKBACK + timedelta(hours=1))
        if self.write == "merge":
            return max(START, self.now - LOOKBACK + timedelta(seconds=1))
        day = max(FIRST_DAY, self.last_run - timedelta(days=1))
        return datetime.combine(day, START.timetz())

    def _move_on(self, _: httpx2.Request) -> None:
        self._requests += 1
        for moment, what, number in self.under_way:
            if moment == self._requests:
                self.act(what, number)

    def run(self, *under_way: tuple[int, str, int]) -> TaskReport:
        self.under_way, self._requests = list(under_way), 0
        runner = self.shop.runner()
        runner.workflow = Workflow("acme", self.shop, (task_of(self.write),))
        runner.destination = self.destination
        runner.options = Options(new=True)
        began = self.now = self.now + timedelta(seconds=1)
        runner.now = lambda: began
        (report,) = runner.run().tasks
        if report.exit_code == ExitCode.OK:
            assert report.accounted, report
            self.last_run = began.date()
        return report

    def table(self) -> list[tuple[int, int]]:
        if not self.destination.freshness():
            return []
        names, rows = self.destination.sample("orders", 10**6)
        at = names.index("order_id"), names.index("total")
        return sorted((row[at[0]], row[at[1]]) for row in rows)

    def held(self) -> list[tuple[int, int]]:
        """What the API holds now."""
        return sorted((row["id"], row["total"]) for row in self.shop.orders)


HAPPENINGS = st.tuples(st.sampled_from(["appear", "late", "change", "vanish"]), st.integers(1, 25))


class Machine(RuleBasedStateMachine):
    """What happens, in any order."""

    write: Way = "merge"
    destination: Callable[[Path], Destination]

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.history = History(self.write, folder, self.destination(folder))
        self.history.act("appear", 25)
        self.history.now += timedelta(hours=30)
        self.the_next_run()

    @rule(happening=HAPPENINGS)
    def between_runs(self, happening: tuple[str, int]) -> None:
        self.history.act(*happening)

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.history.now += timedelta(hours=hours)

    @rule(under_way=st.lists(st.tuples(st.integers(1, 6), HAPPENINGS), min_size=1, max_size=3))
    def a_run_while_rows_move(self, under_way: list[tuple[int, tuple[str, int]]]) -> None:
        report = self.history.run(*((moment, *happening) for moment, happening in under_way))
        assert report.exit_code in (ExitCode.OK, ExitCode.TRY_AGAIN), report.error
        self.the_next_run()

    @rule()
    def the_next_run(self) -> None:
        before = self.history.table()
        report = self.history.run()
        assert report.exit_code == ExitCode.OK, report.error
        left = before if self.write == "append" else []
        assert self.history.table() == sorted([*left, *self.history.held()])

    def teardown(self) -> None:
        self._folder.cleanup()


def drive(write: Way, into: Callable[[Path], Destination], *, examples: int, steps: int) -> None:
    machine = type(
        f"Machine_{write.replace(' ', '_')}", (Machine,), {"write": write, "destination": staticmethod(into)}
    )
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=examples < 10,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=limits)


@pytest.mark.parametrize("write", ["merge"])
def test_after_the_next_run_the_table_is_what_the_api_holds(write: Way) -> None:
    drive(write, lambda _: MemoryDestination(), examples=2, steps=6)


@pytest.mark.extended
@pytest.mark.timeout(900)
@pytest.mark.parametrize("write", WAYS)
def test_after_the_next_run_of_any_history_the_table_is_what_the_api_holds(write: Way) -> None:
    drive(write, lambda folder: DuckDBDestination(folder / "warehouse.duckdb"), examples=8, steps=20)


@pytest.mark.parametrize("write", WAYS)
def test_a_row_that_arrives_late_is_in_the_table_after_the_next_run(tmp_path: Path, write: Way) -> None:
    history = History(write, tmp_path, MemoryDestination())
    history.act("appear", 20)
    history.now += timedelta(hours=30)
    history.act("appear", 20)
    assert history.run((2, "late", 1)).exit_code == ExitCode.OK
    history.act("late", 1)
    before = history.table() if write == "append" else []
    assert history.run().exit_code == ExitCode.OK
    assert history.table() == sorted([*before, *history.held()])


def vanishing(history: History, times: int) -> None:
    """The first row is taken away just before the second page of a walk is served, so many times."""
    left = [times]

    def answer(request: httpx2.Request) -> None:
        if request.url.params["offset"] == str(PAGE) and left[0]:
            left[0] -= 1
            del history.shop.orders[0]

    history.shop.answer = answer


@pytest.mark.parametrize("write", WAYS)
def test_rows_that_vanish_while_they_are_read_start_the_slice_over(tmp_path: Path, write: Way) -> None:
    history = History(write, tmp_path, MemoryDestination())
    history.act("appear", 40)
    vanishing(history, times=1)
    report = history.run()
    assert (report.exit_code, report.rows_loaded) == (ExitCode.OK, 39)
    assert any("moved" in warning for warning in report.warnings)
    assert history.table() == history.held()


def test_rows_that_keep_vanishing_load_nothing_and_the_next_run_is_right(tmp_path: Path) -> None:
    history = History("merge", tmp_path, MemoryDestination())
    history.act("appear", 60)
    vanishing(history, times=3)
    report = history.run()
    assert report.exit_code == ExitCode.TRY_AGAIN
    assert history.table() == []
    assert history.run().exit_code == ExitCode.OK
    assert history.table() == history.held()


@pytest.mark.extended
def test_rows_that_vanish_are_gone_after_the_next_full_refresh(tmp_path: Path) -> None:
    for write in FORGETTING:
        history = History(write, tmp_path / write, MemoryDestination())
        history.folder.mkdir()
        history.act("appear", 40)
        history.run()
        for number in (3, 17, 30):
            history.act("vanish", number)
        assert history.run().rows_deleted == (0 if write == "replace" else 3)
        assert history.table() == history.held()
        assert len(history.held()) == 37


@pytest.mark.extended
def test_rows_without_an_id_are_as_often_in_the_table_as_the_api_has_them(tmp_path: Path) -> None:
    for write in KEYLESS:
        history = History(write, tmp_path / write, MemoryDestination())
        history.folder.mkdir()
        for _ in range(4):
            history.act("appear", 12)
            history.now += timedelta(minutes=20)
            history.run()
            assert history.table() == history.held()
        assert len(set(history.held())) < len(history.held())
