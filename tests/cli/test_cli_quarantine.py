"""Rows that break a contract on the command line: told, kept aside within a budget, shown, tried again."""

from __future__ import annotations

import json

import pytest
from pydantic import field_validator

from tests.cli.command_line import Shell
from tests.cli.test_cli_bad_answers import listing
from tests.http_tools.loopback import Loopback
from tidegate.connectors.brevo import routes_contacts
from tidegate.connectors.brevo.schemas import ApiContact


def odd(number: int) -> dict[str, object]:
    return {"listIds": "none"} if number in (700, 1400) else {}


class ApiContactMended(ApiContact):
    """Knows what the vendor means by `none`."""

    @field_validator("list_ids", mode="before")
    @classmethod
    def none_is_empty(cls, given: object) -> object:
        return [] if given == "none" else given


@pytest.fixture
def kept_aside(scripted: Shell, api: Loopback) -> Shell:
    api.by = listing(odd)
    ended = scripted.run_inside("contacts", "--on-invalid", "quarantine", "--run-id", "first")
    assert ended.code == 10, ended
    assert "= 2,498 loaded + 0 superseded + 0 dropped + 2 quarantined" in ended.out
    assert "`tidegate quarantine list`" in ended.out
    return scripted


def test_fail_fast_names_ten_errors_of_the_page_and_counts_the_others(scripted: Shell, api: Loopback) -> None:
    api.by = listing(lambda number: {"createdAt": "long ago"} if number <= 13 else {})
    ended = scripted.run_inside("contacts")
    ended.failed(30, "GET /contacts page 0: row 0 (id 1), ApiContact field createdAt", "'long ago'")
    assert sum("ApiContact field createdAt" in line for line in ended.err.splitlines()) == 10
    assert "  and 3 more errors of this page\n" in ended.err
    assert "--on-invalid quarantine" in ended.err


def test_the_quarantine_is_listed_for_people_and_for_machines(kept_aside: Shell) -> None:
    ended = kept_aside.inside("quarantine", "list", "--to", "x.duckdb")
    assert ended.code == 0
    for said in (
        "brevo.contacts",
        "700",
        "1400",
        "ApiContact field listIds",
        "2 of brevo.contacts, run first",
    ):
        assert said in ended.out
    ended = kept_aside.inside("quarantine", "list", "--to", "x.duckdb", "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert [row["row_id"] for row in rows] == ["700", "1400"]
    assert [row["payload"]["listIds"] for row in rows] == ["none", "none"]


def test_one_row_is_shown_whole_and_nothing_personal_of_it(kept_aside: Shell) -> None:
    listed = kept_aside.inside("quarantine", "list", "--to", "x.duckdb", "--json").out.splitlines()[0]
    row_id = json.loads(listed)["id"]
    ended = kept_aside.inside("quarantine", "show", row_id[:8], "--to", "x.duckdb")
    assert ended.code == 0, ended
    assert '"listIds": "none"' in ended.out
    assert "personal values masked" in ended.out
    assert "person700" not in ended.out + listed
    kept_aside.inside("quarantine", "show", "nothing", "--to", "x.duckdb").failed(2, "no quarantined row")


def test_a_mended_contract_takes_the_rows_out_of_the_quarantine(
    kept_aside: Shell, api: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = len(api.seen)
    ended = kept_aside.inside("quarantine", "replay", "--to", "x.duckdb", "--json")
    assert ended.code == 10
    assert json.loads(ended.out)["replayed"][0]["left"] == 2
    monkeypatch.setattr(routes_contacts, "ApiContact", ApiContactMended)
    ended = kept_aside.inside("quarantine", "replay", "--to", "x.duckdb")
    assert ended.code == 0, ended
    assert kept_aside.tables()["brevo_contacts"] == 2500
    ended = kept_aside.inside("quarantine", "list", "--to", "x.duckdb")
    assert ended.out == "x.duckdb: no rows in quarantine\n"
    assert len(api.seen) == asked


def test_a_run_is_replayed_without_the_api(kept_aside: Shell, api: Loopback) -> None:
    asked = len(api.seen)
    kept_aside.inside("replay", "first", "--no-progress").failed(30, "row", "listIds")
    ended = kept_aside.inside("replay", "first", "--on-invalid", "quarantine", "--quarantine-exit", "0")
    assert ended.code == 0, ended
    assert "2 quarantined" in ended.out
    kept_aside.inside("replay", "never").failed(2, "there is no run 'never'", "tidegate runs")
    assert len(api.seen) == asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--on-invalid", "ignore"), "--on-invalid 'ignore' is not known"),
        (("--max-invalid", "1%"), "--max-invalid goes with --on-invalid quarantine"),
        (
            ("--on-invalid", "quarantine", "--max-invalid", "some"),
            "--max-invalid 'some' is no number of rows",
        ),
        (
            ("--on-invalid", "quarantine", "--max-invalid", "101%"),
            "--max-invalid '101%' is no number of rows",
        ),
    ],
)
def test_wrong_options_are_told(shell: Shell, options: tuple[str, ...], said: str) -> None:
    shell.run_inside("contacts", *options).failed(2, said)


def test_over_the_budget_nothing_is_loaded(scripted: Shell, api: Loopback) -> None:
    api.by = listing(odd)
    ended = scripted.run_inside("contacts", "--on-invalid", "quarantine", "--max-invalid", "1")
    ended.failed(30, "2 of 2,500 rows break a contract, more than the 1 allowed", "--max-invalid")
    assert scripted.tables() == {}
