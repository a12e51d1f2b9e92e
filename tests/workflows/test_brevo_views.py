"""Brevo's views, against rows counted by hand, in DuckDB and in BigQuery's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.standins import Google
from tidegate.destinations.base import Commit, Destination
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.views import HoldsViews
from tidegate.engine.parts import with_window
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.utils.encoding import Encoder
from tidegate.workflows.brevo.config import EVENTS
from tidegate.workflows.brevo.schemas import CleanEvent
from tidegate.workflows.brevo.views import EVENTS_DAILY

MONDAY, NIGHT = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
COUNTS = [column.name for column in EVENTS_DAILY.columns][4:]
Counted = dict[tuple[Any, ...], tuple[int, ...]]


def event(
    message: str, kind: str, email: str = "a@x.example", at: datetime = MONDAY, **also: Any
) -> CleanEvent:
    given = {"template_id": 7, "tag": "welcome", **also}
    return CleanEvent(
        message_id=message, event_type=kind, email=email, email_domain="x.example", occurred_at=at,
        occurred_on=at.date(), subject=None, reason=None, ip=None, link=None, sender=None, **given,
    )  # fmt: skip


def loaded(to: Destination, rows: list[CleanEvent]) -> None:
    to.prepare(EVENTS)
    cells = sorted({row.occurred_on for row in rows})

    def batches() -> Iterator[Any]:
        for cell in cells:
            of_day = [row for row in rows if row.occurred_on == cell]
            yield with_window(Encoder(CleanEvent).encode(of_day), cell)

    to.commit(Commit("c", "r", "brevo.events", EVENTS, 0, None, MONDAY, batches, tuple(cells)))
    assert isinstance(to, HoldsViews)
    to.put_view(EVENTS_DAILY)


def counted(to: Destination) -> Counted:
    """The counts of the view by day, template, tag and address; a day is told as the view gives it."""
    names = [column.name for column in EVENTS_DAILY.columns]
    if isinstance(to, BigQueryDestination):
        with to._session() as session:
            path = session.path(EVENTS_DAILY.name)
            found = [tuple(row) for row in session.rows(f"SELECT {', '.join(names)} FROM {path}")]
    else:
        assert isinstance(to, DuckDBDestination)
        with duckdb.connect(str(to.path), read_only=True) as connection:
            found = connection.sql(f"SELECT {', '.join(names)} FROM {EVENTS_DAILY.name}").fetchall()
    for row in found:
        EVENTS_DAILY.model.model_validate(dict(zip(names, row, strict=True)))
    by_key = {row[:4]: row[4:] for row in found}
    assert len(by_key) == len(found)
    return by_key


def by_name(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(name, 0) for name in COUNTS)


HAND_MADE = [
    event("m1", "requests"),
    event("m1", "delivered"),
    event("m1", "delivered"),  # the very same event twice
    event("m1", "opened"),
    event("m1", "opened", at=MONDAY + timedelta(hours=1)),
    event("m1", "loadedByProxy"),
    event("m1", "clicks"),
    event("m1", "clicks", at=NIGHT),
    event("m1", "unsubscribed"),
    event("m1", "opened", at=NIGHT + timedelta(hours=1)),  # on the day after, in UTC
    event("m2", "requests"),
    event("m2", "opened"),
    event("m2", "softBounces"),
    event("m3", "requests", "b@x.example", template_id=None, tag=None),
    event("m3", "hardBounces", "b@x.example", template_id=None, tag=None),
    event("m4", "requests", tag="other"),
]
TUESDAY = date(2026, 3, 3)
BY_HAND: Counted = {
    (MONDAY.date(), 7, "welcome", "a@x.example"): by_name(
        requested=2, delivered=1, opens=3, unique_opens=2, proxy_opens=1, clicks=2, unique_clicks=1,
        unsubscribed=1,
    ),
    (TUESDAY, 7, "welcome", "a@x.example"): by_name(opens=1, unique_opens=1),
    (MONDAY.date(), None, None, "b@x.example"): by_name(requested=1),
    (MONDAY.date(), 7, "other", "a@x.example"): by_name(requested=1),
}  # fmt: skip


def from_sandbox() -> tuple[list[CleanEvent], Counted]:
    """Events of the stand-in, and what they come to, counted in Python from what the API would send."""
    sandbox = BrevoSandbox(rows=2_000, days=4, seed=11, now=datetime(2026, 4, 15, 13, tzinfo=UTC))
    rows, tally = [], dict[tuple[Any, ...], list[tuple[str, str]]]()
    for each in sandbox.truth("events")["rows"]:
        at = datetime.fromisoformat(each["date"]).astimezone(UTC)
        template, tag, email = each.get("templateId"), each.get("tag"), each["email"]
        rows.append(event(each["messageId"], each["event"], email, at, template_id=template, tag=tag))
        tally.setdefault((at.date(), template, tag, email), []).append((each["event"], each["messageId"]))
    return rows, {key: _counts(happened) for key, happened in tally.items()}


def _counts(happened: list[tuple[str, str]]) -> tuple[int, ...]:
    def emails(kind: str) -> int:
        return len({message for each, message in happened if each == kind})

    kinds = [kind for kind, _ in happened]
    return by_name(
        requested=emails("requests"), delivered=emails("delivered"), opens=kinds.count("opened"),
        unique_opens=emails("opened"), proxy_opens=emails("loadedByProxy"), clicks=kinds.count("clicks"),
        unique_clicks=emails("clicks"), unsubscribed=emails("unsubscribed"),
    )  # fmt: skip


def test_events_of_a_day_are_counted_as_by_hand(tmp_path: Path) -> None:
    to = DuckDBDestination(tmp_path / "w.duckdb")
    loaded(to, HAND_MADE)
    assert counted(to) == BY_HAND


def test_events_of_the_sandbox_are_counted_as_in_python(tmp_path: Path) -> None:
    rows, wanted = from_sandbox()
    to = DuckDBDestination(tmp_path / "w.duckdb")
    loaded(to, rows)
    assert counted(to) == wanted
    totals = [sum(each) for each in zip(*wanted.values(), strict=True)]
    assert all(totals), dict(zip(COUNTS, totals, strict=True))


@pytest.mark.extended
def test_bigquery_counts_as_by_hand_and_as_duckdb(google: Google) -> None:
    to = BigQueryDestination(google.to, retry_s=5.0)
    rows, wanted = from_sandbox()
    loaded(to, [*HAND_MADE, *rows])
    assert counted(to) == BY_HAND | wanted


def test_every_column_has_a_meaning() -> None:
    assert all(column.description for column in EVENTS_DAILY.columns)
