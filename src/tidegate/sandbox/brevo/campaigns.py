"""Campaigns as `GET /emailCampaigns` sends them, with the oddities of the vendor's own examples."""

from __future__ import annotations

import random
from typing import Any

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.statistics import empty_statistics, statistics
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.words import words

_HISTORY_MS = 2 * 365 * clock.DAY_MS
_STATUSES = ("sent", "draft", "archive", "queued", "in_process", "suspended")
_STATUS_WEIGHTS = (60, 15, 10, 8, 4, 3)
# The official example has `type: "Classic"`, which its own enum forbids.
_TYPES = ("classic", "trigger", "Classic")
_TYPE_WEIGHTS = (75, 17, 8)


def make_campaigns(seed: int, count: int, start_ms: int) -> list[Row]:
    """`count` campaigns of the two years before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "campaigns")
    step = _HISTORY_MS // count
    return [
        make_campaign(
            rng, number, start_ms - _HISTORY_MS + (number - 1) * step + rng.randrange(step), start_ms
        )
        for number in range(1, count + 1)
    ]


def make_campaign(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    """One campaign made at `created_ms`; nothing in it but a schedule is later than `now_ms`."""
    status = rng.choices(_STATUSES, _STATUS_WEIGHTS)[0]
    created_ms -= created_ms % 1000
    sent_ms = min(created_ms + rng.randrange(10 * clock.DAY_MS), now_ms)
    modified_ms = min(sent_ms + rng.randrange(2 * clock.DAY_MS), now_ms)
    record = {
        "id": number,
        **_face(rng, number),
        "type": rng.choices(_TYPES, _TYPE_WEIGHTS)[0],
        "status": status,
        "scheduledAt": _scheduled(rng, status, sent_ms, now_ms),
        **({"sentDate": clock.iso_utc(sent_ms)} if status == "sent" else {}),
        **_letter(rng, number),
        "createdAt": clock.iso_seconds(created_ms),
        "modifiedAt": clock.iso_utc(modified_ms),
        "recipients": _recipients(rng),
        "statistics": _statistics(rng, status),
    }
    return Row(number, created_ms, modified_ms, encode(record))


def edit_campaign(rng: random.Random, row: Row, now_ms: int) -> None:
    """Change a campaign: one that waited is sent, any other gets a new name and more views."""
    record = row.record()
    row.modified_ms = max(row.modified_ms, now_ms)
    record["modifiedAt"] = clock.iso_utc(row.modified_ms)
    if record["status"] in ("queued", "in_process"):
        record["status"] = "sent"
        record["sentDate"] = clock.iso_utc(now_ms)
        record["statistics"] = statistics(rng)
    else:
        record["name"] = f"{rng.choice(words().names)} {row.id} ({rng.randrange(1000)})"
        record["statistics"]["globalStats"]["viewed"] += 1
    row.body = encode(record)


def sent_us(record: dict[str, Any]) -> int | None:
    """When it was sent, in microseconds since 1970; None for one that was not."""
    sent = record.get("sentDate")
    return clock.parse_us(sent) if isinstance(sent, str) else None


def _face(rng: random.Random, number: int) -> dict[str, object]:
    text = words()
    face: dict[str, object] = {"name": f"{rng.choice(text.names)} {number}"}
    # Brevo: `subject` only where abTesting is false, `subjectA` and `subjectB` only where it is true.
    if rng.random() < 0.05:
        face |= {
            "abTesting": True,
            "subjectA": rng.choice(text.subjects),
            "subjectB": rng.choice(text.subjects),
            "splitRule": rng.choice((10, 25, 50)),
            "winnerCriteria": rng.choice(("open", "click")),
            "winnerDelay": rng.randrange(1, 168),
        }
    else:
        face["subject"] = rng.choice(text.subjects)
    if rng.random() < 0.8:
        face["previewText"] = rng.choice(text.subjects)
    return face


def _scheduled(rng: random.Random, status: str, sent_ms: int, now_ms: int) -> str:
    # The official example of a draft has an empty string here, not a missing key.
    if status == "draft":
        return ""
    if status == "queued":
        return clock.iso_utc(now_ms + rng.randrange(clock.HOUR_MS, 7 * clock.DAY_MS))
    return clock.iso_seconds(sent_ms)


def _letter(rng: random.Random, number: int) -> dict[str, object]:
    text = words()
    name, email = rng.choice(text.senders)
    sender: dict[str, object] = {"name": name, "email": email}
    if rng.random() < 0.85:
        sender["id"] = rng.randrange(1, 60)
    letter: dict[str, object] = {
        "sender": sender,
        "replyTo": email,
        "toField": rng.choice(("", "{FNAME} {LNAME}")),
        "htmlContent": rng.choice(text.html),
        "header": "[DEFAULT_HEADER]",
        "footer": "[DEFAULT_FOOTER]",
        "shareLink": f"https://shop.example/share/{number}.html?t=9865448900",
        "inlineImageActivation": rng.random() < 0.5,
        "mirrorActive": rng.random() < 0.9,
        "recurring": rng.random() < 0.1,
        "testSent": rng.random() < 0.5,
    }
    if rng.random() < 0.75:
        letter["tag"] = rng.choice(text.tags)
    return letter


def _recipients(rng: random.Random) -> dict[str, list[int]]:
    return {
        "lists": sorted(rng.sample(range(1, 21), rng.randrange(1, 4))),
        "exclusionLists": sorted(rng.sample(range(21, 31), rng.randrange(3))),
    }


def _statistics(rng: random.Random, status: str) -> dict[str, object]:
    return statistics(rng) if status in ("sent", "archive", "in_process") else empty_statistics()
