"""A table is checked when it is made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import AwareDatetime, Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.table import SYNTHETIC_KEY, Table
from tidegate.utils.schemas import SchemaError, bigquery_fields, columns_of


class Order(WriteContract):
    order_id: int
    note: str | None = None
    updated_at: AwareDatetime
    tags: list[str] = Field(default=[])
    extra: dict[str, int] = Field(default={})


def test_columns_come_from_the_contract() -> None:
    table = Table("orders", Order, key=("order_id",), version="updated_at", write="merge")
    assert [column.name for column in table.columns] == ["order_id", "note", "updated_at", "tags", "extra"]


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a.b", 'a"b', "_tidegate_x", "_TIDEGATE_x"])
def test_bad_table_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="table name"):
        Table(name, Order)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"write": "merge"}, "needs key"),
        ({"write": "merge", "key": ("nope",)}, "key names 'nope'"),
        ({"write": "merge", "key": ("note",)}, "must be required"),
        ({"write": "merge", "key": ("tags",)}, "must be required"),
        ({"write": "merge", "key": ("extra",)}, "must be required"),
        ({"write": "merge", "key": ("order_id",), "version": "nope"}, "version names 'nope'"),
        ({"version": "updated_at"}, "version is for"),
        ({"partition_by": "nope"}, "partition_by names 'nope'"),
        ({"cluster_by": ("nope",)}, "cluster_by names 'nope'"),
        ({"partition_by": "note"}, "is no date and no time stamp"),
        ({"partition_immutable": True}, "partition_immutable is for"),
        ({"partition_by": "updated_at", "partition_immutable": True}, "partition_immutable is for"),
        ({"labels": {"Team": "data"}}, "lower-case letters"),
        ({"labels": {"team": "Data & Co"}}, "lower-case letters"),
    ],
)
def test_role_that_no_column_can_play_is_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Table("orders", Order, **settings)


def test_contract_that_cannot_be_carried_is_refused_at_once() -> None:
    class Price(WriteContract):
        amount: Decimal

    with pytest.raises(SchemaError, match=r"Price\.amount"):
        Table("prices", Price)


def test_reserved_column_prefix_is_refused() -> None:
    class Sly(WriteContract):
        run: str = Field(serialization_alias="_tidegate_run")
        at: datetime

    with pytest.raises(ValueError, match="reserved prefix"):
        Table("sly", Sly)


def test_a_synthetic_key_is_a_required_column_behind_those_of_the_contract() -> None:
    table = Table("orders", Order, key=SYNTHETIC_KEY, write="merge")
    assert table.columns[:-1] == columns_of(Order)
    (field,) = bigquery_fields(table.columns[-1:])
    assert (field["name"], field["type"], field["mode"]) == ("_tidegate_key", "STRING", "REQUIRED")
    assert not Table("orders", Order).has_synthetic_key
