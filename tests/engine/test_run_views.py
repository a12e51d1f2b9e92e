"""Views of a workflow in a run: made after what they are over has landed, told of, and never in its way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engine.shop import ORDERS, CleanOrder, Shop
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.memory import MemoryDestination
from tidegate.destinations.parquet import ParquetDestination
from tidegate.destinations.views import ViewState
from tidegate.engine.replay import Replay
from tidegate.engine.report import RunReport
from tidegate.engine.run import Runner
from tidegate.engine.workflows import Workflow
from tidegate.utils.errors import ExitCode


class Total(WriteContract):
    """What all orders come to."""

    total: int


TOTAL = View("orders_total", Total, over=(ORDERS,), sql="SELECT sum(total) AS total FROM {orders}")
LARGEST = replace(TOTAL, sql="SELECT max(total) AS total FROM {orders}")
BROKEN = replace(TOTAL, sql="SELECT sum(amount) AS total FROM {orders}")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(4)
    return made


def runner(shop: Shop, *views: View, **options: Any) -> Runner:
    made = shop.runner(**options)
    made.workflow = replace(made.workflow, views=views)
    return made


def became(report: RunReport) -> list[tuple[str, str]]:
    return [(view.view, view.status) for view in report.views]


def total(shop: Shop) -> Any:
    return shop.rows("SELECT total FROM orders_total")[0][0]


def alter(shop: Shop, sql: str) -> None:
    with duckdb.connect(str(shop.warehouse)) as connection:
        connection.execute(sql)


def test_a_view_is_made_by_the_first_run_and_left_alone_by_the_next(shop: Shop) -> None:
    assert became(runner(shop, TOTAL).run()) == [("orders_total", "made")]
    assert total(shop) == 0 + 3 + 6 + 9
    assert became(runner(shop, TOTAL, new=True).run()) == [("orders_total", "unchanged")]
    assert became(runner(shop, LARGEST, new=True).run()) == [("orders_total", "replaced")]
    assert total(shop) == 9


def test_the_summary_tells_of_views_and_is_read_again(shop: Shop) -> None:
    report = runner(shop, TOTAL).run()
    assert report.summary()["views"] == [
        {"view": "orders_total", "status": "made", "exit_code": 0, "about": "", "error": None, "hint": None}
    ]
    assert RunReport.from_summary(json.loads(json.dumps(report.summary()))).views == report.views
    before_there_were_views = {**report.summary()}
    del before_there_were_views["views"]
    assert RunReport.from_summary(before_there_were_views).views == []


def test_a_view_that_cannot_be_made_fails_the_run_and_takes_no_row_back(shop: Shop) -> None:
    report = runner(shop, BROKEN, run_id="r").run()
    assert (report.exit_code, report.tasks[0].status, len(shop.rows())) == (ExitCode.FAILED, "loaded", 4)
    (view,) = report.views
    assert view.status == "failed"
    assert "view orders_total cannot be made:" in str(view.error)
    assert "amount" in str(view.error)
    assert len(shop.asked) == 1


def test_the_same_run_again_makes_the_view_and_asks_for_no_page(shop: Shop) -> None:
    runner(shop, BROKEN, run_id="r").run()
    report = runner(shop, TOTAL, run_id="r").run()
    assert (report.exit_code, became(report)) == (ExitCode.OK, [("orders_total", "made")])
    assert (len(shop.asked), total(shop)) == (1, 18)


@pytest.mark.extended
def test_a_run_whose_view_failed_is_finished_so_that_the_next_asks_for_what_is_new(shop: Shop) -> None:
    runner(shop, BROKEN).run()
    shop.fill(6)
    report = runner(shop, BROKEN).run()
    assert (report.exit_code, report.tasks[0].rows_fetched, len(shop.rows())) == (ExitCode.FAILED, 6, 6)


def test_a_view_of_others_is_told_and_left_alone(shop: Shop) -> None:
    runner(shop).run()
    alter(shop, "CREATE VIEW orders_total AS SELECT -1 AS total")
    report = runner(shop, TOTAL, new=True).run()
    assert (report.exit_code, report.tasks[0].status) == (ExitCode.FAILED, "loaded")
    assert "made, or changed, by somebody else" in str(report.views[0].error)
    assert "Drop it" in str(report.views[0].hint)
    assert total(shop) == -1


class FullDisk(DuckDBDestination):
    """What is no fault of a view, and none that anybody foresaw."""

    at = "put_view"

    def view_states(self, views: Sequence[View]) -> list[ViewState]:
        if self.at == "view_states":
            raise OSError("no space left")
        return super().view_states(views)

    def put_view(self, view: View) -> None:
        raise OSError(f"no space left for {view.name}")


@pytest.mark.parametrize("at", ["view_states", "put_view"])
def test_whatever_goes_wrong_with_a_view_is_told_and_the_rows_are_there(shop: Shop, at: str) -> None:
    made = runner(shop, TOTAL)
    made.destination = FullDisk(shop.warehouse)
    made.destination.at = at
    report = made.run()
    assert (report.exit_code, report.tasks[0].status, len(shop.rows())) == (ExitCode.FAILED, "loaded", 4)
    assert became(report) == [("orders_total", "failed")]
    assert "no space left" in str(report.views[0].error)


@pytest.mark.parametrize("kind", ["memory", "parquet"])
def test_a_destination_without_views_says_that_they_are_left_out(shop: Shop, kind: str) -> None:
    made = runner(shop, TOTAL)
    made.destination = MemoryDestination() if kind == "memory" else ParquetDestination(shop.folder / "files")
    report = made.run()
    assert (report.exit_code, became(report)) == (ExitCode.OK, [("orders_total", "left_out")])
    assert report.views[0].about == f"{made.destination.name} holds no views"


def two_tables(shop: Shop, *tasks: str) -> Runner:
    """A view over the tables of two tasks, one of which may not have run yet."""
    lines = Table("lines", CleanOrder, key=("order_id",), write="merge")
    made, other = shop.runner(), shop.runner(table=lines)
    both = replace(other.workflow.tasks[0], name="lines")
    joined = View(
        "orders_total",
        Total,
        over=(ORDERS, lines),
        sql="SELECT sum(o.total + l.total) AS total FROM {orders} AS o JOIN {lines} AS l"
        " ON o.order_id = l.order_id",
    )
    made.workflow = Workflow("acme", shop, (*made.workflow.tasks, both), (joined,))
    made.options = replace(made.options, tasks=tasks, new=True)
    return made


def test_a_view_over_two_tables_waits_for_the_second(shop: Shop) -> None:
    waiting = two_tables(shop, "orders").run()
    assert (waiting.exit_code, became(waiting)) == (ExitCode.OK, [("orders_total", "waits")])
    assert waiting.views[0].about == "waits for table lines"
    assert became(two_tables(shop, "lines").run()) == [("orders_total", "made")]
    assert total(shop) == 36


@pytest.mark.extended
def test_views_over_tables_of_other_tasks_are_not_looked_at(shop: Shop) -> None:
    two_tables(shop, "orders", "lines").run()
    apart = two_tables(shop, "orders")
    apart.workflow = replace(
        apart.workflow,
        views=(
            replace(
                apart.workflow.views[0], sql="SELECT 1 AS total FROM {orders} AS a JOIN {lines} AS b ON true"
            ),
        ),
    )
    assert became(apart.run()) == [("orders_total", "replaced")]
    alone = runner(shop, new=True)
    assert alone.run().views == []


def test_where_no_row_landed_no_view_is_looked_at(shop: Shop) -> None:
    shop.fill(1)
    shop.orders[0]["total"] = -1
    report = runner(shop, TOTAL).run()
    assert (report.tasks[0].status, report.views) == ("failed", [])


def test_the_commit_step_and_a_replay_see_to_views_too(shop: Shop) -> None:
    for step in (Runner.plan, Runner.extract):
        step(runner(shop, TOTAL, run_id="r"))
    assert became(runner(shop, TOTAL, run_id="r").commit()) == [("orders_total", "made")]
    again = runner(shop, LARGEST)
    replayed = Replay(again.workflow, again.destination, again.home, "r").run()
    assert (became(replayed), total(shop)) == ([("orders_total", "replaced")], 9)


@pytest.mark.parametrize(
    ("views", "told"),
    [
        ((TOTAL, LARGEST), "two tables or views named orders_total"),
        ((replace(TOTAL, name="Orders"),), "two tables or views named orders"),
        (
            (View("v", Total, over=(Table("other", CleanOrder),), sql="SELECT 1 AS total FROM {other}"),),
            "view v is over other, no table of its tasks",
        ),
    ],
)
def test_a_workflow_refuses_views_that_clash_or_hang_in_the_air(
    shop: Shop, views: Sequence[View], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        runner(shop, *views)
