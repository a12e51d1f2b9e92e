from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.sandbox_support import EVENTS, NOW, HandClock, brevo
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.brevo.churn import event_vanished

NAMES = ("campaigns", "templates", "contacts", "events")


def churned(steps: int, **settings: Any) -> tuple[BrevoSandbox, dict[str, int]]:
    clock = HandClock()
    sandbox = BrevoSandbox(**{"rows": 3000, "now": NOW, "monotonic": clock, **settings})
    clock.now_s += 60
    return sandbox, sandbox.mutate(steps)


def by_id(sandbox: BrevoSandbox, name: str) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in sandbox.truth(name)["rows"]}


def test_nothing_moves_without_churn() -> None:
    with brevo() as api:
        before = [api.sandbox.truth_json(name) for name in NAMES]
        for _ in range(20):
            api.get(EVENTS)
        assert [api.sandbox.truth_json(name) for name in NAMES] == before


def test_requests_move_the_data_when_churn_is_set() -> None:
    with brevo(churn=1.0) as api:
        before = [api.sandbox.truth_json(name) for name in NAMES]
        for _ in range(40):
            api.get("/account")
        assert all(now != then for now, then in zip(map(api.sandbox.truth_json, NAMES), before, strict=True))


def test_the_same_steps_change_the_same_things() -> None:
    (one, did), (other, did_too) = churned(200), churned(200)
    assert did == did_too
    assert [one.truth_json(name) for name in NAMES] == [other.truth_json(name) for name in NAMES]


def test_every_kind_of_change_happens_and_deletions_are_rare() -> None:
    _, done = churned(300)
    assert len(done) == 15
    assert done["contact_deleted"] < min(done["contact_modified"], done["contact_created"])


def test_what_changed_was_modified_now() -> None:
    fresh = BrevoSandbox(rows=3000, now=NOW)
    sandbox, _ = churned(200)
    for name in ("campaigns", "templates", "contacts"):
        before = by_id(fresh, name)
        changed = [row for number, row in by_id(sandbox, name).items() if row != before.get(number)]
        stamps = {datetime.fromisoformat(row["modifiedAt"]) for row in changed}
        assert stamps == {NOW + timedelta(seconds=60)}


def test_a_changed_contact_is_found_by_modified_since() -> None:
    with brevo(rows=3000) as api:
        since = datetime.now(UTC)  # far from the sandbox's own time, which is fixed
        assert since > NOW
        assert api.json("/contacts", modifiedSince=NOW.isoformat())["count"] == 0
        api.sandbox.mutate(50)
        assert api.json("/contacts", modifiedSince=NOW.isoformat())["count"] > 5


def test_a_new_contact_gets_a_new_id_even_after_the_last_was_deleted() -> None:
    sandbox, _ = churned(0)
    table = sandbox.store.contacts
    last = table.rows.pop().id
    assert table.next_id() == last + 1


def test_new_events_are_at_the_end_of_today() -> None:
    sandbox, done = churned(100)
    truth = sandbox.truth("events")
    new = truth["rows"][-done["event_created"] :]
    assert {datetime.fromisoformat(row["date"]) for row in new[-5:]} == {NOW + timedelta(seconds=60)}
    assert truth["days"][-1] == "2026-04-15"


def test_an_event_after_midnight_opens_a_new_day() -> None:
    clock = HandClock()
    sandbox = BrevoSandbox(rows=300, now=NOW, monotonic=clock)
    clock.now_s += 12 * 3600
    sandbox.mutate(20)
    assert sandbox.truth("events")["days"][-1] == "2026-04-16"


def test_events_older_than_three_days_never_change() -> None:
    fresh = BrevoSandbox(rows=3000, now=NOW).truth("events")
    sandbox, done = churned(400)
    assert done[event_vanished.__name__] > 10
    truth = sandbox.truth("events")
    old = [row for row, day in zip(truth["rows"], truth["days"], strict=True) if day < "2026-04-13"]
    assert old == fresh["rows"][: len(old)]
    assert fresh["days"][len(old)] == "2026-04-13"


def test_a_campaign_that_waited_is_sent_now() -> None:
    fresh = by_id(BrevoSandbox(rows=3000, now=NOW), "campaigns")
    sandbox, _ = churned(600)
    rows = by_id(sandbox, "campaigns").items()
    sent = [row for number, row in rows if row["status"] != fresh[number]["status"]]
    assert sent
    assert {fresh[row["id"]]["status"] for row in sent} <= {"queued", "in_process"}
    assert {(row["status"], "sentDate" in row) for row in sent} == {("sent", True)}
