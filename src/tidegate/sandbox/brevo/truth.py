"""Every row as the API would send it right now: what a test compares a warehouse with."""

from __future__ import annotations

from datetime import date

import orjson

from tidegate.sandbox.brevo.envelope import joined
from tidegate.sandbox.brevo.params import RefusedError
from tidegate.sandbox.brevo.report_route import reports
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.table import Table

_TABLES = frozenset(
    (
        "campaigns", "templates", "contacts", "senders", "blocked_contacts", "lists", "folders", "segments",
        "sms_campaigns", "companies", "deals", "orders", "products", "categories",
    )
)  # fmt: skip


def truth_json(store: Store, name: str) -> bytes:
    """`{"rows": [...]}` in creation order. What is asked for by days tells each row's account-local day in
    `days`.
    """
    if name == "events":
        return _by_day({day: store.events.select(day, day).days[0] for day in store.events.days()})
    if name == "sms_events":
        return _by_day(store.sms_events)
    if name == "reports":
        counted = reports(store, date.min, date.max)
        return _by_day({date.fromisoformat(str(row["date"])): [orjson.dumps(row)] for row in counted})
    if name not in _TABLES:
        raise RefusedError("document_not_found", f"There is no truth about {name}", status=404)
    table: Table = getattr(store, name)
    return b"{%b}" % joined("rows", [row.body for row in table.rows])


def _by_day(held: dict[date, list[bytes]]) -> bytes:
    rows = [row for day in held for row in held[day]]
    days = [day.isoformat() for day in held for _ in held[day]]
    return b'{%b,"days":%b}' % (joined("rows", rows), orjson.dumps(days))
