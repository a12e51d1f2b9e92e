"""Who gets no transactional emails any more, as `GET /smtp/blockedContacts` sends it: rows without an id."""

from __future__ import annotations

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.people import People
from tidegate.sandbox.words import words

_HISTORY_MS = 365 * clock.DAY_MS
_REASONS = (
    {"code": "hardBounce", "message": "Hard bounce"},
    {"code": "unsubscribedViaEmail", "message": "Unsubscribed via email"},
    {"code": "adminBlocked", "message": "Admin blocked"},
    {"code": "contactFlaggedAsSpam", "message": "Contact flagged as spam"},
    {"code": "unsubscribedViaApi"},
)


def make_blocked(seed: int, people: People, count: int, start_ms: int) -> list[Row]:
    """`count` rows of the year before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "blocked")
    step = _HISTORY_MS // count
    rows = []
    for number in range(1, count + 1):
        at = start_ms - _HISTORY_MS + (number - 1) * step + rng.randrange(step)
        at -= at % 1000
        record = {
            "email": people.email(number),
            "senderEmail": rng.choice(words().senders)[1],
            "reason": rng.choice(_REASONS),
            "blockedAt": clock.iso_seconds(at),
        }
        rows.append(Row(number, at, at, encode(record)))
    return rows
