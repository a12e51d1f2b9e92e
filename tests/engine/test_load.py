"""The plain way: rows in hand into a table, all of them or none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.brevo_bench import MakeBench
from tests.brevo_truth import assert_exact
from tests.engine.shop import ORDERS, CleanOrder
from tidegate.contracts.table import Table
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.exceptions import BrokenContractError
from tidegate.engine.load import load
from tidegate.utils.errors import UsageError
from tidegate.workflows.brevo.load import load_campaigns


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


def rows(warehouse: Path, table: str = "orders") -> list[tuple[int, int]]:
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return db.execute(f"SELECT order_id, total FROM {table} ORDER BY ALL").fetchall()


def test_models_and_dicts_are_loaded_alike(warehouse: Path) -> None:
    landed = load(
        [CleanOrder(order_id=1, total=5), {"order_id": "2", "total": 7}], into=ORDERS, to=str(warehouse)
    )
    assert landed.loaded == 2
    assert rows(warehouse) == [(1, 5), (2, 7)]


def test_a_row_that_breaks_the_contract_is_named_and_nothing_is_loaded(warehouse: Path) -> None:
    load([{"order_id": 1, "total": 1}], into=ORDERS, to=str(warehouse))
    with pytest.raises(
        BrokenContractError, match=r"load into orders: row 2, CleanOrder field total: .* got -1"
    ):
        load(
            [{"order_id": 2, "total": 1}, {"order_id": 3, "total": 1}, {"order_id": 4, "total": -1}],
            into=ORDERS,
            to=str(warehouse),
        )
    assert rows(warehouse) == [(1, 1)]


def test_a_field_that_the_contract_does_not_know_is_refused(warehouse: Path) -> None:
    with pytest.raises(BrokenContractError, match="totl"):
        load([{"order_id": 1, "total": 1, "totl": 2}], into=ORDERS, to=str(warehouse))


def test_a_second_load_merges_by_key(warehouse: Path) -> None:
    load([{"order_id": 1, "total": 1}, {"order_id": 2, "total": 1}], into=ORDERS, to=str(warehouse))
    load([{"order_id": 2, "total": 9}], into=ORDERS, to=DuckDBDestination(warehouse))
    assert rows(warehouse) == [(1, 1), (2, 9)]


def test_no_rows_at_all_make_the_table(warehouse: Path) -> None:
    assert load([], into=ORDERS, to=str(warehouse)).loaded == 0
    assert rows(warehouse) == []


def test_more_rows_than_a_batch_are_loaded(warehouse: Path) -> None:
    landed = load(({"order_id": n, "total": n} for n in range(25_001)), into=ORDERS, to=str(warehouse))
    assert landed.loaded == 25_001


def test_a_table_by_windows_needs_its_window(warehouse: Path) -> None:
    by_day = Table("by_day", CleanOrder, write="replace_windows")
    with pytest.raises(UsageError, match="window"):
        load([{"order_id": 1, "total": 1}], into=by_day, to=str(warehouse))
    for total in (1, 2):
        load([{"order_id": 1, "total": total}], into=by_day, to=str(warehouse), window=date(2026, 3, 1))
    load([{"order_id": 1, "total": 3}], into=by_day, to=str(warehouse), window=date(2026, 3, 2))
    assert rows(warehouse, "by_day") == [(1, 2), (1, 3)]


def test_brevo_campaigns_load_the_plain_way(bench: MakeBench) -> None:
    made = bench(rows=2_000)
    connector = made.runner().connector
    assert connector is not None
    with connector.client:
        load_campaigns(connector, str(made.warehouse))  # type: ignore[arg-type]  # it is Brevo's
    assert_exact(made.sandbox, made.warehouse, "campaigns")
