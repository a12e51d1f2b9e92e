"""Checked by mypy, never run: which transforms a task takes, and what a load takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import assert_type

import pandas as pd
import polars as pl
import pyarrow as pa

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder
from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import Apply, Explode, Map
from tidegate.contracts.windows import Cursor, Window
from tidegate.destinations.base import Landed
from tidegate.engine.context import Context
from tidegate.engine.load import load
from tidegate.engine.over import Each
from tidegate.engine.tasks import Task, task
from tidegate.http_tools.clients import Call


class OtherRead(ReadContract):
    id: int


class OtherWrite(WriteContract):
    id: int


def fetch(acme: AcmeConnector) -> Call[ApiOrder]:
    return acme.get_orders()


def one(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=order.total)


def none_or_several(order: ApiOrder, ctx: Context) -> Iterator[CleanOrder] | None:
    return iter([one(order)]) if order.updated_at < ctx.run_time else None


def many(orders: list[ApiOrder]) -> list[CleanOrder]:
    return list(map(one, orders))


def many_with_context(orders: Sequence[ApiOrder], ctx: Context) -> list[CleanOrder]:
    return [one(order) for order in orders if order.updated_at < ctx.run_time]


def in_pandas(orders: list[ApiOrder]) -> pd.DataFrame:
    return pd.DataFrame({"order_id": [order.id for order in orders], "total": 1})


def in_polars(orders: Sequence[ApiOrder], ctx: Context) -> pl.DataFrame:
    return pl.DataFrame({"order_id": [order.id for order in orders], "total": ctx.run_time.year})


def in_arrow(orders: list[ApiOrder]) -> pa.Table | pa.RecordBatch | None:
    return None if not orders else pa.table({"order_id": [order.id for order in orders]})


def declared() -> None:
    assert_type(task(transform=one, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    assert_type(
        task(transform=none_or_several, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder]
    )
    assert_type(task(transform=many, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    assert_type(
        task(transform=many_with_context, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder]
    )
    assert_type(task(transform=in_pandas, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    assert_type(task(transform=in_polars, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    assert_type(task(transform=in_arrow, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])


def mapped(order: ApiOrder, ctx: Context) -> None:
    to_clean = Map(ApiOrder, CleanOrder, order_id="id", total=Apply(abs, "total"))
    to_lines = Explode(ApiOrder, CleanOrder, "lines", order_id="lines.id")
    assert_type(to_clean(order), CleanOrder)
    assert_type(to_clean(order, ctx), CleanOrder)
    assert_type(to_lines(order), list[CleanOrder])
    assert_type(task(transform=to_clean, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    assert_type(task(transform=to_lines, into=ORDERS)(fetch), Task[AcmeConnector, ApiOrder, CleanOrder])
    task(transform=Map(OtherRead, CleanOrder, order_id="id"), into=ORDERS)(fetch)  # type: ignore[arg-type]
    task(transform=Map(ApiOrder, OtherWrite), into=ORDERS)(fetch)  # type: ignore[arg-type]


def of_account(acme: AcmeConnector, window: Window, account: str, order: int) -> Call[ApiOrder]:
    raise AssertionError((acme, window, account, order))


def of_weight(acme: AcmeConnector, weight: float) -> Call[ApiOrder]:
    raise AssertionError((acme, weight))


def split() -> None:
    over = (Each("account", ["north"]), Each("order", [1]))
    since = Cursor("updated_at", start=date(2026, 1, 1))
    made = task(transform=one, into=ORDERS, cursor=since, over=over)(of_account)
    assert_type(made, Task[AcmeConnector, ApiOrder, CleanOrder])
    task(transform=one, into=ORDERS, over=Each("weight", [1]))(of_weight)  # type: ignore[arg-type]


def other_row(order: OtherRead) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=0)


def other_rows(orders: list[OtherRead]) -> pd.DataFrame:
    return pd.DataFrame({"order_id": [order.id for order in orders]})


def to_other(order: ApiOrder) -> OtherWrite:
    return OtherWrite(id=order.id)


def to_others(orders: list[ApiOrder]) -> list[OtherWrite]:
    return [OtherWrite(id=order.id) for order in orders]


def frame_of_one(order: ApiOrder) -> pd.DataFrame:
    return pd.DataFrame({"order_id": [order.id]})


def second_is_no_context(order: ApiOrder, rate: float) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=int(rate))


def refused() -> None:
    """Each ignore is needed: mypy is told to warn of one that is not."""
    task(transform=other_row, into=ORDERS)(fetch)  # type: ignore[arg-type]
    task(transform=other_rows, into=ORDERS)(fetch)  # type: ignore[arg-type]
    task(transform=to_other, into=ORDERS)(fetch)  # type: ignore[arg-type]
    task(transform=to_others, into=ORDERS)(fetch)  # type: ignore[arg-type, type-var]
    task(transform=frame_of_one, into=ORDERS)(fetch)  # type: ignore[arg-type]
    task(transform=second_is_no_context, into=ORDERS)(fetch)  # type: ignore[arg-type]


def loaded(frame: pd.DataFrame, polars: pl.DataFrame, arrow: pa.RecordBatchReader) -> None:
    assert_type(load([CleanOrder(order_id=1, total=2)], into=ORDERS, to="w.duckdb"), Landed)
    load(({"order_id": number, "total": 2} for number in range(3)), into=ORDERS, to="w.duckdb")
    load(frame, into=ORDERS, to="w.duckdb")
    load(polars, into=ORDERS, to="w.duckdb")
    load(arrow, into=ORDERS, to="w.duckdb")
    load([OtherWrite(id=1)], into=ORDERS, to="w.duckdb")  # type: ignore[misc]
    load(OtherWrite(id=1), into=ORDERS, to="w.duckdb")  # type: ignore[arg-type]
