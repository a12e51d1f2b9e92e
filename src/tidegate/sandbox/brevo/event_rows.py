"""Events as JSON bytes, a few microseconds each: a million rows must not take minutes.

Nearly everything is pre-encoded. A mailing is the end of a row (subject, tag, from, templateId), and what
is optional for a kind of event (reason, ip, link) is drawn from a small pool of ready fragments.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import orjson

from tidegate.sandbox import draws
from tidegate.sandbox.brevo.event_plan import ROWS_A_MESSAGE, DayPlan, date_text
from tidegate.sandbox.brevo.table import Row
from tidegate.sandbox.people import People
from tidegate.sandbox.words import words

DUPLICATE_EVERY = 2000
_POOL = 64
_MAILINGS_A_TEMPLATE = 8
_LONGEST_WAIT = 40  # messages: how many younger ones were sent before somebody opened this one
_ROW = b'{"email":"%b","date":"%b","messageId":"<%b.%05d%07d@smtp-relay.mailin.fr>","event":"%b"%b%b'

# What happens to a message: it is asked for, it arrives or not, somebody reacts. Shares of 64.
_STAGES: tuple[dict[str, int], ...] = (
    {"requests": 64},
    {
        "delivered": 50,
        "softBounces": 4,
        "hardBounces": 3,
        "deferred": 3,
        "blocked": 1,
        "invalid": 1,
        "error": 1,
        "bounces": 1,
    },
    {"opened": 38, "clicks": 12, "loadedByProxy": 10, "unsubscribed": 3, "spam": 1},
)
KINDS = tuple(kind for stage in _STAGES for kind in stage)
_FAILED = frozenset({"softBounces", "hardBounces", "deferred", "blocked", "invalid", "error", "bounces"})
_SEEN = frozenset({"opened", "clicks", "loadedByProxy"})


class EventWriter:
    """Makes rows out of the seed and their number. Holds nothing that grows with the rows."""

    def __init__(self, seed: int, people: People, contacts: int, templates: Iterable[Row]) -> None:
        rng = draws.stream(seed, "events")
        self._row_base = draws.number(seed, "event rows")
        self._message_base = draws.number(seed, "messages")
        self._people = people
        self._contacts = contacts
        self._mailings = _mailings(rng, templates)
        self._stages = [_stage(rng, shares) for shares in _STAGES]

    def rows_of(self, plan: DayPlan, day_before: DayPlan | None) -> list[bytes]:
        """All rows of a day in the order of their dates."""
        rows: list[bytes] = []
        floor = day_before.first_message if day_before else plan.first_message
        first, count, span = plan.first_row, plan.rows, plan.span_ms
        stamps = _stamp(plan), _stamp(day_before or plan)
        for index in range(count):
            bits = draws.mix(self._row_base + first + index)
            if index and bits % DUPLICATE_EVERY == 0:
                rows.append(rows[-1])  # the vendor sends exact duplicates, and an event has no id
                continue
            elapsed = ((index << 16) + (bits >> 48)) * span // (count << 16)
            number, stage = divmod(first + index, ROWS_A_MESSAGE)
            if stage == 2:
                number = max(floor, number - (bits >> 40) % _LONGEST_WAIT)
            stamp = stamps[number < plan.first_message]
            rows.append(self.encode(date_text(plan.hours, elapsed), stamp, number, stage, bits))
        return rows

    def encode(self, date: bytes, stamp: bytes, number: int, stage: int, bits: int) -> bytes:
        """One event of message `number`, which says who got it and which mailing it was."""
        message = draws.mix(self._message_base + number)
        kind, extras = self._stages[stage][bits % _POOL]
        return _ROW % (
            self._people.email(self._recipient(message)).encode(),
            date,
            stamp,
            message % 100_000,
            number,
            kind,
            extras[(bits >> 8) % _POOL],
            self._mailings[(message >> 20) % len(self._mailings)],
        )

    def _recipient(self, message: int) -> int:
        number = (message >> 32) % self._contacts + 1
        # 25 is not a multiple of 24, and there are 50 contacts or more: the neighbour has an address.
        return number - 1 if self._people.is_sms_only(number) else number


def field(key: str, value: object) -> bytes:
    """A member of a row's JSON as it stands there, for making rows and for finding them."""
    return orjson.dumps(key) + b":" + orjson.dumps(value)


def _stamp(plan: DayPlan) -> bytes:
    return plan.day.strftime("%Y%m%d").encode()


def _stage(rng: random.Random, shares: dict[str, int]) -> list[tuple[bytes, list[bytes]]]:
    pools = {kind: [_extra(rng, kind) for _ in range(_POOL)] for kind in shares}
    return [(kind.encode(), pools[kind]) for kind, share in shares.items() for _ in range(share)]


def _extra(rng: random.Random, kind: str) -> bytes:
    # Brevo: reason for failures, ip for opened and clicks, link for requests, opened and clicks.
    members: dict[str, object] = {}
    if kind in _FAILED and rng.random() < 0.9:
        members["reason"] = rng.choice((*words().reasons, None))
    if kind in _SEEN and rng.random() < 0.9:
        members["ip"] = f"198.51.{rng.randrange(100)}.{rng.randrange(1, 255)}"
    if kind == "clicks" or (kind in {"opened", "requests"} and rng.random() < 0.1):
        members["link"] = rng.choice(words().links)
    return b"".join(b"," + field(key, value) for key, value in members.items())


def _mailings(rng: random.Random, templates: Iterable[Row]) -> list[bytes]:
    records = [row.record() for row in templates]
    return [_mailing(rng, record) for record in records for _ in range(_MAILINGS_A_TEMPLATE)]


def _mailing(rng: random.Random, template: dict[str, object]) -> bytes:
    """The end of a row. Each member may be absent; some are null. `templateId` is the last one."""
    sender = template["sender"]
    members: dict[str, object] = {
        "subject": rng.choice((template["subject"], rng.choice(words().subjects))),
        "tag": rng.choice((template["tag"], rng.choice(words().tags))),
        "from": sender["email"] if isinstance(sender, dict) else None,
        "templateId": template["id"],
    }
    for key, absent in (("subject", 0.05), ("tag", 0.15), ("from", 0.05), ("templateId", 0.15)):
        chance = rng.random()
        if chance < absent:
            del members[key]
        elif chance < absent + 0.03:
            members[key] = None
    return b"".join(b"," + field(key, value) for key, value in members.items()) + b"}"
