"""The main job against the stand-in: exact tables, rows that add up, quotas kept."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.brevo_bench import CORE, NOON, MakeBench
from tests.brevo_truth import assert_exact, assert_no_column_forgotten
from tidegate.connectors.brevo.limiter import SMTP, BrevoRateLimiter, Quota
from tidegate.engine.events import QuotaWait, RunEvent
from tidegate.engine.plan import Range
from tidegate.sandbox.brevo.routes import ROUTES
from tidegate.utils.errors import ExitCode


def test_every_table_equals_the_truth_with_five_percent_of_faults(bench: MakeBench) -> None:
    """And a first run of everything asks of each quota less than an hour grants: 270 and 90 requests."""
    made = bench(rows=6_000, faults=0.05)
    report = made.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert_exact(made.sandbox, made.warehouse)
    assert_no_column_forgotten(made.warehouse)
    for task in report.tasks:
        gone = task.rows_superseded + task.rows_dropped + task.rows_quarantined
        assert task.rows_fetched + task.rows_added == task.rows_loaded + gone
        assert task.rows_fetched > 0
    asked: Counter[str] = Counter()
    for path, each in made.sandbox.counters()["by_endpoint"].items():
        asked[ROUTES[path].bucket] += each["requests"]
    assert (asked["smtp"] <= 90, asked["general"] <= 75) == (True, True), asked


@pytest.mark.extended
def test_retried_faults_show_in_the_report(bench: MakeBench) -> None:
    made = bench(rows=1_500, faults=0.2)
    report = made.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert sum(task.retries for task in report.tasks) > 0


def test_a_second_run_changes_nothing_where_nothing_changed(bench: MakeBench) -> None:
    made = bench(rows=3_000)
    made.run(*CORE)
    second = made.run(*CORE)
    assert second.exit_code is ExitCode.OK
    assert_exact(made.sandbox, made.warehouse, *CORE)


def test_a_second_run_asks_again_for_the_last_three_days_of_events_only(bench: MakeBench) -> None:
    made = bench(rows=3_000)
    made.run("events")
    second = made.run("events").tasks[0]
    assert second.slices == 3


def test_a_quota_that_forces_waits_is_never_overrun(bench: MakeBench) -> None:
    # 12 requests in 2 s, of which 10 are used; 31 days and more are asked for
    made = bench(rows=1_000, quota=1.0, limits={"smtp": ((12, 2.0),)})
    runner = made.runner("events", range=Range(first=NOON.date() - timedelta(days=34)))
    runner.connector = made.connector(BrevoRateLimiter(quotas=[Quota(SMTP, 12, 2.0)]))
    waits: list[str] = []

    def hear(event: RunEvent) -> None:
        if isinstance(event, QuotaWait):
            waits.append(event.reason)

    runner.listener = hear
    report = runner.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert waits.count("quota") >= 3
    assert made.sandbox.counters()["refused"] == 0
    assert_exact(made.sandbox, made.warehouse, "events")


@pytest.mark.parametrize("table", ["campaigns", "contacts"])
def test_a_single_task_can_be_run_alone(bench: MakeBench, table: str) -> None:
    made = bench(rows=2_000)
    report = made.run(table)
    assert [task.task for task in report.tasks] == [f"brevo.{table}"]
    assert_exact(made.sandbox, made.warehouse, table)
