from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_support import brevo
from tidegate.sandbox.brevo.drift import Change

ROW = {"id": 1, "tag": "a", "sender": {"id": 2, "name": "x"}, "lines": [{"n": 1}, {"n": 2}]}


def changed(spec: str) -> dict[str, Any]:
    import copy

    row: dict[str, Any] = copy.deepcopy(ROW)
    Change.parse(spec).apply(row)
    return {key: value for key, value in row.items() if ROW.get(key) != value} | {
        key: "gone" for key in ROW if key not in row
    }


@pytest.mark.parametrize(
    ("spec", "difference"),
    [
        ("rename:tag=label", {"label": "a", "tag": "gone"}),
        ("drop:tag", {"tag": "gone"}),
        ("retype:id=text", {"id": "1"}),
        ("retype:tag=null", {"tag": None}),
        ("retype:tag=list", {"tag": ["a"]}),
        ("add:tier=gold", {"tier": "gold"}),
        ('add:tiers=[{"a":1}]', {"tiers": [{"a": 1}]}),
        ("drop:sender.name", {"sender": {"id": 2}}),
        ("rename:lines[].n=m", {"lines": [{"m": 1}, {"m": 2}]}),
        ("add:nowhere.tier=gold", {}),
        ("contacts/retype:sender.id=number@50%", {}),
    ],
)
def test_a_change_is_read_from_a_text_and_applied(spec: str, difference: dict[str, Any]) -> None:
    assert changed(spec) == difference


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "tag",
        "rename:tag",
        "drop:tag=x",
        "bend:tag=x",
        "retype:tag=blue",
        "webhooks/drop:tag",
        "drop:tag@0%",
    ],
)
def test_a_text_that_is_no_change_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="drift"):
        Change.parse(spec)


def test_all_answers_and_the_truth_have_the_change() -> None:
    with brevo(drift=["contacts/rename:attributes.FIRSTNAME=GIVEN"]) as api:
        rows = api.json("/contacts", limit=50)["contacts"]
        assert all("GIVEN" in row["attributes"] and "FIRSTNAME" not in row["attributes"] for row in rows)
        assert api.sandbox.truth("contacts")["rows"][::-1][:50] == rows
        assert "subject" in api.json("/smtp/templates")["templates"][0]


def test_a_share_of_the_rows_is_the_same_on_every_page() -> None:
    with brevo(rows=3000, drift=["add:tier=gold@5%"]) as api:
        whole = [row["id"] for row in api.json("/contacts", limit=300)["contacts"] if "tier" in row]
        pages = [api.json("/contacts", limit=30, offset=offset)["contacts"] for offset in range(0, 300, 30)]
        assert [row["id"] for page in pages for row in page if "tier" in row] == whole
        assert 5 <= len(whole) <= 30
        events = api.sandbox.truth("events")["rows"]
        assert 0.03 < sum("tier" in row for row in events) / len(events) < 0.07


def test_changes_can_be_set_while_it_runs() -> None:
    with brevo() as api:
        assert api.client.post("/_sandbox/drift", json={"changes": ["add:tier=gold"]}).status_code == 200
        assert api.json("/contacts", limit=1)["contacts"][0]["tier"] == "gold"
        refused = api.client.post("/_sandbox/drift", json={"changes": ["bend:tier"]})
        assert (refused.status_code, api.json("/contacts", limit=1)["contacts"][0]["tier"]) == (400, "gold")
        api.client.post("/_sandbox/drift", json={"changes": []})
        assert "tier" not in api.json("/contacts", limit=1)["contacts"][0]
