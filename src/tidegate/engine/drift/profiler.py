"""Which rows are looked at: the first of a task all, of later ones a random sample, of all their keys."""

from __future__ import annotations

import random
from typing import Any

from tidegate.engine.drift.profile import Profile

# Up to so many rows of a task, this share of them is looked at. Enough to tell a change in 1 % of the rows
# from chance, and a small part of the build's time on a long run.
_SHARES = ((2_000, 1.0), (10_000, 0.5), (50_000, 1 / 48))
_SHARE_BEYOND = 1 / 400


class Profiler:
    """Profiles the pages of one slice, in their order. `before`: rows of the task that came otherwise, in
    other slices; it may grow while they do.

    The same seed, pages and rows before give the same profile.
    """

    def __init__(self, seed: str, *, before: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a sample, no secret
        self.before = before
        self._profile = Profile()

    def page(self, rows: list[Any]) -> None:
        """Take in the decoded rows of one page. A key of the rows themselves is found in whichever row."""
        picked = self._picked(len(rows))
        add = self._profile.add
        for at in picked:
            add(rows[at])
        self._profile.rows += len(rows)
        if len(picked) < len(rows):
            self._add_rare(rows)

    def profile(self) -> Profile:
        return self._profile

    def _picked(self, count: int) -> range | list[int]:
        reached = self.before + self._profile.rows
        wanted = _looked_at(reached + count) - _looked_at(reached)
        # a fraction of a row is one now and then, so that small pages are not all passed over
        sample = int(wanted) + (self._random.random() < wanted % 1)
        if sample >= count:
            return range(count)
        return self._random.sample(range(count), sample)

    def _add_rare(self, rows: list[Any]) -> None:
        root = self._profile.root
        if root.crowded:
            return
        objects = rows if all(type(row) is dict for row in rows) else [r for r in rows if type(r) is dict]
        new = set().union(*objects) - root.fields.keys()
        for row in objects:
            if not new:
                return
            if not new.isdisjoint(row):
                self._profile.add(row)
                new.difference_update(row)


def _looked_at(rows: int) -> float:
    """How many of the first `rows` rows are looked at."""
    looked, start = 0.0, 0
    for end, share in _SHARES:
        if rows <= end:
            return looked + (rows - start) * share
        looked, start = looked + (end - start) * share, end
    return looked + (rows - start) * _SHARE_BEYOND
