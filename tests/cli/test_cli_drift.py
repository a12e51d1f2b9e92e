"""`tidegate drift`: the pages of a run against the contract as it is now."""

from __future__ import annotations

import json

import pytest

from tests.cli.command_line import Shell
from tests.cli.test_cli_bad_answers import listing
from tests.http_tools.loopback import Loopback
from tidegate.connectors.brevo.schemas import ApiContact


def odd(number: int) -> dict[str, object]:
    return {"loyaltyTier": "gold"} if number == 1234 else {}


class ApiContactMended(ApiContact):
    loyaltyTier: str | None = None


@pytest.fixture
def ran(scripted: Shell, api: Loopback) -> Shell:
    api.by = listing(odd)
    assert scripted.run_inside("contacts", "--run-id", "first").code == 0
    return scripted


def test_findings_come_with_the_lines_that_mend_the_contract(ran: Shell) -> None:
    ended = ran.inside("drift", "brevo.contacts")
    assert ended.code == 0
    for said in (
        "brevo.contacts, run first: 2,500 rows against ApiContact and 0 earlier runs",
        "loyaltyTier",
        "text in 1 of 2,500",
        'loyalty_tier: str | None = Field(default=None, alias="loyaltyTier")',
    ):
        assert said in ended.out


def test_a_machine_gets_json(ran: Shell) -> None:
    told = json.loads(ran.inside("drift", "brevo.contacts", "--run", "first", "--json").out)
    assert (told["run"], told["rows"], told["earlier_runs"]) == ("first", 2500, 0)
    assert [each["path"] for each in told["findings"]] == ["loyaltyTier"]


def test_a_mended_contract_is_compared_without_another_run(
    ran: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.app.drift_commands.read_model", lambda _: ApiContactMended)
    assert "no drift" in ran.inside("drift", "brevo.contacts").out


def test_the_run_itself_says_that_there_is_something_to_see(scripted: Shell, api: Loopback) -> None:
    api.by = listing(odd)
    assert (
        "drift: 1 note on brevo.contacts: `tidegate drift brevo.contacts`"
        in scripted.run_inside("contacts").out
    )


def test_a_run_without_pages_here_is_wrong_usage(ran: Shell) -> None:
    ran.inside("drift", "brevo.events").failed(2, "no run has left pages of brevo.events here")
    ran.inside("drift", "brevo.contacts", "--run", "other").failed(2, "no run other has left pages")
