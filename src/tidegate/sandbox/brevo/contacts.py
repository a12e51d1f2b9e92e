"""Contacts as `GET /contacts` sends them: an address or none, and a free dict of attributes."""

from __future__ import annotations

import random

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.people import People
from tidegate.sandbox.words import words

_HISTORY_MS = 3 * 365 * clock.DAY_MS
LISTS = range(1, 21)
SEGMENTS = 7


def make_contacts(seed: int, people: People, count: int, start_ms: int) -> list[Row]:
    """`count` contacts of the three years before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "contacts")
    step = _HISTORY_MS // count
    rows = []
    for number in range(1, count + 1):
        created_ms = start_ms - _HISTORY_MS + (number - 1) * step + rng.randrange(step)
        rows.append(make_contact(rng, people, number, created_ms, start_ms))
    return rows


def make_contact(rng: random.Random, people: People, number: int, created_ms: int, now_ms: int) -> Row:
    """One contact; about half were modified after they were made."""
    modified_ms = rng.randrange(created_ms, now_ms + 1) if rng.random() < 0.5 else created_ms
    lists = tuple(sorted(rng.sample(LISTS, rng.randrange(4))))
    record: dict[str, object] = {} if people.is_sms_only(number) else {"email": people.email(number)}
    record |= {
        "id": number,
        "emailBlacklisted": rng.random() < 0.06,
        "smsBlacklisted": rng.random() < 0.03,
        "createdAt": _stamp(rng, created_ms),
        "modifiedAt": _stamp(rng, modified_ms),
        "listIds": lists,
        "attributes": _attributes(rng, people, number),
    }
    return Row(number, created_ms, modified_ms, encode(record), lists)


def edit_contact(rng: random.Random, row: Row, now_ms: int) -> None:
    """A purchase: new attributes, and `modifiedAt` moves on."""
    record = row.record()
    row.modified_ms = max(row.modified_ms, now_ms)
    record["modifiedAt"] = _stamp(rng, row.modified_ms)
    record["attributes"] |= {"ORDERS": rng.randrange(1000), "LAST_ORDER": clock.iso_utc(now_ms)[:10]}
    record["attributes"]["SCORE"] = round(rng.random() * 100, 3)
    row.body = encode(record)


def in_segment(row: Row, segment: int) -> bool:
    """Segments are queries at the vendor; here a contact's id puts it into one of seven."""
    return row.id % SEGMENTS == segment % SEGMENTS


def _stamp(rng: random.Random, ms: int) -> str:
    # Seen on the wire: UTC with Z beside the account's offset, milliseconds in both.
    return clock.iso_utc(ms) if rng.random() < 0.5 else clock.iso_local(ms)


def _attributes(rng: random.Random, people: People, number: int) -> dict[str, object]:
    (first, _), (last, _) = people.name(number)
    attributes: dict[str, object] = {"FIRSTNAME": first, "LASTNAME": last}
    if people.is_sms_only(number) or rng.random() < 0.2:
        attributes["SMS"] = f"336{number % 10**8:08d}"
    if rng.random() < 0.7:
        attributes |= {"CITY": rng.choice(words().cities), "ZIP_CODE": f"{rng.randrange(96000):05d}"}
    if rng.random() < 0.6:
        attributes |= {"SCORE": round(rng.random() * 100, 3), "ORDERS": rng.randrange(40)}
    if rng.random() < 0.5:
        attributes["OPT_IN"] = rng.random() < 0.9
    if rng.random() < 0.4:
        attributes["DOB"] = (
            f"{rng.randrange(1940, 2010)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        )
    if rng.random() < 0.3:
        # A category comes as its number or as its text, a multiple choice as a list.
        attributes |= {
            "GENDER": rng.choice((1, "1", "FEMALE")),
            "GENRES": ["Poésie", "Polar"][: rng.randrange(3)],
        }
    if rng.random() < 0.1:
        attributes |= {"CIVILITÉ": rng.choice(("Mme", "M.", None)), "PREFERENCES": {}, "NOTE": ""}
    return attributes
