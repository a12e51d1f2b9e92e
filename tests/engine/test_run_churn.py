"""Rows that appear, change and vanish while pages are read: right after the next run, moved listings told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.brevo_bench import Bench, MakeBench
from tests.brevo_truth import TABLES, assert_exact, held, truth
from tidegate.engine.events import PageBuilt, RunEvent, RunListener
from tidegate.engine.report import RunReport
from tidegate.utils.errors import ExitCode


def run_until_loaded(bench: Bench) -> RunReport:
    """Run as a scheduler would: again for as long as it is said to be worth it."""
    for _ in range(10):
        report = bench.run()
        if report.exit_code is not ExitCode.TRY_AGAIN:
            return report
    raise AssertionError("ten runs were not enough")


def on_first_page(task: str, do: Callable[[], object], times: int = 1) -> RunListener:
    """A listener that acts when the first page of a start has been built, so many times."""
    left = [times]

    def hear(event: RunEvent) -> None:
        if isinstance(event, PageBuilt) and event.task == task and event.page == 0 and left[0]:
            left[0] -= 1
            do()

    return hear


@pytest.mark.extended
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.extended) for seed in (2, 3))])
def test_after_churn_the_next_run_is_right(bench: MakeBench, seed: int) -> None:
    made = bench(rows=8_000, seed=seed, churn=0.7, faults=0.03)
    made.sandbox.mutate(30)
    run_until_loaded(made)
    made.sandbox.mutate(200)
    run_until_loaded(made)
    made.sandbox.set_churn(0)
    made.sandbox.mutate(200)
    assert run_until_loaded(made).exit_code is ExitCode.OK
    assert_exact(made.sandbox, made.warehouse, *(table for table in TABLES if table != "contacts"))
    wanted = truth(made.sandbox, "contacts")
    there = {row["contact_id"] for row in wanted}
    # merge keeps contacts that were deleted at the vendor
    got = [row for row in held(made.warehouse, "contacts") if row["contact_id"] in there]
    assert sorted(got, key=lambda row: row["contact_id"]) == sorted(wanted, key=lambda row: row["contact_id"])


def test_a_listing_that_moves_once_is_read_anew_and_told(bench: MakeBench) -> None:
    made = bench(rows=30_000)
    runner = made.runner("contacts")
    runner.listener = on_first_page("brevo.contacts", lambda: made.sandbox.store.contacts.rows.pop(0))
    task = runner.run().tasks[0]
    assert task.exit_code == ExitCode.OK
    assert any("moved" in warning for warning in task.warnings)
    assert_exact(made.sandbox, made.warehouse, "contacts")


def test_a_listing_that_keeps_moving_loads_nothing_and_is_worth_trying_again(bench: MakeBench) -> None:
    made = bench(rows=30_000)
    runner = made.runner("contacts")
    store = made.sandbox.store
    runner.listener = on_first_page("brevo.contacts", lambda: store.contacts.rows.pop(0), times=3)
    task = runner.run().tasks[0]
    assert task.exit_code == ExitCode.TRY_AGAIN
    assert "moved" in (task.error or "")
    assert not made.warehouse.exists()
    assert made.run("contacts").exit_code is ExitCode.OK
    assert_exact(made.sandbox, made.warehouse, "contacts")
