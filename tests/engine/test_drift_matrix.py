"""Each kind of change in each listing of the stand-in Brevo, in all rows and in 1 %: told, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from pydantic import BaseModel

from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile
from tidegate.engine.drift.profiler import Profiler
from tidegate.sandbox.brevo import BrevoSandbox

MODELS: dict[str, type[BaseModel]] = {
    "campaigns": ApiCampaign,
    "templates": ApiTemplate,
    "events": ApiEvent,
    "contacts": ApiContact,
}
# The change; where it shows; what it is called in a first run and in a later one, in all rows and in 1 %.
# "-": with no earlier run to compare with, or in so few rows of so few, it is no different from chance.
FIRST_ALL, FIRST_SOME, LATER_ALL, LATER_SOME = range(4)
ADD = ("unknown", "unknown", "unknown", "unknown")
RENAME = ("rename", "unknown", "rename", "rename")
RENAME_FEW = ("rename", "unknown", "rename", "unknown")  # of too few, or unlike in values
DROP = ("-", "-", "vanished", "-")
RETYPE = ("type", "type", "type", "type")
FORMAT = ("-", "-", "type", "type")
CASES = [
    ("campaigns/add:tier=gold", "tier", ADD),
    ("campaigns/add:sender.tier=gold", "sender.tier", ADD),
    ("campaigns/add:statistics.globalStats.bots=3", "statistics.globalStats.bots", ADD),
    ("campaigns/rename:tag=label", "label", RENAME_FEW),
    ("campaigns/rename:sender.name=label", "sender.label", RENAME),
    ("campaigns/rename:statistics.globalStats.viewed=opens", "statistics.globalStats.opens", RENAME_FEW),
    ("campaigns/drop:tag", "tag", DROP),
    ("campaigns/drop:statistics.globalStats.viewed", "statistics.globalStats.viewed", DROP),
    ("campaigns/retype:id=text", "id", RETYPE),
    ("campaigns/retype:statistics.globalStats.viewed=text", "statistics.globalStats.viewed", RETYPE),
    ("campaigns/retype:recipients.lists=text", "recipients.lists", RETYPE),
    ("templates/add:sender.tier=[1]", "sender.tier", ADD),
    ("templates/rename:sender.email=address", "sender.address", RENAME_FEW),
    ("templates/drop:sender.id", "sender.id", DROP),
    ("templates/retype:isActive=text", "isActive", RETYPE),
    ("events/add:tier=gold", "tier", ADD),
    ("events/rename:tag=label", "label", RENAME),
    ("events/rename:subject=title", "title", RENAME),
    ("events/rename:templateId=model", "model", RENAME_FEW),
    ("events/drop:subject", "subject", DROP),
    ("events/retype:templateId=text", "templateId", RETYPE),
    ("events/retype:date=epoch", "date", FORMAT),
    ('contacts/add:address={"city":"x"}', "address", ADD),
    ("contacts/rename:email=mail", "mail", RENAME),
    ("contacts/drop:email", "email", DROP),
    ("contacts/retype:listIds=text", "listIds", RETYPE),
    ("contacts/retype:emailBlacklisted=text", "emailBlacklisted", RETYPE),
    ("contacts/rename:attributes.FIRSTNAME=GIVEN", "attributes.GIVEN", ("-", "-", "rename", "rename")),
]


@cache
def sandbox(seed: int = 1, rows: int = 40_000) -> BrevoSandbox:
    return BrevoSandbox(seed=seed, rows=rows)


def profile(sandbox: BrevoSandbox, table: str, changes: Sequence[str] = (), part: int = 1) -> Profile:
    sandbox.set_drift(changes)
    rows = sandbox.truth(table)["rows"]
    profiler = Profiler(f"{changes}")
    for at in range(0, len(rows) // part, 1000):
        profiler.page(rows[at : at + 1000])
    return profiler.profile()


@cache
def baseline(table: str) -> Profile:
    return profile(sandbox(), table)


def told(findings: list[Finding], path: str) -> str:
    """The kind of the one finding; there is no other."""
    assert [each.path for each in findings] in ([], [path]), list(map(str, findings))
    return findings[0].kind if findings else "-"


@pytest.mark.extended
@pytest.mark.parametrize(("change", "path", "kinds"), CASES, ids=[case[0] for case in CASES])
def test_a_change_is_told_and_nothing_else(change: str, path: str, kinds: tuple[str, ...]) -> None:
    table = change.partition("/")[0]
    every = profile(sandbox(), table, [change])
    some = profile(sandbox(), table, [f"{change}@1%"])
    earlier = [baseline(table)]
    got = (
        told(compare(every, MODELS[table]), path),
        told(compare(some, MODELS[table]), path),
        told(compare(every, MODELS[table], earlier), path),
        told(compare(some, MODELS[table], earlier), path),
    )
    assert got == kinds


@pytest.mark.parametrize("table", MODELS)
@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.extended) for seed in range(3, 20))]
)
def test_rows_without_drift_tell_nothing(seed: int, table: str) -> None:
    whole = BrevoSandbox(seed=seed, rows=4000)
    first = profile(whole, table, part=2)
    assert compare(first, MODELS[table]) == []
    assert compare(profile(whole, table), MODELS[table], [first]) == []
    assert compare(first, MODELS[table], [profile(whole, table)]) == []


def test_what_nearly_every_row_had_is_missed_in_1_percent_of_enough_rows() -> None:
    change = "events/drop:messageId@1%"
    findings = compare(profile(sandbox(), "events", [change]), ApiEvent, [baseline("events")])
    assert [(each.kind, each.path, each.level) for each in findings] == [("fell", "messageId", "warning")]
