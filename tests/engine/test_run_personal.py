"""A run over personal data: broken rows are told and kept, and what they hold stays in the page log."""

from __future__ import annotations

import json
import logging
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.engine.shop import AcmeConnector, ApiOrder, Shop
from tests.engine.test_run_secrecy import content
from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import MASK, Personal
from tidegate.contracts.table import Table
from tidegate.engine.build import InstancesBuild
from tidegate.engine.invalid import Budget, Invalid
from tidegate.utils.errors import ExitCode
from tidegate.utils.hashing import KeyedHash

ASIDE = Invalid("quarantine", Budget(share=0.5))


class ApiBuyer(ApiOrder):
    email: Annotated[str, Personal()]


class ApiRawBuyer(ApiBuyer, quarantine_payload="raw"): ...


class CleanBuyer(WriteContract):
    order_id: int
    email: Annotated[str, Personal("hash")]
    domain: str


BUYERS: Table[Any] = Table("buyers", CleanBuyer, key=("email",), write="merge")


def to_buyer(order: Any) -> Any:
    """Says too much in its errors, in each of the ways that a transform may fail."""
    name, at, domain = order.email.partition("@")
    if order.total == 3:
        raise KeyError(name)
    if order.total == 6:
        raise ValueError(f"what is {order.email!r}?")
    if order.total == 9:
        return CleanBuyer.model_validate({"order_id": 9, "email": order.email, "domain": [order.email]})
    return CleanBuyer(order_id=order.id, email=order.email, domain=domain if at else "none")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Order 1 to 3 make the transform fail, order 4 the read contract."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_HASH_KEY", "a key of the tests")
    monkeypatch.setattr(AcmeConnector, "reads", ApiBuyer)
    made = Shop(tmp_path)
    made.fill(12)
    for order in made.orders:
        order["email"] = f"Zquent{order['id']}@mailbox.example"
    made.orders[4]["email"] = {"to": "Zquent4@mailbox.example"}
    return made


def test_broken_rows_show_no_personal_value_in_errors_reports_and_files(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    failed = shop.runner(to_buyer, BUYERS, run_id="raised").run().tasks[0]
    report = shop.runner(to_buyer, BUYERS, invalid=ASIDE, run_id="aside").run().tasks[0]
    assert failed.error is not None
    assert failed.error.count("\n") == 3
    assert f"to_buyer raised KeyError: '{MASK}'" in failed.error
    assert (report.rows_loaded, report.rows_quarantined) == (8, 4)
    assert "zquent" not in f"{failed} {report} {capfd.readouterr()}".lower()
    files = [path for path in shop.folder.rglob("*") if path.is_file() and path.suffix != ".pages"]
    assert {".arrow", ".db", ".json", ".duckdb"} <= {path.suffix for path in files}
    assert [path for path in files if b"zquent" in content(path).lower()] == []


def test_the_cause_of_an_error_shows_no_personal_value_either(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        shop.runner(to_buyer, BUYERS).run()
    assert "zquent" not in caplog.text.lower()


def test_a_quarantined_row_is_masked_unless_its_contract_says_raw(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def payloads() -> list[dict[str, Any]]:
        shop.runner(to_buyer, BUYERS, invalid=ASIDE, new=True).run()
        return [json.loads(row.payload) for row in shop.runner().destination.quarantine()]

    masked = payloads()
    assert {row["email"] for row in masked} == {MASK}
    assert sorted(row["id"] for row in masked) == [1, 2, 3, 4]
    shop.warehouse.unlink()
    monkeypatch.setattr(AcmeConnector, "reads", ApiRawBuyer)
    assert [row for row in shop.orders if row["id"] in (1, 2, 3, 4)] == sorted(
        payloads(), key=itemgetter("id")
    )


def test_a_hash_is_loaded_and_keeps_rows_apart(shop: Shop) -> None:
    shop.runner(to_buyer, BUYERS, invalid=ASIDE).run()
    rows = shop.rows("SELECT email, domain FROM buyers")
    hashed = KeyedHash.read()
    loaded = {hashed(order["email"]) for order in shop.orders if order["id"] not in (1, 2, 3, 4)}
    assert {email for email, _ in rows} == loaded
    assert {domain for _, domain in rows} == {"mailbox.example"}


def test_a_run_without_its_hash_key_asks_for_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEGATE_HASH_KEY")
    report = shop.runner(to_buyer, BUYERS).run().tasks[0]
    assert report.exit_code == ExitCode.FAILED
    assert "TIDEGATE_HASH_KEY is not set" in str(report.error)
    assert shop.asked == []


def test_parts_are_built_again_under_another_key(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = shop.runner(to_buyer, BUYERS).workflow.tasks
    before = InstancesBuild(task, ApiBuyer).fingerprint
    assert InstancesBuild(task, ApiBuyer).fingerprint == before
    monkeypatch.setenv("TIDEGATE_HASH_KEY", "another key of the tests")
    assert InstancesBuild(task, ApiBuyer).fingerprint != before
