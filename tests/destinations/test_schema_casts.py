"""A retype in DuckDB keeps a value exactly, or refuses: also where DuckDB's own casts would change it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, BaseModel, Field

from tests.destinations.evolving import held, land, rows_of
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.exceptions import DestinationError

Wide = Annotated[Decimal, Field(max_digits=38, decimal_places=10)]


class Measured(BaseModel):
    value: float


def retyped(path: Path, was: Any, value: Any, becomes: Any) -> Any:
    """The value after the change of its column's type."""
    shop = DuckDBDestination(path / "shop.duckdb")
    land(shop, rows_of(a=was), [{"a": value}])
    table = rows_of(a=becomes)
    shop.apply(table, shop.differences(table))
    return held(shop)[0]["a"]


@pytest.mark.parametrize(
    ("was", "value", "becomes", "then"),
    [
        (float, 1e22, Wide, Decimal(10**22)),
        (float, 123456789012345.7, Wide, Decimal("123456789012345.7")),
        (list[float], [1e22], list[Wide], [Decimal(10**22)]),
        (Measured, {"value": 0.1}, Any, '{"value":0.1}'),
        (str, "0.30000000000000004", float, 0.1 + 0.2),
        (str, "-1.50e2", float, -150.0),
        (str, "23:59:59.999999", time, time(23, 59, 59, 999_999)),
        (str, "9999-12-31T23:59:59Z", AwareDatetime, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (Any, 1e300, float, 1e300),
        (Any, "12.50", Wide, Decimal("12.5")),
        (dict[str, Any] | int, 2**70, Wide, Decimal(2**70)),
    ],
)
def test_a_value_of_another_type_is_the_same_value(
    was: Any, value: Any, becomes: Any, then: Any, tmp_path: Path
) -> None:
    assert retyped(tmp_path, was, value, becomes) == then


@pytest.mark.parametrize(
    ("was", "value", "becomes"),
    [
        (str, "9007199254740993", float),
        (str, "24:00:00", time),
        (str, "9999-12-31T23:59:59-05:00", AwareDatetime),
        (str, "0000-01-01", date),
        (Any, 2**53 + 1, float),
        (float, float("nan"), Any),
        (list[float], [1.0, float("inf")], Any),
        (list[Measured], [{"value": float("nan")}], Any),
        (bytes, b"\xff", Any),
    ],
)
def test_a_value_that_the_new_type_cannot_hold_exactly_is_told(
    was: Any, value: Any, becomes: Any, tmp_path: Path
) -> None:
    with pytest.raises(DestinationError, match="1 row has a value that would be lost"):
        retyped(tmp_path, was, value, becomes)


def test_digits_of_a_json_number_that_somebody_wrote_are_kept(tmp_path: Path) -> None:
    import duckdb

    shop = DuckDBDestination(tmp_path / "shop.duckdb")
    land(shop, rows_of(a=Any), [{"a": 1}])
    with duckdb.connect(str(shop.path)) as db:
        db.execute("UPDATE rows SET a = '12345678901234567.25'")
    table = rows_of(a=Wide)
    shop.apply(table, shop.differences(table))
    assert held(shop) == [{"a": Decimal("12345678901234567.25")}]
