"""What contacts and emails are grouped by: folders, lists, segments and senders."""

from __future__ import annotations

import random

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.contacts import LISTS, SEGMENTS
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.words import words

_FOLDERS = 6
_ALL_LISTS = range(1, max(LISTS) + 41)  # those that campaigns leave out have no contacts of their own here
_SENDERS = 9


def make_folders(seed: int) -> list[Row]:
    rng = draws.stream(seed, "folders")
    return [_group(number, {"name": f"{rng.choice(words().names)} {number}", **_counts(rng)})
            for number in range(1, _FOLDERS + 1)]  # fmt: skip


def make_lists(seed: int) -> list[Row]:
    """More than a page of fifty."""
    rng = draws.stream(seed, "lists")
    return [
        _group(
            number,
            {
                "name": f"{rng.choice(words().names)} {number}",
                "folderId": rng.randrange(1, _FOLDERS + 1),
                **_counts(rng),
            },
        )
        for number in _ALL_LISTS
    ]


def make_segments(seed: int, start_ms: int) -> list[Row]:
    """Some have never been changed, and have no `updatedAt`, or an empty one."""
    rng = draws.stream(seed, "segments")
    rows = []
    for number in range(1, SEGMENTS + 1):
        record: dict[str, object] = {
            "segmentName": f"{rng.choice(words().tags)} {number}",
            "categoryName": rng.choice(words().tags),
        }
        changed = clock.iso_seconds(start_ms - rng.randrange(400 * clock.DAY_MS))
        record |= rng.choice(({"updatedAt": changed}, {"updatedAt": changed}, {"updatedAt": ""}, {}))
        rows.append(_group(number, record))
    return rows


def make_senders(seed: int) -> list[Row]:
    rng = draws.stream(seed, "senders")
    rows = []
    for number in range(1, _SENDERS + 1):
        name, email = words().senders[number % len(words().senders)]
        ips = [{"domain": email.partition("@")[2], "ip": f"203.0.113.{number}", "weight": 100}]
        record = {"name": name, "email": f"{number}.{email}", "active": rng.random() < 0.8}
        rows.append(_group(number, {**record, "ips": rng.choice(([], ips))}))
    return rows


def edit_list(rng: random.Random, row: Row) -> None:
    """Contacts come and go."""
    record = row.record()
    record |= _counts(rng)
    row.body = encode(record)


def _group(number: int, record: dict[str, object]) -> Row:
    return Row(number, 0, 0, encode({"id": number, **record}))


def _counts(rng: random.Random) -> dict[str, int]:
    subscribers, blacklisted = rng.randrange(20_000), rng.randrange(900)
    return {
        "totalBlacklisted": blacklisted,
        "totalSubscribers": subscribers,
        "uniqueSubscribers": subscribers + blacklisted,
    }
