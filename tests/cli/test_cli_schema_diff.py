"""`tidegate schema diff` and `schema apply`, as a person and as a machine use them."""

from __future__ import annotations

import json

import pytest

from tests.cli.command_line import Shell

MAIN = """
from typing import Any
from tidegate import ReadContract, Table, WriteContract, task, workflow

class ApiOrder(ReadContract):
    id: int

class CleanOrder(WriteContract):
    {fields}

class AcmeFactory:
    def create_connector(self): ...

def to_clean_order(order: ApiOrder) -> CleanOrder: ...

@task(transform=to_clean_order, into=Table("acme_orders", CleanOrder))
def orders(acme: Any) -> Any:
    "All orders."

app = workflow("acme", AcmeFactory, [orders])
"""
DEST = ("--to", "my data.duckdb")


@pytest.fixture
def acme(shell: Shell) -> Shell:
    (shell.folder / "pyproject.toml").write_text("[tool.tidegate]\nworkflows = ['acme:app']\n")
    contract(shell, "order_id: int", "code: str", "old: int")
    done = shell("schema", "apply", "acme", *DEST)
    assert (done.code, done.out) == (0, "acme.orders: create acme_orders: 3 columns\n")
    return shell


def contract(shell: Shell, *fields: str) -> None:
    (shell.folder / "acme.py").write_text(MAIN.format(fields="\n    ".join(fields)))


def test_a_table_that_fits_has_no_difference_and_nothing_to_apply(acme: Shell) -> None:
    shown = acme("schema", "diff", "acme.orders", "--exit-code", *DEST)
    assert (shown.code, shown.out) == (0, "my data.duckdb: every table is what its contract asks for\n")
    assert acme("schema", "diff", "acme", "--json", *DEST).out == ""
    assert acme("schema", "apply", "acme", *DEST).out == "acme.orders: nothing to change\n"


def test_safe_differences_end_with_0_and_with_30_where_any_counts(acme: Shell) -> None:
    contract(acme, "order_id: int", "code: str | None", "old: int")
    shown = acme("schema", "diff", "acme", *DEST)
    assert shown.code == 0
    assert "relax code: null allowed  the next run" in shown.out
    counted = acme("schema", "diff", "acme", "--exit-code", "--json", *DEST)
    assert counted.code == 30
    assert [json.loads(line) for line in counted.out.splitlines()] == [
        {
            "task": "acme.orders",
            "table": "acme_orders",
            "kind": "relax",
            "path": "code",
            "text": "relax code: null allowed",
            "safe": True,
        }
    ]


@pytest.mark.extended
def test_what_needs_a_person_ends_with_30_until_it_is_allowed_by_the_command_that_is_shown(
    acme: Shell,
) -> None:
    contract(acme, "order_id: int", "code: int")
    command = "tidegate schema apply acme.orders --to 'my data.duckdb' --allow retype,drop"
    shown = acme("schema", "diff", "acme", *DEST)
    assert shown.code == 30
    assert f"To allow it: {command}\n" in shown.out
    acme("schema", "apply", "acme", "--allow", "drop", *DEST).failed(
        30, "retype code: string to int", command
    )
    done = acme("schema", "apply", "acme.orders", "--allow", "retype, drop", *DEST)
    assert done.code == 0
    first, second, kept = done.out.splitlines()
    assert (first, second) == ("acme.orders: retype code: string to int", "acme.orders: drop old: int")
    assert "kept as acme_orders__before_" in kept
    assert acme("schema", "diff", "acme", "--exit-code", *DEST).code == 0


def test_unknown_kinds_and_tasks_are_wrong_usage(acme: Shell) -> None:
    acme("schema", "apply", "acme", "--allow", "drop,add", *DEST).failed(
        2, "--allow knows no 'add'", "retype"
    )
    acme("schema", "diff", "acme.order", *DEST).failed(2, "orders")
