"""The data: the same for the same seed, within its bounds, and as odd as the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.sandbox_support import NOW, HandClock
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.brevo.event_rows import KINDS

PARIS = ZoneInfo("Europe/Paris")
NAMES = ("campaigns", "templates", "contacts", "events")


@pytest.fixture(scope="module")
def sandbox() -> BrevoSandbox:
    return BrevoSandbox(rows=20_000, now=NOW)


def rows(sandbox: BrevoSandbox, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.truth(name)["rows"]
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    one, other = (BrevoSandbox(seed=7, rows=900, now=NOW) for _ in range(2))
    assert one.truth_json(name) == other.truth_json(name)


def test_preparing_ahead_changes_nothing() -> None:
    one, other = (BrevoSandbox(rows=900, now=NOW) for _ in range(2))
    one.prepare()
    assert [one.truth_json(name) for name in NAMES] == [other.truth_json(name) for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_rows(name: str) -> None:
    one, other = (BrevoSandbox(seed=seed, rows=900, now=NOW) for seed in (7, 8))
    assert one.truth_json(name) != other.truth_json(name)


def test_events_do_not_depend_on_what_was_looked_at_or_changed_before() -> None:
    one, other = (BrevoSandbox(rows=900, now=NOW) for _ in range(2))
    last_but_one = one.store.events.select(date(2026, 4, 14), date(2026, 4, 14)).days[0]
    for step in range(60):
        one.store.templates.rows[step % 10].body = one.store.templates.rows[0].body
    assert last_but_one == other.store.events.select(date(2026, 4, 14), date(2026, 4, 14)).days[0]
    assert one.truth("events") == other.truth("events")


@pytest.mark.parametrize(
    ("events", "contacts", "campaigns", "templates"),
    [(0, 50, 20, 10), (5000, 500, 100, 50), (100_000, 10_000, 400, 120)],
)
def test_the_other_listings_grow_with_the_events(
    events: int, contacts: int, campaigns: int, templates: int
) -> None:
    store = BrevoSandbox(rows=events, now=NOW).store
    sizes = [len(table.rows) for table in (store.contacts, store.campaigns, store.templates)]
    assert sizes == [contacts, campaigns, templates]


@pytest.mark.parametrize("days", [1, 7, 30, 400])
def test_exactly_rows_events_lie_in_the_days_up_to_today(days: int) -> None:
    found = BrevoSandbox(rows=777, days=days, now=NOW).truth("events")
    assert len(found["rows"]) == 777
    first = date.fromordinal(date(2026, 4, 15).toordinal() - days + 1).isoformat()
    assert first <= min(found["days"]) <= max(found["days"]) <= "2026-04-15"


@pytest.mark.parametrize(
    "now", [datetime(2026, 4, 14, 22, tzinfo=UTC), datetime(2026, 4, 14, 22, 0, 0, 1000, tzinfo=UTC)]
)
def test_no_event_is_later_than_now_even_at_midnight(now: datetime) -> None:
    found = rows(BrevoSandbox(rows=500, days=1, now=now), "events")
    assert len(found) == 500
    assert max(moment(row["date"]) for row in found) <= now


def test_events_are_in_the_order_of_their_dates_and_not_later_than_now(sandbox: BrevoSandbox) -> None:
    dates = [moment(row["date"]) for row in rows(sandbox, "events")]
    assert dates == sorted(dates)
    assert dates[-1] <= NOW


def test_the_day_of_an_event_is_that_of_the_account_also_where_clocks_change(sandbox: BrevoSandbox) -> None:
    found = sandbox.truth("events")
    assert "2026-03-29" in found["days"]  # 23 hours in Paris
    for row, day in zip(found["rows"], found["days"], strict=True):
        at = moment(row["date"])
        assert at.date().isoformat() == day
        assert at.utcoffset() == at.astimezone(PARIS).utcoffset()


def test_the_utc_date_of_some_events_is_another_day(sandbox: BrevoSandbox) -> None:
    found = sandbox.truth("events")
    utc = [moment(row["date"]).astimezone(UTC).date().isoformat() for row in found["rows"]]
    assert any(one != other for one, other in zip(utc, found["days"], strict=True))


def test_every_kind_of_event_occurs(sandbox: BrevoSandbox) -> None:
    assert {row["event"] for row in rows(sandbox, "events")} == set(KINDS)
    assert len(KINDS) == 14


@pytest.mark.parametrize("key", ["subject", "tag", "from", "templateId", "reason", "ip", "link"])
def test_an_optional_member_of_an_event_is_there_or_absent(sandbox: BrevoSandbox, key: str) -> None:
    there = sum(key in row for row in rows(sandbox, "events"))
    assert 0 < there < 20_000


def test_some_optional_members_are_null(sandbox: BrevoSandbox) -> None:
    nulls = {key for row in rows(sandbox, "events") for key, value in row.items() if value is None}
    assert {"tag", "templateId", "reason"} <= nulls
    assert not nulls & {"email", "date", "event", "messageId"}


def test_about_one_event_in_2000_is_an_exact_duplicate_of_the_one_before(sandbox: BrevoSandbox) -> None:
    found = rows(sandbox, "events")
    repeats = sum(row == before for before, row in pairwise(found))
    assert 3 <= repeats <= 25
    assert len({str(row) for row in found}) == len(found) - repeats


def test_campaigns_have_the_oddities_of_the_vendors_examples(sandbox: BrevoSandbox) -> None:
    found = rows(sandbox, "campaigns")
    assert {row["scheduledAt"] for row in found if row["status"] == "draft"} == {""}
    assert all(("sentDate" in row) == (row["status"] == "sent") for row in found)
    assert {row["type"] for row in found} == {"classic", "trigger", "Classic"}
    assert {row["status"] for row in found} >= {"sent", "draft", "archive", "queued", "in_process"}
    assert {"id" in row["sender"] for row in found} == {True, False}
    assert {"tag" in row for row in found} == {True, False}
    assert {"opensRate" in row["statistics"]["globalStats"] for row in found} == {True, False}
    links = [link for row in found for link in row["statistics"]["linksStats"].values()]
    assert {type(link) for link in links} == {int, dict}


def test_a_templates_sender_id_is_a_string_or_an_int(sandbox: BrevoSandbox) -> None:
    assert {type(row["sender"]["id"]) for row in rows(sandbox, "templates")} == {str, int}


def test_contacts_have_no_address_now_and_then_and_attributes_of_any_type(sandbox: BrevoSandbox) -> None:
    found = rows(sandbox, "contacts")
    assert {"email" in row for row in found} == {True, False}
    kinds = {type(value) for row in found for value in row["attributes"].values()}
    assert kinds == {str, int, float, bool, list, dict, type(None)}


def test_dates_of_contacts_have_milliseconds_and_mixed_offsets(sandbox: BrevoSandbox) -> None:
    stamps = [row[key] for row in rows(sandbox, "contacts") for key in ("createdAt", "modifiedAt")]
    assert {stamp[19] for stamp in stamps} == {"."}
    assert {stamp[23:] for stamp in stamps} == {"Z", "+01:00", "+02:00"}


@pytest.mark.parametrize("name", ["campaigns", "templates", "contacts"])
def test_nothing_was_modified_before_it_was_made_or_after_now(sandbox: BrevoSandbox, name: str) -> None:
    for row in rows(sandbox, name):
        assert moment(row["createdAt"]) <= moment(row["modifiedAt"]) <= NOW


@pytest.mark.parametrize("name", ["campaigns", "templates", "contacts"])
def test_listings_are_in_the_order_of_creation(sandbox: BrevoSandbox, name: str) -> None:
    made = [moment(row["createdAt"]) for row in rows(sandbox, name)]
    assert made == sorted(made)


def test_the_addresses_in_events_are_those_of_contacts(sandbox: BrevoSandbox) -> None:
    known = {row["email"] for row in rows(sandbox, "contacts") if "email" in row}
    assert {row["email"] for row in rows(sandbox, "events")} <= known


def test_the_clock_runs_on_from_now() -> None:
    clock = HandClock()
    sandbox = BrevoSandbox(now=NOW, monotonic=clock)
    clock.now_s += 60
    assert sandbox.store.clock.now_ms() - sandbox.store.clock.start_ms == 60_000


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        BrevoSandbox(now=datetime(2026, 4, 15))
