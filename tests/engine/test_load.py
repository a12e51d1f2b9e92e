"""The plain way: rows in hand into a table, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field

from tests.brevo_bench import MakeBench
from tests.brevo_truth import assert_exact
from tests.engine.shop import ORDERS, CleanOrder
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.limiter import BrevoRateLimiter
from tidegate.connectors.brevo.schemas import ApiCampaign
from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, Landed
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import CommitUnknownError
from tidegate.engine.exceptions import BrokenContractError
from tidegate.engine.load import load
from tidegate.utils.errors import UsageError
from tidegate.workflows.brevo.config import CAMPAIGNS
from tidegate.workflows.brevo.load import load_campaigns
from tidegate.workflows.brevo.transform import to_clean_campaign


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


def rows(warehouse: Path, table: str = "orders") -> list[tuple[int, int]]:
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return db.execute(f"SELECT order_id, total FROM {table} ORDER BY ALL").fetchall()


def has_table(warehouse: Path) -> bool:
    if not warehouse.exists():
        return False
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return bool(db.execute("FROM duckdb_tables() WHERE table_name = 'orders'").fetchall())


def reader(columns: dict[str, Any]) -> pa.RecordBatchReader:
    return pa.table(columns).to_reader()


class Forgetful(DuckDBDestination):
    """Draws the rows of a first commit, and then cannot tell what became of it."""

    drawn: list[int] = []  # noqa: RUF012

    def commit(self, commit: Commit) -> Landed:
        self.drawn.append(sum(batch.num_rows for batch in commit.batches()))
        if len(self.drawn) == 1:
            raise CommitUnknownError("the connection broke")
        return super().commit(commit)


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


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, pa.RecordBatch.from_pydict, reader])
def test_frames_are_loaded_like_models(warehouse: Path, make: Callable[..., Any]) -> None:
    columns = {"order_id": [1, 2], "total": [5, 7]}
    assert load(make(columns), into=ORDERS, to=str(warehouse)).loaded == 2
    assert rows(warehouse) == [(1, 5), (2, 7)]


def test_where_the_rows_of_a_frame_came_from_is_no_column_of_the_table(warehouse: Path) -> None:
    load(pd.DataFrame({"_row": [8], "order_id": [1], "total": [5]}), into=ORDERS, to=str(warehouse))
    assert rows(warehouse) == [(1, 5)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame({"order_id": [1], "totl": [5]}),
            "has the column 'totl', which CleanOrder does not know",
        ),
        (pl.DataFrame({"order_id": [1]}), "lacks the column 'total'"),
        (
            pd.DataFrame({"order_id": [1, 2], "total": [5, None]}),
            r"row 1, CleanOrder field total: .* got None",
        ),
        (pa.table({"order_id": [1], "total": ["x"]}), r"row 0, CleanOrder field total: .* got 'x'"),
    ],
)
def test_a_frame_that_breaks_the_contract_is_refused_whole(warehouse: Path, frame: Any, message: str) -> None:
    with pytest.raises(BrokenContractError, match=f"load into orders: .*{message}") as caught:
        load(frame, into=ORDERS, to=str(warehouse))
    assert str(caught.value.hint).endswith("Nothing was loaded.")
    assert not has_table(warehouse)


def test_ten_bad_rows_are_named_and_the_others_counted(warehouse: Path) -> None:
    many = ({"order_id": number, "total": -(number % 2)} for number in range(30_000))
    with pytest.raises(BrokenContractError) as caught:
        load(many, into=ORDERS, to=str(warehouse))
    first, *lines = str(caught.value).splitlines()
    assert first.startswith("load into orders: row 1, CleanOrder field total: ")
    assert len(lines) == 10
    assert lines[-1] == "and 4,990 more errors of the first 10,000 rows"
    assert not has_table(warehouse)


def test_a_value_that_its_column_cannot_hold_is_named_by_its_row(warehouse: Path) -> None:
    given = [{"order_id": number, "total": 1} for number in range(10_002)]
    given[10_000]["total"] = given[10_001]["total"] = 2**63
    with pytest.raises(BrokenContractError) as caught:
        load(given, into=ORDERS, to=str(warehouse))
    for row, line in zip((10_000, 10_001), str(caught.value).splitlines(), strict=True):
        assert f"row {row}, CleanOrder field total: an integer beyond 64" in line
    assert not has_table(warehouse)


def test_a_model_that_says_nothing_of_unknown_fields_loses_none(warehouse: Path) -> None:
    class Plain(BaseModel):
        order_id: int

    class Lax(Plain, extra="ignore"):
        pass

    row = {"order_id": 1, "total": 5}
    with pytest.raises(BrokenContractError, match="field total: Extra inputs are not permitted"):
        load([row], into=Table("plain", Plain), to=str(warehouse))
    assert load([row], into=Table("lax", Lax), to=str(warehouse)).loaded == 1


def test_a_field_goes_by_its_name_or_its_alias(warehouse: Path) -> None:
    class Sent(WriteContract):
        from_: str = Field(alias="from")

    load([{"from": "a"}, {"from_": "b"}], into=Table("sent", Sent), to=str(warehouse))
    with duckdb.connect(str(warehouse), read_only=True) as db:
        assert db.execute('SELECT "from" FROM sent ORDER BY ALL').fetchall() == [("a",), ("b",)]


def test_personal_values_are_not_in_the_error(warehouse: Path) -> None:
    class Person(WriteContract):
        email: Annotated[str, Personal(), Field(max_length=5)]
        age: int

    with pytest.raises(BrokenContractError) as caught:
        load([{"email": "ann@example.com", "age": "x"}], into=Table("people", Person), to=str(warehouse))
    assert "field email: String should have at most 5 characters" in str(caught.value)
    assert "ann" not in str(caught.value)
    assert caught.value.__suppress_context__  # what Pydantic says holds the values


def test_rows_wait_outside_of_memory(warehouse: Path) -> None:
    class Wide(WriteContract):
        text: str

    before, held = pa.total_allocated_bytes(), [0]

    def wide() -> Iterator[dict[str, str]]:
        for number in range(60_000):
            held.append(pa.total_allocated_bytes() - before)
            yield {"text": f"{number:05}" * 200}

    assert load(wide(), into=Table("wide", Wide), to=str(warehouse)).loaded == 60_000
    assert max(held) < 25e6  # of 60 MB of text no more than two batches


def test_what_is_no_rows_is_refused_before_the_destination_is_touched(warehouse: Path) -> None:
    wrong: list[Any] = [
        CleanOrder(order_id=1, total=2),
        {"order_id": 1, "total": 2},
        "rows.csv",
        b"",
        None,
        7,
    ]
    for given in wrong:
        with pytest.raises(UsageError, match=f"load into orders: rows is a {type(given).__name__}"):
            load(given, into=ORDERS, to=str(warehouse))
    assert not warehouse.exists()


def test_what_a_generator_raises_is_raised_and_nothing_is_loaded(warehouse: Path) -> None:
    def broken() -> Iterator[CleanOrder]:
        yield CleanOrder(order_id=1, total=2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        load(broken(), into=ORDERS, to=str(warehouse))
    assert not has_table(warehouse)


def test_a_commit_that_is_tried_again_gets_the_rows_again(warehouse: Path) -> None:
    destination = Forgetful(warehouse)
    load(({"order_id": n, "total": n} for n in range(10_001)), into=ORDERS, to=destination)
    assert destination.drawn == [10_001, 10_001]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_an_empty_frame_of_no_columns_lacks_them(warehouse: Path, frame: Callable[[], Any]) -> None:
    with pytest.raises(BrokenContractError, match="lacks the columns 'order_id', 'total'"):
        load(frame(), into=ORDERS, to=str(warehouse))


def test_an_empty_frame_of_the_contracts_columns_makes_the_table(warehouse: Path) -> None:
    load(pd.DataFrame({"order_id": [], "total": []}), into=ORDERS, to=str(warehouse))
    assert rows(warehouse) == []


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


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_brevo_campaigns_load_as_a_frame(bench: MakeBench, frame: Callable[..., Any]) -> None:
    made = bench(rows=2_000)
    with made.connector(BrevoRateLimiter()).client as client:
        resp = BrevoConnector(client).get_email_campaigns()
        campaigns = [ApiCampaign(**item) for item in resp.json()]
    clean = [to_clean_campaign(campaign).model_dump() for campaign in campaigns]
    load(frame(clean), into=CAMPAIGNS, to=str(made.warehouse))
    assert_exact(made.sandbox, made.warehouse, "campaigns")
