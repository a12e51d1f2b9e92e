"""What the warehouse must hold, worked out from the stand-in's own truth.

Shares nothing with the workflow: raw JSON rows in, column values out, written against the API's description.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests import brevo_truth_more
from tidegate.sandbox.brevo import BrevoSandbox

Row = dict[str, Any]
# What is asked for by windows, of a day each.
BY_DAY = {"events", "sms_events", "reports"}


def truth(sandbox: BrevoSandbox, table: str) -> list[Row]:
    """Every row that the table should hold now, as column values."""
    told = sandbox.truth(table)
    now = datetime.fromtimestamp(sandbox.store.clock.now_ms() / 1000, UTC)
    rows = [_EXPECTED[table](row) for row in told["rows"]]
    if table == "campaigns":
        rows = [_forgotten(row, now) for row in rows]
    if table in BY_DAY:
        for row, day in zip(rows, told["days"], strict=True):
            row["_tidegate_window"] = date.fromisoformat(day)
    return [comparable(row) for row in rows]


def held(path: Path, table: str) -> list[Row]:
    """Every row that the table holds."""
    with duckdb.connect(str(path), read_only=True) as db:
        db.execute("SET TimeZone = 'UTC'")
        columns = _EXPECTED[table](_SAMPLES[table])
        names = [*columns, *(["_tidegate_window"] if table in BY_DAY else [])]
        found = db.execute(f"SELECT {', '.join(names)} FROM brevo_{table}").fetchall()
        return [comparable(dict(zip(names, row, strict=True))) for row in found]


def assert_exact(sandbox: BrevoSandbox, path: Path, *tables: str) -> None:
    """The tables hold the truth, each row as often as it should be there."""
    for table in tables or TABLES:
        wanted, got = counted(truth(sandbox, table)), counted(held(path, table))
        missing, surplus = wanted - got, got - wanted
        assert not missing, f"{table}: {missing.total()} rows missing, for example {next(iter(missing))}"
        assert not surplus, f"{table}: {surplus.total()} rows too many, for example {next(iter(surplus))}"


def assert_no_column_forgotten(path: Path) -> None:
    """Every column of every table is one that `truth` knows."""
    with duckdb.connect(str(path), read_only=True) as db:
        for table in TABLES:
            there = {name for name, *_ in db.execute(f"DESCRIBE brevo_{table}").fetchall()}
            told = {*_EXPECTED[table](_SAMPLES[table]), "_tidegate_run", "_tidegate_loaded_at"}
            assert there - {"_tidegate_window"} == told, table


def counted(rows: list[Row]) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True, default=str) for row in rows)


def comparable(row: Row) -> Row:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if name in {"attributes", "meta"}:
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(value, Decimal):
        return value.normalize()
    if name == "lines":
        return [comparable(line) for line in value]
    return value


_COUNTS = {
    "sent": "sent",
    "delivered": "delivered",
    "deferred": "deferred",
    "soft_bounces": "softBounces",
    "hard_bounces": "hardBounces",
    "opens": "viewed",
    "unique_opens": "uniqueViews",
    "trackable_opens": "trackableViews",
    "estimated_opens": "estimatedViews",
    "apple_mpp_opens": "appleMppOpens",
    "clicks": "clickers",
    "unique_clicks": "uniqueClicks",
    "unsubscriptions": "unsubscriptions",
    "complaints": "complaints",
}


def _forgotten(row: Row, now: datetime) -> Row:
    """With statistics=globalStats the API tells the counts of the last six months only."""
    sent_at = row.get("sent_at")
    old = sent_at is not None and now - sent_at > timedelta(days=183)
    return {**row, **dict.fromkeys(_COUNTS)} if old else row


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _sender(row: Row) -> Row:
    sender = row["sender"]
    number = sender.get("id")
    return {
        "sender_id": None if number is None else str(number),
        "sender_name": sender.get("name"),
        "sender_email": sender.get("email"),
    }


def _campaign(row: Row) -> Row:
    stats = row["statistics"]["globalStats"]
    return {
        "campaign_id": row["id"],
        "name": row["name"],
        "type": row["type"].lower(),
        "status": row["status"],
        "subject": row.get("subject"),
        "subject_a": row.get("subjectA"),
        "subject_b": row.get("subjectB"),
        "tag": row.get("tag"),
        **_sender(row),
        "list_ids": row["recipients"]["lists"],
        "excluded_list_ids": row["recipients"].get("exclusionLists") or [],
        "created_at": _at(row["createdAt"]),
        "modified_at": _at(row["modifiedAt"]),
        "scheduled_at": _at(row.get("scheduledAt")),
        "sent_at": _at(row.get("sentDate")),
        **{column: stats.get(key) for column, key in _COUNTS.items()},
    }


def _template(row: Row) -> Row:
    return {
        "template_id": row["id"],
        "name": row["name"],
        "subject": row["subject"],
        "is_active": row["isActive"],
        "tag": row["tag"],
        **_sender(row),
        "created_at": _at(row["createdAt"]),
        "modified_at": _at(row["modifiedAt"]),
    }


def _event(row: Row) -> Row:
    at = _at(row["date"])
    assert at is not None
    domain = row["email"].split("@")[-1].lower() if "@" in row["email"] else None
    return {
        "message_id": row["messageId"],
        "event_type": row["event"],
        "email": row["email"],
        "email_domain": domain,
        "occurred_at": at,
        "occurred_on": at.date(),
        "subject": row.get("subject"),
        "reason": row.get("reason"),
        "tag": row.get("tag"),
        "ip": row.get("ip"),
        "link": row.get("link"),
        "sender": row.get("from"),
        "template_id": row.get("templateId"),
    }


def _contact(row: Row) -> Row:
    return {
        "contact_id": row["id"],
        "email": row.get("email"),
        "is_email_blacklisted": row["emailBlacklisted"],
        "is_sms_blacklisted": row["smsBlacklisted"],
        "list_ids": row["listIds"],
        "unsubscribed_list_ids": row.get("listUnsubscribed") or [],
        "attributes": row["attributes"],
        "created_at": _at(row["createdAt"]),
        "modified_at": _at(row["modifiedAt"]),
    }


_EXPECTED = {
    "campaigns": _campaign,
    "templates": _template,
    "events": _event,
    "contacts": _contact,
    **brevo_truth_more.EXPECTED,
}
TABLES = tuple(_EXPECTED)
_NOON = "2026-01-01T12:00:00Z"
# Just enough of a row to learn the names of the columns from.
_SAMPLES: dict[str, Row] = {
    "campaigns": {
        "id": 1,
        "name": "",
        "type": "",
        "status": "",
        "sender": {},
        "recipients": {"lists": []},
        "statistics": {"globalStats": {}},
        "createdAt": _NOON,
        "modifiedAt": _NOON,
    },
    "templates": {
        "id": 1,
        "name": "",
        "subject": "",
        "isActive": True,
        "tag": "",
        "sender": {},
        "createdAt": _NOON,
        "modifiedAt": _NOON,
    },
    "events": {"messageId": "", "event": "", "email": "", "date": _NOON},
    "contacts": {
        "id": 1,
        "emailBlacklisted": False,
        "smsBlacklisted": False,
        "listIds": [],
        "attributes": {},
        "createdAt": _NOON,
        "modifiedAt": _NOON,
    },
    **brevo_truth_more.SAMPLES,
}
