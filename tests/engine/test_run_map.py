"""Maps as the transforms of tasks: declared, run, and what is said of rows that they cannot make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder, Shop
from tidegate.contracts.map import Apply, FromContext, Lookup, Map, Year
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.utils.errors import ExitCode


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.fill(35)
    return made


def test_the_rows_of_a_map_are_loaded(shop: Shop) -> None:
    report = shop.runner(Map(ApiOrder, CleanOrder, order_id="id")).run().tasks[0]
    assert (report.rows_fetched, report.rows_loaded, report.exit_code) == (35, 35, ExitCode.OK)
    assert shop.rows() == [(number, number * 3) for number in range(35)]


def test_a_map_is_told_of_the_slice(shop: Shop) -> None:
    shop.runner(Map(ApiOrder, CleanOrder, order_id="id", total=Year(FromContext("run_time")))).run()
    assert set(shop.rows()) == {(number, 2026) for number in range(35)}


def test_a_source_that_fails_rejects_its_row_and_names_the_field(shop: Shop) -> None:
    kinds = {number: 0 for number in range(35) if number != 3}
    report = shop.runner(Map(ApiOrder, CleanOrder, order_id="id", total=Lookup("id", kinds))).run().tasks[0]
    assert report.exit_code == ExitCode.FAILED
    assert report.error is not None
    assert (
        "row 3 (id 3), Map(ApiOrder, CleanOrder) field total: raised LookupError: not in the table"
        in report.error
    )


def test_a_changed_map_builds_the_parts_again_from_the_page_log(shop: Shop) -> None:
    def less(total: int) -> int:
        return total - 1

    first = shop.runner(Map(ApiOrder, CleanOrder, order_id="id", total=Apply(less, "total"))).run().tasks[0]
    assert "field total: Input should be greater than or equal to 0" in str(first.error)  # of the order 0
    report = shop.runner(Map(ApiOrder, CleanOrder, order_id="id")).run().tasks[0]
    assert (report.rows_loaded, report.pages_resumed) == (35, 1)
    assert len(shop.asked) == len(set(shop.asked))


def declare(transform: Any) -> None:
    @task(transform=transform, into=ORDERS)
    def orders(acme: AcmeConnector) -> Call[ApiOrder]:
        return acme.get_orders()


class Another(CleanOrder):
    """Stands in the place of a CleanOrder."""


class OtherOrder(ApiOrder):
    """Holds more than an ApiOrder."""


def test_a_map_must_fit_the_table_and_the_call() -> None:
    declare(Map(ApiOrder, Another, order_id="id"))
    with pytest.raises(TypeError, match=r"Map\(ApiOrder, ApiOrder\) gives another model than CleanOrder"):
        declare(Map(ApiOrder, ApiOrder))
    with pytest.raises(TypeError, match=r"its call reads ApiOrder, its transform .* takes OtherOrder"):
        declare(Map(OtherOrder, CleanOrder, order_id="id"))
