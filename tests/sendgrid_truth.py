"""What the warehouse must hold of SendGrid, worked out from the stand-in's own truth.

Shares nothing with the workflow: raw JSON rows in, column values out, written against the API's description.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tidegate.sandbox.sendgrid import SendGridSandbox
from tidegate.sandbox.sendgrid.app import TABLES

Row = dict[str, Any]
WINDOWED = ("stats", "category_stats")
_EPOCH = date(1970, 1, 1)


def assert_exact(sandbox: SendGridSandbox, path: Path, *tables: str) -> None:
    """The tables hold the truth: every row as often as it should be there, every column."""
    for table in tables or TABLES:
        wanted, got = _counted(truth(sandbox, table)), _counted(held(path, table))
        missing, surplus = wanted - got, got - wanted
        assert not missing, f"{table}: {missing.total()} rows missing, for example {next(iter(missing))}"
        assert not surplus, f"{table}: {surplus.total()} rows too many, for example {next(iter(surplus))}"
        assert wanted.total() > 0 or table not in (tables or TABLES), f"{table}: nothing to compare"


def truth(sandbox: SendGridSandbox, table: str) -> list[Row]:
    """Every row that the table should hold now."""
    rows = [made for row in sandbox.truth(table) for made in _EXPECTED[table](row)]
    if table not in WINDOWED:
        return rows
    first = _cell(sandbox.store.now.date() - timedelta(days=364))
    return [{**row, "_tidegate_window": _cell(row["day"]).isoformat()} for row in rows if row["day"] >= first]


def held(path: Path, table: str) -> list[Row]:
    """Every row that the table holds, with all its columns but those that say when it came."""
    with duckdb.connect(str(path), read_only=True) as db:
        db.execute("SET TimeZone = 'UTC'")
        cursor = db.execute(f"SELECT * EXCLUDE (_tidegate_run, _tidegate_loaded_at) FROM sendgrid_{table}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _counted(rows: list[Row]) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True, default=_text) for row in map(_comparable, rows))


def _text(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _comparable(row: Row) -> Row:
    fields = row.get("custom_fields")
    return {**row, "custom_fields": json.loads(fields)} if isinstance(fields, str) else row


def _cell(day: date) -> date:
    return day - timedelta(days=(day - _EPOCH).days % 28)


def _at(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _domain(email: str | None) -> str | None:
    return email.split("@")[-1].lower() if email and "@" in email else None


def _campaign(row: Row) -> Iterator[Row]:
    yield {
        "campaign_id": row["id"],
        "title": row["title"],
        "status": row["status"].lower(),
        "subject": row.get("subject"),
        "sender_id": row.get("sender_id"),
        "list_ids": row.get("list_ids", []),
        "segment_ids": row.get("segment_ids", []),
        "categories": row.get("categories", []),
        "suppression_group_id": row.get("suppression_group_id"),
        "custom_unsubscribe_url": row.get("custom_unsubscribe_url") or None,
        "ip_pool": row.get("ip_pool") or None,
        "editor": row.get("editor"),
    }


def _single_send(row: Row) -> Iterator[Row]:
    test = row["abtest"] or {}
    yield {
        "single_send_id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "categories": row["categories"],
        "is_abtest": row["is_abtest"],
        "abtest_type": test.get("type"),
        "abtest_winner_criteria": test.get("winner_criteria"),
        "abtest_percentage": test.get("test_percentage"),
        "abtest_duration": test.get("duration"),
        "abtest_winning_template_id": test.get("winning_template_id") or None,
        "abtest_winner_selected_at": test.get("winner_selected_at"),
        "abtest_expiration_date": test.get("expiration_date"),
        "send_at": _at(row.get("send_at")),
        "created_at": _at(row["created_at"]),
        "updated_at": _at(row["updated_at"]),
    }


def _single_send_stat(row: Row) -> Iterator[Row]:
    ids = {"single_send_id": row["id"], "ab_variation": row["ab_variation"], "ab_phase": row["ab_phase"]}
    yield {**ids, "aggregation": row.get("aggregation", "total"), **row["stats"]}


def _stat(row: Row) -> Iterator[Row]:
    for item in row["stats"]:
        yield {"day": date.fromisoformat(row["date"]), **item["metrics"]}


def _category_stat(row: Row) -> Iterator[Row]:
    for item in row["stats"]:
        yield {"day": date.fromisoformat(row["date"]), "category": item["name"], **item["metrics"]}


def _suppression(*others: str) -> Callable[[Row], Iterator[Row]]:
    def made(row: Row) -> Iterator[Row]:
        yield {
            "email": row["email"],
            "email_domain": _domain(row["email"]),
            "created_at": datetime.fromtimestamp(row["created"], UTC),
            **{name: row.get(name) or None for name in others},
        }

    return made


def _list(row: Row) -> Iterator[Row]:
    yield {"list_id": row["id"], "name": row["name"], "contact_count": row["contact_count"]}


def _template(row: Row) -> Iterator[Row]:
    yield {
        "template_id": row["id"],
        "name": row["name"],
        "generation": row["generation"],
        "updated_at": _at(row["updated_at"]),
        "versions": [
            {
                "version_id": version["id"],
                "name": version["name"],
                "is_active": version["active"] == 1,
                "subject": version["subject"] or None,
                "editor": version["editor"],
                "updated_at": _at(version["updated_at"]),
            }
            for version in row["versions"]
        ],
    }


def _message(row: Row) -> Iterator[Row]:
    yield {
        "message_id": row["msg_id"],
        "from_email": row["from_email"],
        "to_email": row["to_email"],
        "to_domain": _domain(row["to_email"]),
        "subject": row["subject"],
        "status": row["status"],
        "opens": row["opens_count"],
        "clicks": row["clicks_count"],
        "last_event_at": _at(row["last_event_time"]),
    }


_AS_IT_IS = (
    "contact_id", "email", "first_name", "last_name", "unique_name", "phone_number", "whatsapp", "line",
    "facebook", "phone_number_id", "external_id", "anonymous_id", "address_line_1", "address_line_2", "city",
    "state_province_region", "postal_code", "country",
)  # fmt: skip


def _contact(row: Row) -> Iterator[Row]:
    yield {
        **{name: row.get(name) for name in _AS_IT_IS},
        "email_domain": _domain(row.get("email")),
        "alternate_emails": row.get("alternate_emails", []),
        "custom_fields": row.get("custom_fields", {}),
        "created_at": _at(row["created_at"]),
        "updated_at": _at(row["updated_at"]),
    }


_EXPECTED: dict[str, Callable[[Row], Iterator[Row]]] = {
    "campaigns": _campaign,
    "single_sends": _single_send,
    "single_send_stats": _single_send_stat,
    "stats": _stat,
    "category_stats": _category_stat,
    "bounces": _suppression("reason", "status"),
    "blocks": _suppression("reason", "status"),
    "invalid_emails": _suppression("reason"),
    "spam_reports": _suppression("ip"),
    "unsubscribes": _suppression(),
    "lists": _list,
    "templates": _template,
    "messages": _message,
    "contacts": _contact,
}
