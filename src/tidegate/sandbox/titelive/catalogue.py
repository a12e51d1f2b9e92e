"""The made-up catalogue: works with one to four articles each, some deleted, modified over the last days.

What a work is follows from the seed and its number alone, so that none is made before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tidegate.sandbox import draws

Base = Literal["paper", "music"]
BASES: tuple[Base, ...] = ("paper", "music")

_LONGEST_AGO = 900  # days


@dataclass(frozen=True, slots=True)
class Place:
    """One article: the number of its work, and which of its articles it is, from 0."""

    work: int
    article: int


def ean_of(place: Place) -> str:
    """The EAN-13 of an article; none of two is the same."""
    head = f"9782{place.work * 4 + place.article:08d}"
    odd, even = sum(map(int, head[0::2])), sum(map(int, head[1::2]))
    return f"{head}{-(odd + 3 * even) % 10}"


class Catalogue:
    """`works` works, of which an article each was modified in the last `days` days up to `today`, and
    `crowd` more, all on paper, of which one was modified on the day in the middle.

    Works are numbered from 1. Whoever changes it holds the sandbox's lock.
    """

    def __init__(self, seed: int, works: int, days: int, today: date, crowd: int = 0) -> None:
        if works + crowd > 24_000_000:
            raise ValueError("there are EANs for 24,000,000 works")
        self.seed, self.days, self.today = seed, days, today
        self.crowded = today - timedelta(days=days // 2)
        self._works, self._crowd = works, crowd
        self._moved: dict[Place, date] = {}
        self._removed: set[Place] = set()
        self.spoilt: dict[Place, dict[str, object]] = {}  # values that stand in the place of an article's own
        self.editions: dict[int, int] = {}  # how often a work was changed since it was made
        self._index: dict[tuple[Base, date], set[int]] = {}
        for work in self.numbers:
            self._put(work)

    @property
    def numbers(self) -> range:
        return range(1, self._works + self._crowd + 1)

    def base(self, work: int) -> Base:
        return "paper" if work > self._works or self._draw("base", work) % 4 else "music"

    def places(self, work: int) -> list[Place]:
        """The articles of a work that are there, deleted ones left out."""
        return [place for place in self._all(work) if not self.is_deleted(place)]

    def is_deleted(self, place: Place) -> bool:
        """One in twenty from the start; of a work the first one stays, so that there is something to find."""
        if place in self._removed:
            return True
        return place.article > 0 and self._draw("deleted", place.work, place.article) % 20 == 0

    def deleted(self) -> Iterator[Place]:
        """The articles that were there once."""
        for work in self.numbers:
            yield from (place for place in self._all(work) if self.is_deleted(place))

    def modified_on(self, place: Place) -> date:
        """The first article of a work in the last days, the others then or long ago."""
        moved = self._moved.get(place)
        if moved is not None:
            return moved
        if place.work > self._works and place.article == 0:
            return self.crowded
        drawn = self._draw("modified", place.work, place.article)
        reach = self.days if place.article == 0 or drawn % 3 == 0 else _LONGEST_AGO
        return self.today - timedelta(days=drawn // 3 % max(1, reach))

    def found(self, base: Base, first: date, last: date) -> list[int]:
        """The works of which an article was modified between the two days, both included; the order is that
        of the day on which the latest was, then of the number.
        """
        days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
        works = set[int]().union(*(self._index.get((base, day), set()) for day in days))
        return sorted(works, key=lambda work: (max(map(self.modified_on, self.places(work))), work))

    def place_of(self, ean: str) -> Place | None:
        """The article with this EAN, or None where there is none, or none any more."""
        if len(ean) != 13 or not ean.isascii() or not ean.isdigit():
            return None
        place = Place(*divmod(int(ean[4:12]), 4))
        known = place.work in self.numbers and place in self._all(place.work)
        return place if known and ean_of(place) == ean and not self.is_deleted(place) else None

    def touch(self, place: Place, day: date) -> None:
        """The article is modified on `day`."""
        self._take_out(place.work)
        self._moved[place] = day
        self.editions[place.work] = self.editions.get(place.work, 0) + 1
        self._put(place.work)

    def remove(self, place: Place) -> None:
        """The article is deleted, and the work does not hold it any more."""
        self._take_out(place.work)
        self._removed.add(place)
        self._put(place.work)

    def _all(self, work: int) -> list[Place]:
        return [Place(work, article) for article in range(1 + self._draw("articles", work) % 4)]

    def _take_out(self, work: int) -> None:
        for place in self.places(work):
            self._index.get((self.base(work), self.modified_on(place)), set()).discard(work)

    def _put(self, work: int) -> None:
        base = self.base(work)
        for place in self.places(work):
            self._index.setdefault((base, self.modified_on(place)), set()).add(work)

    def _draw(self, what: str, *place: int) -> int:
        value = draws.mix(self.seed * 1_000_003 + sum(map(ord, what)))
        for each in place:
            value = draws.mix(value ^ each)
        return value
