"""Titelive's catalogue, against rows made by hand, in DuckDB and in BigQuery's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.standins import Google
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, Destination
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.views import HoldsViews
from tidegate.engine.parts import with_window
from tidegate.utils.encoding import Encoder
from tidegate.workflows.titelive.config import CHANGES, PRODUCTS
from tidegate.workflows.titelive.schemas import CleanProduct
from tidegate.workflows.titelive.views import CATALOGUE

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
GONE = "9782000000044"


def product(ean: str, title: str | None, day: int | None, **also: Any) -> CleanProduct:
    empty: dict[str, Any] = dict.fromkeys(CleanProduct.model_fields)
    lists: dict[str, list[str]] = {"authors": [], "gtl_codes": [], "gtl_labels": []}
    modified = None if day is None else date(2026, 3, day)
    told = {
        "ean": ean,
        "title": title,
        "modified_on": modified,
        "is_deleted": False,
        "price": Decimal("9.90"),
    }
    return CleanProduct(**{**empty, **lists, **told, **also})


LISTED = [
    product("9782000000051", "from the list, and newer there", 5),
    product("9782000000068", "from the list, and older there", 1),
    product("9782000000082", "the same in both", 4),
    product(GONE, None, None, is_deleted=True, price=None),
]
CHANGED = [
    product("9782000000051", "an older day", 3),
    product("9782000000068", "a day before", 2),
    product("9782000000068", "the newest day", 6),
    product("9782000000082", "the same in both", 4),
    product(GONE, "before it was deleted", 7),
    product("9782000000105", "without a day", None),
]


def load(to: Destination, table: Table[CleanProduct], rows: list[CleanProduct], id: str) -> None:  # noqa: A002
    days = [row.modified_on or date(2026, 3, 4) for row in rows] if table is CHANGES else []

    def batches() -> Iterator[Any]:
        for number, row in enumerate(rows):
            batch = Encoder(CleanProduct).encode([row])
            yield with_window(batch, days[number]) if days else batch

    to.prepare(table)
    to.commit(Commit(id, "r", f"titelive.{id}", table, 0, None, NOON, batches, tuple(sorted(set(days)))))


def told(to: Destination) -> list[tuple[Any, ...]]:
    names = [column.name for column in CATALOGUE.columns]
    if isinstance(to, BigQueryDestination):
        with to._session() as session:
            path = session.path(CATALOGUE.name)
            found = [tuple(row) for row in session.rows(f"SELECT {', '.join(names)} FROM {path}")]
    else:
        assert isinstance(to, DuckDBDestination)
        with duckdb.connect(str(to.path), read_only=True) as connection:
            found = connection.sql(f"SELECT {', '.join(names)} FROM {CATALOGUE.name}").fetchall()
    rows = [dict(zip(names, each, strict=True)) for each in found]
    return sorted((row["ean"], row["is_deleted"], row["title"]) for row in rows)


def check(to: Destination) -> None:
    load(to, PRODUCTS, LISTED, "products")
    load(to, CHANGES, CHANGED, "changes")
    assert isinstance(to, HoldsViews)
    to.put_view(CATALOGUE)
    assert told(to) == [
        (GONE, True, None),
        ("9782000000051", False, "from the list, and newer there"),
        ("9782000000068", False, "the newest day"),
        ("9782000000082", False, "the same in both"),
        ("9782000000105", False, "without a day"),
    ]


def test_every_ean_stands_there_once_and_newest(tmp_path: Path) -> None:
    check(DuckDBDestination(tmp_path / "w.duckdb"))


@pytest.mark.extended
def test_every_ean_stands_there_once_and_newest_in_bigquery(google: Google) -> None:
    check(BigQueryDestination(google.to, retry_s=5.0))
