"""A workflow of the user's own project: found, run, and its faults told."""

from __future__ import annotations

import pytest

from tests.cli.command_line import Shell
from tests.http_tools.loopback import Loopback, as_json

MAIN = """
import os
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from tidegate import ReadContract, Table, WriteContract, task, workflow
from tidegate.http_tools.clients import Call, SyncHttpClient


class ApiOrder(ReadContract):
    id: int
    total: Decimal


class CleanOrder(WriteContract):
    order_id: int
    total: Annotated[Decimal, Field(max_digits=6, decimal_places=2)]


class AcmeConnector:
    def __init__(self, client):
        self.client = client


class AcmeFactory:
    @staticmethod
    def create_connector(settings=None, *, client=SyncHttpClient):
        return AcmeConnector(client(os.environ["ACME_BASE_URL"]))


def to_clean_order(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=100 / (100 / order.total))


ORDERS = Table("acme_orders", CleanOrder, key=("order_id",), write="merge")


@task(transform=to_clean_order, into=ORDERS)
def orders(acme: AcmeConnector) -> Call[ApiOrder]:
    "All orders."
    return acme.client.call("GET", "/orders", reads=ApiOrder, items="orders")


app = workflow("acme", AcmeFactory, [orders])
"""


@pytest.fixture
def acme(shell: Shell, api: Loopback) -> Shell:
    """A project with a workflow of its own, which asks `api`."""
    package = shell.folder / "workflows" / "acme"
    package.mkdir(parents=True)
    (package / "main.py").write_text(MAIN)
    (shell.folder / "pyproject.toml").write_text("[tool.tidegate]\nworkflows = ['workflows.acme.main:app']\n")
    shell.env["ACME_BASE_URL"] = api.url
    return shell


def orders(*totals: str) -> dict[str, list[dict[str, object]]]:
    return {"orders": [{"id": number, "total": total} for number, total in enumerate(totals, 1)]}


@pytest.mark.extended
def test_a_projects_own_workflow_is_listed_and_run_from_any_folder_below(acme: Shell, api: Loopback) -> None:
    api.by = lambda _: as_json(orders("10", "20"))
    deeper = Shell(acme.folder / "workflows", acme.env)
    assert "acme.orders" in deeper("list").out
    ended = deeper("run", "acme", "--to", "x.duckdb")
    assert ended.code == 0, ended
    assert deeper.tables() == {"acme_orders": 2}


def test_its_task_is_shown_with_advice_also_where_no_setting_is_set(acme: Shell, api: Loopback) -> None:
    assert "as often as you like: no quota is declared" in acme("show", "acme.orders").out
    del acme.env["ACME_BASE_URL"]
    bare = acme("show", "acme.orders")
    assert (bare.code, "the quota, without the connector's settings" in bare.out) == (0, True)
    assert api.seen == []


@pytest.mark.extended
def test_rows_that_break_the_write_contract_or_the_transform_are_named_and_resumed_after_mending(
    acme: Shell, api: Loopback
) -> None:
    api.by = lambda _: as_json(orders("10", "12345.67", "0"))
    first = acme("run", "acme", "--to", "x.duckdb")
    first.failed(30, "acme.orders: GET /orders page 0: row 1 (id 2), CleanOrder field total: ", "acme")
    assert acme.tables() == {}
    mend(acme, "max_digits=6", "max_digits=9")
    second = acme("run", "acme", "--to", "x.duckdb")
    second.failed(
        30,
        "acme.orders: GET /orders page 0: row 2 (id 3), to_clean_order raised DivisionByZero",
        "Mend to_clean_order",
    )
    mend(acme, "100 / (100 / order.total)", "order.total")
    assert acme("run", "acme", "--to", "x.duckdb").code == 0
    assert acme.tables() == {"acme_orders": 3}
    assert len(api.seen) == 1, "what was fetched is not asked for again"


def test_a_fault_of_a_factory_is_told_without_a_traceback(acme: Shell) -> None:
    del acme.env["ACME_BASE_URL"]
    plain, debug = acme("run", "acme"), acme("run", "acme", "--debug")
    plain.failed(30, "unexpected KeyError: 'ACME_BASE_URL'", "--debug")
    assert debug.code == 30
    assert "create_connector" in debug.err


def mend(acme: Shell, before: str, after: str) -> None:
    file = acme.folder / "workflows" / "acme" / "main.py"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
