"""A run whose write contract is not that of the table any more."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from tests.engine.shop import ApiOrder, CleanOrder, Shop
from tidegate.contracts.table import Table
from tidegate.destinations.exceptions import SchemaChangeError
from tidegate.utils.errors import ExitCode


class WiderOrder(CleanOrder):
    total: Annotated[Decimal, Field(max_digits=21, decimal_places=2)]  # type: ignore[assignment]  # what evolves
    tags: list[str] = Field(default=[])


class TextOrder(CleanOrder):
    total: str  # type: ignore[assignment]  # what evolves


WIDER: Table[CleanOrder] = Table("orders", WiderOrder, key=("order_id",), write="merge")
TEXT: Table[CleanOrder] = Table("orders", TextOrder, key=("order_id",), write="merge")


def to_wider(order: ApiOrder) -> CleanOrder:
    return WiderOrder(order_id=order.id, total=Decimal(order.total), tags=["new"])


def to_text(order: ApiOrder) -> CleanOrder:
    return TextOrder(order_id=order.id, total=str(order.total))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(3)
    assert made.runner().run().exit_code is ExitCode.OK
    made.asked.clear()
    return made


def test_run_makes_the_safe_changes_with_its_rows_and_says_so(shop: Shop) -> None:
    shop.orders = shop.orders[:1]
    (report,) = shop.runner(to_wider, WIDER).run().tasks
    assert report.exit_code == ExitCode.OK
    assert [line for line in report.warnings if "table" in line] == [
        "acme.orders: table orders: widen total: int to decimal(21, 2)",
        "acme.orders: table orders: add tags: list of string",
    ]
    assert shop.rows("SELECT order_id, total, tags FROM orders ORDER BY ALL") == [
        (0, Decimal(0), ["new"]),
        (1, Decimal(3), []),
        (2, Decimal(6), []),
    ]
    assert not any("table" in line for line in shop.runner(to_wider, WIDER).run().tasks[0].warnings)


def test_run_that_needs_a_person_is_refused_before_anything_is_fetched_with_the_command_to_type(
    shop: Shop,
) -> None:
    with pytest.raises(
        SchemaChangeError, match=r"acme\.orders: table orders does not fit TextOrder: "
    ) as caught:
        shop.runner(to_text, TEXT).run()
    assert caught.value.exit_code is ExitCode.FAILED
    command = f"tidegate schema apply acme.orders --to {shop.warehouse} --allow retype"
    assert str(caught.value.hint).endswith(command)
    assert shop.asked == []
    assert shop.rows() == [(0, 0), (1, 3), (2, 6)]
