"""SMS: campaigns as `GET /smsCampaigns` sends them, and transactional events by account-local day."""

from __future__ import annotations

import random
from datetime import date, timedelta

import orjson

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.words import words

SMS_KINDS = (
    "sent", "delivered", "accepted", "softBounces", "hardBounces", "bounces", "unsubscription", "replies",
    "blocked", "rejected", "skipped",
)  # fmt: skip
_HISTORY_MS = 2 * 365 * clock.DAY_MS
_STATUSES = ("sent", "draft", "archive", "queued", "suspended", "inProcess")


def make_sms_campaigns(seed: int, count: int, start_ms: int) -> list[Row]:
    """`count` campaigns of the two years before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "sms campaigns")
    step = _HISTORY_MS // count
    return [
        _campaign(rng, number, start_ms - _HISTORY_MS + (number - 1) * step, start_ms)
        for number in range(1, count + 1)
    ]


def edit_sms_campaign(rng: random.Random, row: Row) -> None:
    """More of the messages have arrived, which no `modifiedAt` tells."""
    record = row.record()
    record["statistics"]["delivered"] += rng.randrange(1, 50)
    row.body = encode(record)


def _campaign(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    created_ms -= created_ms % 1000
    sent_ms = min(created_ms + rng.randrange(10 * clock.DAY_MS), now_ms)
    status = rng.choices(_STATUSES, (60, 15, 10, 8, 4, 3))[0]
    sent = rng.randrange(50, 9000)
    record: dict[str, object] = {
        "id": number,
        "name": f"SMS {rng.choice(words().names)} {number}",
        "status": status,
        "content": rng.choice(words().subjects),
        "sender": rng.choice(("MyShop", "Écluse", "38880")),
        "createdAt": clock.iso_seconds(created_ms),
        "modifiedAt": clock.iso_seconds(sent_ms),
        "scheduledAt": "" if status == "draft" else clock.iso_seconds(sent_ms),
        "testSent": rng.random() < 0.5,
        "recipients": {
            "lists": sorted(rng.sample(range(1, 21), rng.randrange(1, 3))),
            "exclusionLists": sorted(rng.sample(range(21, 31), rng.randrange(2))),
        },
        "statistics": {
            "sent": sent,
            "delivered": sent - rng.randrange(sent // 10 + 1),
            "processing": rng.randrange(5),
            "answered": rng.randrange(9),
            "softBounces": rng.randrange(9),
            "hardBounces": rng.randrange(9),
            "unsubscriptions": rng.randrange(9),
        },
    }
    if status == "sent":
        record["sentDate"] = clock.iso_seconds(sent_ms)
    return Row(number, created_ms, sent_ms, encode(record))


def make_sms_events(seed: int, count: int, days: int, start_ms: int) -> dict[date, list[bytes]]:
    """About `count` events, of the `days` account-local days that end with the day of `start_ms`."""
    today = clock.local_day(start_ms)
    made = {}
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        rng = draws.stream(seed, "sms events", day)
        begin = clock.midnight_ms(day)
        span = min(clock.midnight_ms(day + timedelta(days=1)), start_ms) - begin
        times = sorted(begin + rng.randrange(max(span, 1)) for _ in range(max(count // days, 1)))
        rows = [_event(rng, at) for at in times]
        if len(rows) > 3:
            rows[2] = rows[1]  # an exact duplicate now and then: an event has no id
        made[day] = rows
    return made


def _event(rng: random.Random, at_ms: int) -> bytes:
    kind = rng.choices(SMS_KINDS, (30, 30, 20, 3, 3, 1, 2, 4, 2, 2, 1))[0]
    number = rng.randrange(33_600_000_000, 33_799_999_999)
    message = rng.randrange(10**15, 10**16)
    event: dict[str, object] = {
        "phoneNumber": rng.choice((number, str(number))),  # declared a string, a number in the example
        "date": clock.iso_local(at_ms),
        "messageId": str(message),
        "event": kind,
    }
    if kind in {"softBounces", "hardBounces", "bounces", "rejected"}:
        event["reason"] = rng.choice(words().reasons)
    if kind == "replies":
        event["reply"] = rng.choice(("STOP", "Oui, merci !", "Ok \N{PARTY POPPER}"))
    if rng.random() < 0.7:
        event["tag"] = rng.choice(words().tags)
    return orjson.dumps(event)
