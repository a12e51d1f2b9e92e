"""Runs whose transform takes the rows of a page at once, and gives models or frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import Field, field_validator

from tests.engine.shop import ORDERS, ApiOrder, CleanOrder, Shop
from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import Table
from tidegate.engine.context import Context
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.report import TaskReport

ASIDE = Invalid("quarantine", Budget(share=0.5))
Columns = dict[str, list[Any]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(25)  # three pages
    return made


def run(shop: Shop, transform: Any, table: Any = ORDERS, **options: Any) -> TaskReport:
    return shop.runner(transform, table, **options).run().tasks[0]


def columns(orders: list[ApiOrder]) -> Columns:
    return {"order_id": [order.id for order in orders], "total": [order.total for order in orders]}


def models(columns: Columns) -> list[CleanOrder]:
    return [CleanOrder(order_id=number, total=total) for number, total in zip(*columns.values(), strict=True)]


def reader(columns: Columns) -> pa.RecordBatchReader:
    return pa.table(columns).to_reader()


@pytest.mark.parametrize(
    "make", [models, pd.DataFrame, pl.DataFrame, pa.table, pa.RecordBatch.from_pydict, reader]
)
def test_whatever_a_page_becomes_is_loaded_alike(shop: Shop, make: Callable[[Columns], Any]) -> None:
    def to_clean(orders: list[ApiOrder]) -> Any:
        return make(columns(orders))

    report = run(shop, to_clean)
    assert (report.rows_fetched, report.rows_loaded, report.error) == (25, 25, None)
    assert shop.rows() == [(number, number * 3) for number in range(25)]


def test_a_frame_that_kept_its_rows_places_loses_only_the_bad_one(shop: Shop) -> None:
    shop.orders[13]["total"] = -1

    def newest_first(orders: list[ApiOrder]) -> pd.DataFrame:
        frame = pd.DataFrame({"_row": range(len(orders)), **columns(orders)})
        return frame[frame["order_id"] != 11].sort_values("order_id", ascending=False)

    report = run(shop, newest_first, invalid=ASIDE)
    assert report.accounted
    assert (report.rows_loaded, report.rows_dropped, report.rows_quarantined) == (23, 1, 1)
    assert {number for number, _ in shop.rows()} == set(range(25)) - {11, 13}
    (bad,) = shop.runner().destination.quarantine()
    assert (bad.row_id, bad.stage, bad.judge) == ("13", "write", "CleanOrder")


def test_a_row_with_one_bad_output_is_rejected_whole(shop: Shop) -> None:
    def twice(orders: list[ApiOrder]) -> pl.DataFrame:
        once = pl.DataFrame(columns(orders)).with_row_index("_row")
        negative = pl.when(pl.col("order_id") == 13).then(-1).otherwise(pl.col("total"))
        return pl.concat([once, once.with_columns(order_id=pl.col("order_id") + 100, total=negative)])

    report = run(shop, twice, invalid=ASIDE)
    assert report.accounted
    assert (report.rows_added, report.rows_loaded, report.rows_quarantined) == (24, 48, 1)
    assert not {13, 113} & {number for number, _ in shop.rows()}


def test_of_a_frame_without_places_a_bad_row_rejects_its_page(shop: Shop) -> None:
    shop.orders[2]["total"] = -1

    def to_frame(orders: list[ApiOrder]) -> pd.DataFrame:
        return pd.DataFrame(columns(orders))

    report = run(shop, to_frame, invalid=ASIDE)
    assert report.accounted
    assert (report.rows_loaded, report.rows_quarantined) == (15, 10)
    assert {number for number, _ in shop.rows()} == set(range(10, 25))


def test_a_page_that_is_rejected_whole_is_judged_no_further(shop: Shop) -> None:
    judged: list[int] = []

    class Judged(WriteContract):
        order_id: int

        @field_validator("order_id")
        @classmethod
        def never_passes(cls, number: int) -> int:
            judged.append(number)
            raise ValueError("no")

    def to_judged(orders: list[ApiOrder]) -> pl.DataFrame:
        return pl.DataFrame({"order_id": [order.id for order in orders]})

    run(shop, to_judged, Table("orders", Judged), invalid=Invalid("quarantine", Budget(share=1)))
    assert judged == [0, 10, 18]  # one of each page


def test_a_transform_may_use_up_its_list(shop: Shop) -> None:
    def emptied(orders: list[ApiOrder]) -> pd.DataFrame:
        orders.sort(key=lambda order: -order.total)
        return pd.DataFrame(columns([orders.pop() for _ in range(len(orders))]))

    report = run(shop, emptied)
    assert (report.accounted, report.rows_dropped, report.rows_loaded) == (True, 0, 25)


def test_a_frame_of_other_columns_is_the_fault_of_the_transform(shop: Shop) -> None:
    def misspelt(orders: list[ApiOrder]) -> pd.DataFrame:
        return pd.DataFrame(columns(orders)).rename(columns={"total": "totl"})

    report = run(shop, misspelt, invalid=ASIDE)
    assert report.exit_code == 30
    assert "GET /orders page 0: misspelt: the frame has the column 'totl'" in (report.error or "")
    assert "order_id, total" in (report.hint or "")
    assert not shop.warehouse.exists()


def test_a_column_of_a_frame_goes_by_the_name_of_its_field_or_its_alias(shop: Shop) -> None:
    class Sent(WriteContract):
        order_id: int
        from_: int = Field(alias="from")

    for name in ("from", "from_"):

        def to_frame(orders: list[ApiOrder], name: str = name) -> pd.DataFrame:
            return pd.DataFrame(columns(orders)).rename(columns={"total": name})

        assert run(shop, to_frame, Table("sent", Sent, write="replace"), new=True).rows_loaded == 25


def test_the_time_of_a_run_is_the_same_when_it_is_resumed(shop: Shop) -> None:
    seen: list[Context] = []
    broken = [True]

    def to_clean(order: ApiOrder, ctx: Context) -> CleanOrder:
        seen.append(ctx)
        if broken[0]:
            raise ValueError("mend me")
        return CleanOrder(order_id=order.id, total=order.total)

    assert run(shop, to_clean, run_id="one").exit_code == 30
    broken[0] = False
    given: Any = to_clean
    first = shop.runner(given, run_id="one")
    later = replace(first, now=lambda: first.now() + timedelta(hours=7))
    assert later.run().tasks[0].rows_loaded == 25
    assert {ctx.run_time for ctx in seen} == {first.now()}
    assert {ctx.window for ctx in seen} == {None}
