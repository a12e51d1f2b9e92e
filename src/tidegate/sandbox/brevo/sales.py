"""Companies and deals as Brevo's CRM sends them: all that matters in free `attributes`."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.words import words

_HISTORY_MS = 3 * 365 * clock.DAY_MS
_STAGES = tuple(f"9e577ff7-8e42-4ab3-be26-2b5e01b4251{number}" for number in range(5))


def company_id(number: int) -> str:
    return f"{0x629475917295261D9B1F0000 + number:024x}"


def deal_id(number: int) -> str:
    return f"{0x61A5CE58C5D4795761040000 + number:024x}"


def make_companies(seed: int, count: int, start_ms: int) -> list[Row]:
    """`count` companies of the three years before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "companies")
    return [make_company(rng, *when, start_ms) for when in _moments(rng, count, start_ms)]


def make_deals(seed: int, count: int, start_ms: int) -> list[Row]:
    """As the companies."""
    rng = draws.stream(seed, "deals")
    return [make_deal(rng, *when, start_ms) for when in _moments(rng, count, start_ms)]


def make_company(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    modified_ms = rng.randrange(created_ms, now_ms + 1)
    name, email = rng.choice(words().senders)
    attributes: dict[str, object] = {
        "name": f"{name} {number}",
        "created_at": _stamp(rng, created_ms),
        "last_updated_at": _stamp(rng, modified_ms),
        "number_of_contacts": rng.randrange(9),
    }
    if rng.random() < 0.7:
        attributes |= {
            "domain": email.partition("@")[2],
            "owner": f"62260474111b1101704a9d{rng.randrange(10, 99)}",
        }
    if rng.random() < 0.5:
        attributes |= {"phone_number": 33_100_000_000 + number, "revenue": _money(rng)}
    if rng.random() < 0.3:
        attributes |= {"secteur": rng.choice(("librairie", "édition", None)), "vip": rng.random() < 0.5}
    record: dict[str, object] = {"id": company_id(number), "attributes": attributes}
    record |= rng.choice(
        ({}, {"linkedContactsIds": [number, number + 1], "linkedDealsIds": [deal_id(number)]})
    )
    return Row(number, created_ms, modified_ms, encode(record))


def make_deal(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    modified_ms = rng.randrange(created_ms, now_ms + 1)
    attributes: dict[str, object] = {
        "deal_name": f"{rng.choice(words().names)} {number}",
        "deal_owner": f"6093d2425a9b436e9519d0{rng.randrange(10, 99)}",
        "pipeline": "6093d296ad1e9c5cf2140a58",
        "deal_stage": rng.choice(_STAGES),
        "created_at": _stamp(rng, created_ms),
        "last_updated_date": _stamp(rng, modified_ms),
        "stage_updated_at": _stamp(rng, created_ms),
        "last_activity_date": rng.choice((None, _stamp(rng, modified_ms))),
        "next_activity_date": None,
        "number_of_activities": rng.randrange(5),
    }
    if rng.random() < 0.8:
        attributes["amount"] = _money(rng)
    record: dict[str, object] = {"id": deal_id(number), "attributes": attributes}
    record |= rng.choice(({}, {"linkedContactsIds": [number], "linkedCompaniesIds": [company_id(number)]}))
    return Row(number, created_ms, modified_ms, encode(record))


def edit_company(rng: random.Random, row: Row, now_ms: int) -> None:
    """A better year."""
    _edit(rng, row, now_ms, "last_updated_at", {"revenue": _money(rng)})


def edit_deal(rng: random.Random, row: Row, now_ms: int) -> None:
    """The next stage."""
    news = {"deal_stage": rng.choice(_STAGES), "stage_updated_at": _stamp(rng, now_ms)}
    _edit(rng, row, now_ms, "last_updated_date", news)


def _edit(rng: random.Random, row: Row, now_ms: int, stamp: str, news: Mapping[str, object]) -> None:
    record = row.record()
    row.modified_ms = max(row.modified_ms, now_ms)
    record["attributes"] |= {**news, stamp: _stamp(rng, row.modified_ms)}
    row.body = encode(record)


def _moments(rng: random.Random, count: int, start_ms: int) -> list[tuple[int, int]]:
    step = _HISTORY_MS // count
    begin = start_ms - _HISTORY_MS
    return [(number, begin + (number - 1) * step + rng.randrange(step)) for number in range(1, count + 1)]


def _stamp(rng: random.Random, ms: int) -> str:
    # The examples have UTC and an offset, milliseconds in both.
    return clock.iso_utc(ms) if rng.random() < 0.5 else clock.iso_local(ms)


def _money(rng: random.Random) -> float:
    return rng.choice((rng.randrange(100_000), round(rng.random() * 9000, 2), rng.randrange(1000) / 3))
