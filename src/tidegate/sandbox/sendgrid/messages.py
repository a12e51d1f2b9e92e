"""Messages of the Email Activity feed: times are kept to the millisecond and told to the second."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

from tidegate.sandbox import draws
from tidegate.sandbox.people import People
from tidegate.sandbox.sendgrid.data import Row, iso
from tidegate.sandbox.sendgrid.params import RefusedError
from tidegate.sandbox.words import words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = r'TIMESTAMP "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z)"'
_BETWEEN = re.compile(rf"last_event_time BETWEEN {_MOMENT} AND {_MOMENT}", re.ASCII)
# Three of ten share one second with those of their thousand: spans part between crowds.
_BLOCK, _CROWD = 1000, 3


class Messages:
    """Sorted by time. Whoever changes it holds the sandbox's lock."""

    def __init__(self, seed: int, count: int, days: int, start: datetime) -> None:
        self._people, self._seed = People(seed), seed
        start_ms = int((start - _EPOCH) / timedelta(milliseconds=1))
        times = sorted(self._time_ms(number, days, start_ms) for number in range(count))
        self.times, self.rows = times, [self._row(number, at) for number, at in enumerate(times)]

    def add(self, at_ms: int) -> Row:
        """One more, at this millisecond."""
        row = self._row(len(self.rows), at_ms)
        where = bisect_right(self.times, at_ms)
        self.times.insert(where, at_ms)
        self.rows.insert(where, row)
        return row

    def find(self, query: str, limit: int) -> list[Row]:
        """At most `limit` of those that the query means, newest first; of the others nothing is said."""
        found = _BETWEEN.fullmatch(query)
        if found is None:
            raise RefusedError(f"invalid syntax: {query[:40]!r} is not a known query")
        first, last = (_milliseconds(text) for text in found.groups())
        start, end = bisect_left(self.times, first), bisect_right(self.times, last)
        return self.rows[max(start, end - limit) : end][::-1]

    def _time_ms(self, number: int, days: int, start_ms: int) -> int:
        place = number // _BLOCK if number % 10 < _CROWD else number
        bits = draws.number(self._seed, "message", place)
        second = start_ms // 1000 - 1 - bits % (days * 86_400)
        return second * 1000 + draws.number(self._seed, "ms", number) % 1000

    def _row(self, number: int, at_ms: int) -> Row:
        rng, text = draws.stream(self._seed, "message", number), words()
        return {
            "from_email": rng.choice(text.senders)[1],
            "msg_id": f"{rng.getrandbits(64):016x}.filter-{number}",
            "subject": rng.choice(text.subjects),
            "to_email": self._people.email(rng.randrange(5000)),
            "status": rng.choice(["processed", "delivered", "not_delivered"]),
            "opens_count": rng.randrange(4),
            "clicks_count": rng.randrange(3),
            "last_event_time": iso(_EPOCH + timedelta(milliseconds=at_ms)),
        }


def _milliseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(f"invalid syntax: {text!r} is no timestamp") from None
    return (moment - _EPOCH) // timedelta(milliseconds=1)
