"""Every row as the API would send it right now: what a test compares a warehouse with."""

from __future__ import annotations

import orjson

from tidegate.sandbox.brevo.envelope import joined
from tidegate.sandbox.brevo.params import RefusedError
from tidegate.sandbox.brevo.store import Store


def truth_json(store: Store, name: str) -> bytes:
    """`{"rows": [...]}` in creation order; events also tell each row's account-local day in `days`."""
    if name == "events":
        return _events(store)
    tables = {"campaigns": store.campaigns, "templates": store.templates, "contacts": store.contacts}
    if name not in tables:
        raise RefusedError("document_not_found", f"There is no truth about {name}", status=404)
    return b"{%b}" % joined("rows", [row.body for row in tables[name].rows])


def _events(store: Store) -> bytes:
    rows: list[bytes] = []
    days: list[str] = []
    for day in store.events.days():
        held = store.events.select(day, day).days[0]
        rows += held
        days += [day.isoformat()] * len(held)
    return b'{%b,"days":%b}' % (joined("rows", rows), orjson.dumps(days))
