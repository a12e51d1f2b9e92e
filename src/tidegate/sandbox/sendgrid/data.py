"""The made-up account: rows as the API sends them, each kind in the order of its making."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tidegate.sandbox import draws
from tidegate.sandbox.people import People
from tidegate.sandbox.words import words

Row = dict[str, Any]

_REASONS = (
    "550 5.1.1 The email account that you tried to reach does not exist",
    "550 5.7.1 «mail» refused: policy\nsee https://mail.example/why",
    "unable to resolve MX record for courrier.example: servfail",
)


def identity(seed: int, *place: object) -> str:
    """A UUID that the seed gives."""
    return str(uuid.UUID(int=draws.stream(seed, "uuid", *place).getrandbits(128), version=4))


def iso(moment: datetime) -> str:
    """As `2026-01-15T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spaced(moment: datetime) -> str:
    """As `2026-01-15 09:30:00`: so templates spell it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def before(rng: random.Random, start: datetime, days: int) -> datetime:
    """A whole second in the `days` before `start`."""
    return (start - timedelta(seconds=1 + rng.randrange(days * 86_400))).replace(microsecond=0)


def campaigns(seed: int, count: int) -> list[Row]:
    """Without a date; one in four is a bare draft that leaves keys out or null."""
    text, rows = words(), list[Row]()
    for number in range(count):
        rng = draws.stream(seed, "campaign", number)
        row: Row = {"id": 100_000 + number, "title": rng.choice(text.names), "status": "Draft"}
        if number % 4:
            row |= {
                "subject": rng.choice([*text.subjects, None]),
                "sender_id": rng.choice([rng.randrange(1, 900), None]),
                "list_ids": sorted(rng.sample(range(1, 99), rng.randrange(4))),
                "segment_ids": [],
                "categories": rng.sample(text.tags, rng.randrange(1, 3)),
                "suppression_group_id": rng.choice([42, None]),
                "custom_unsubscribe_url": "",
                "ip_pool": rng.choice(["marketing", "", None]),
                "html_content": rng.choice(text.html),
                "plain_content": "",
                "status": rng.choice(["Sent", "Scheduled", "Canceled"]),
                "editor": rng.choice(["code", "design"]),
            }
        rows.append(row)
    return rows


def single_sends(seed: int, count: int, start: datetime) -> list[Row]:
    """Drafts, scheduled and triggered ones; one in five is an A/B test."""
    text, rows = words(), list[Row]()
    for number in range(count):
        rng = draws.stream(seed, "single send", number)
        created = before(rng, start, 700)
        updated = created + (start - created) * rng.random()
        status = rng.choice(["draft", "scheduled", "triggered", "triggered"])
        row: Row = {
            "id": identity(seed, "single send", number),
            "name": rng.choice(text.names),
            "abtest": _abtest(rng, seed, number, created) if number % 5 == 0 else None,
            "status": status,
            "categories": rng.sample(text.tags, rng.randrange(3)),
            "is_abtest": number % 5 == 0,
            "updated_at": iso(updated),
            "created_at": iso(created),
        }
        if status != "draft":
            row["send_at"] = iso(updated)
        rows.append(row)
    return rows


def _abtest(rng: random.Random, seed: int, number: int, created: datetime) -> Row:
    is_won = rng.random() < 0.5
    return {
        "type": rng.choice(["subject", "content"]),
        "winner_criteria": rng.choice(["open", "click", "manual"]),
        "test_percentage": rng.randrange(1, 100),
        "duration": f"{rng.randrange(1, 9)}h",
        "winning_template_id": identity(seed, "winner", number) if is_won else "",
        "winner_selected_at": iso(created) if is_won else None,
        "expiration_date": None,
    }


def single_send_stats(seed: int, sends: list[Row]) -> list[Row]:
    """One row of what was triggered; of an A/B test one for each variation, and one for the rest."""
    rows = list[Row]()
    for send in sends:
        if send["status"] != "triggered":
            continue
        variations = [identity(seed, send["id"], side) for side in "ab"]
        told = [(each, "test") for each in variations] + [(variations[0], "send")]
        for variation, phase in told if send["is_abtest"] else [("all", "all")]:
            rng = draws.stream(seed, "single send stat", send["id"], variation, phase)
            counts = {name: rng.randrange(5000) for name in _SEND_COUNTS}
            row = {"id": send["id"], "ab_variation": variation, "ab_phase": phase, "stats": counts}
            rows.append(row | ({"aggregation": "total"} if len(rows) % 7 else {}))
    return rows


_SEND_COUNTS = (
    "bounce_drops", "bounces", "clicks", "delivered", "invalid_emails", "opens", "requests",
    "spam_report_drops", "spam_reports", "unique_clicks", "unique_opens", "unsubscribes",
)  # fmt: skip
_COUNTS = (*_SEND_COUNTS, "blocks", "deferred", "processed", "unsubscribe_drops")


def metrics(seed: int, *place: object) -> Row:
    """Sixteen counts for one place; every seventh is a day on which nothing was sent."""
    bits = draws.number(seed, *place)
    if bits % 7 == 0:
        return no_metrics()
    return {name: (draws.mix(bits + at) >> 40) % 9000 for at, name in enumerate(_COUNTS)}


def no_metrics() -> Row:
    return dict.fromkeys(_COUNTS, 0)


def categories(count: int) -> list[str]:
    """Names in the order of the alphabet; some have what a query string must escape."""
    odd = ("a&b=c", "été ☀", "50% off", "docs+more", "x/y")
    return sorted([*odd[:count], *(f"category {number:03}" for number in range(count - len(odd)))])


def suppressions(seed: int, kind: str, count: int, start: datetime) -> list[Row]:
    """Oldest first. Several share a second; no two share address and second."""
    people, rows = People(seed), list[Row]()
    for number in range(count):
        rng = draws.stream(seed, kind, number)
        # every other one lies in a handful of seconds
        at = start - timedelta(seconds=1 + 3600 * (number % 5)) if number % 2 else before(rng, start, 500)
        row: Row = {"created": int(at.timestamp()), "email": people.email(number)}
        if kind in ("bounces", "blocks"):
            row |= {"reason": rng.choice(_REASONS), "status": rng.choice(["5.1.1", "4.0.0", ""])}
        elif kind == "invalid_emails":
            row |= {"reason": "Mail domain mentioned in email address is unknown"}
        elif kind == "spam_reports":
            row |= {"ip": f"10.63.{rng.randrange(256)}.{rng.randrange(256)}"}
        rows.append(row)
    return sorted(rows, key=lambda row: int(row["created"]))


def lists(seed: int, count: int) -> list[Row]:
    """Contact lists."""
    return [
        {
            "id": identity(seed, "list", number),
            "name": f"List {number} «été»",
            "contact_count": draws.number(seed, "list", number) % 10_000,
        }
        for number in range(count)
    ]


def templates(seed: int, count: int, start: datetime) -> list[Row]:
    """Legacy and dynamic ones, with no version, one, or three."""
    text, rows = words(), list[Row]()
    for number in range(count):
        rng = draws.stream(seed, "template", number)
        own, changed = identity(seed, "template", number), before(rng, start, 900)
        versions = [
            {
                "id": identity(seed, "version", number, at),
                "template_id": own,
                "active": int(at == 0),
                "name": f"v{at}",
                "subject": rng.choice([*text.subjects, ""]),
                "updated_at": spaced(changed),
                "generate_plain_content": True,
                "thumbnail_url": "//thumbnails.example/1.png",
                "editor": rng.choice(["code", "design"]),
            }
            for at in range(rng.choice([0, 1, 3]))
        ]
        rows.append(
            {
                "id": own,
                "name": rng.choice(text.names),
                "generation": rng.choice(["legacy", "dynamic"]),
                "updated_at": spaced(changed),
                "versions": versions,
            }
        )
    return rows


def contacts(seed: int, count: int, start: datetime) -> list[Row]:
    """As an export writes them: what a contact does not have is left out."""
    people, text, rows = People(seed), words(), list[Row]()
    for number in range(count):
        rng = draws.stream(seed, "contact", number)
        first, last = people.name(number)
        created = before(rng, start, 1500)
        row: Row = {
            "contact_id": identity(seed, "contact", number),
            "created_at": iso(created),
            "custom_fields": {"points": rng.randrange(999), "note": "a\nb"} if number % 3 else {},
            "updated_at": iso(created + (start - created) * rng.random()),
        }
        if number % 25:
            row["email"] = people.email(number)
        if number % 2:
            row |= {"first_name": first[0], "last_name": last[0], "city": rng.choice(text.cities)}
            row |= {"country": "FR", "alternate_emails": [f"other.{people.email(number)}"]}
        if number % 7 == 0:
            row |= {"phone_number": f"+336{rng.randrange(10**8):08}", "external_id": f"crm-{number}"}
        rows.append(row)
    return rows
