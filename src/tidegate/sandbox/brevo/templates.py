"""Transactional templates as `GET /smtp/templates` sends them."""

from __future__ import annotations

import random

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.words import words

_HISTORY_MS = 3 * 365 * clock.DAY_MS


def make_templates(seed: int, count: int, start_ms: int) -> list[Row]:
    """`count` templates of the three years before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "templates")
    step = _HISTORY_MS // count
    return [
        _template(rng, number, start_ms - _HISTORY_MS + (number - 1) * step + rng.randrange(step), start_ms)
        for number in range(1, count + 1)
    ]


def edit_template(rng: random.Random, row: Row, now_ms: int) -> None:
    """Change the subject, and now and then switch the template on or off."""
    record = row.record()
    row.modified_ms = max(row.modified_ms, now_ms)
    record["modifiedAt"] = clock.iso_utc(row.modified_ms)
    record["subject"] = f"{rng.choice(words().subjects)} ({rng.randrange(1000)})"
    if rng.random() < 0.3:
        record["isActive"] = not record["isActive"]
    row.body = encode(record)


def _template(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    text = words()
    created_ms -= created_ms % 1000
    modified_ms = rng.randrange(created_ms, now_ms + 1)
    name, email = rng.choice(text.senders)
    sender_id = rng.randrange(1, 60)
    record = {
        "id": number,
        "name": f"{rng.choice(text.names)} {number}",
        "subject": rng.choice(text.subjects),
        "isActive": rng.random() < 0.8,
        "testSent": rng.random() < 0.3,
        # Declared a string, an int in the official example.
        "sender": {"name": name, "email": email, "id": str(sender_id) if rng.random() < 0.6 else sender_id},
        "replyTo": rng.choice((email, "[DEFAULT_REPLY_TO]")),
        "toField": rng.choice(("", "{FIRSTNAME} {LASTNAME}")),
        "tag": rng.choice((*text.tags, "")),
        "htmlContent": rng.choice(text.html),
        "createdAt": clock.iso_seconds(created_ms),
        "modifiedAt": clock.iso_utc(modified_ms),
    }
    return Row(number, created_ms, modified_ms, encode(record))
