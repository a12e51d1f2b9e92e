"""Drift while a task runs: each page is looked at before it is built, the whole is compared at the end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import BaseModel

from tidegate.engine.drift.baselines import Baselines, masked, read, write
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile
from tidegate.engine.drift.profiler import Profiler


@dataclass
class Watch:
    """Of one task of a run, slice by slice: `begin`, `page` for each page, `finish`; or `stood`. Slices are
    told by their number in the plan; several may be under way at once, each on a thread of its own.

    The profile of a slice is kept in a file beside its part, so that a resumed run knows it.
    """

    model: type[BaseModel]
    run_id: str
    baselines: Baselines
    _whole: Profile = field(default_factory=Profile)  # of the first slices, which are all done
    _merged: int = 0  # how many these are
    _rows: int = 0  # that came so far, from whichever slice
    _done: dict[int, Profile] = field(default_factory=dict)  # later ones
    _under_way: dict[int, Profiler] = field(default_factory=dict)
    _known: frozenset[int] = frozenset()  # slices whose profile is known, of all of them together
    _known_profile: Profile = field(default_factory=Profile)
    _known_stood: dict[int, Path] = field(default_factory=dict)  # those of them that stand, indeed
    _lock: Lock = field(default_factory=Lock, repr=False)

    def know(self, numbers: Collection[int], profile: Profile) -> None:
        """The profile of several slices together, which need not be looked at where all of them stand."""
        self._known, self._known_profile = frozenset(numbers), profile

    def begin(self, number: int, slice_id: str) -> None:
        """Of a slice that is begun anew, what was seen before is forgotten."""
        with self._lock:
            self._under_way[number] = Profiler(f"{self.run_id}/{slice_id}")

    def page(self, number: int, rows: list[Any]) -> None:
        with self._lock:  # slices side by side together look at as many rows as one after the other
            profiler = self._under_way[number]
            profiler.before = self._rows - profiler.profile().rows
            self._rows += len(rows)
        profiler.page(rows)

    def finish(self, number: int, file: Path) -> None:
        profile = self._under_way[number].profile()
        write(file, masked(profile, self.model).to_json())
        self._take(number, profile)

    def stood(self, number: int, file: Path) -> None:
        """A slice that was done before; where its profile is gone it is not told of."""
        if number in self._known:
            self._known_stood[number] = file
            self._take(number, Profile())
        else:
            self._take(number, _read(file))

    def _take(self, number: int, profile: Profile) -> None:
        """In the order of the plan, whichever slice is done first, so that the whole is always the same."""
        with self._lock:
            if self._under_way.pop(number, None) is None:
                self._rows += profile.rows
            self._done[number] = profile
            while self._merged in self._done:
                self._whole.add_profile(self._done.pop(self._merged))
                self._merged += 1

    def profile(self) -> Profile:
        """Of all that was seen, the pages of a slice that failed included."""
        with self._lock:
            left = {**{at: each.profile() for at, each in self._under_way.items()}, **self._done}
            return self._whole.merged([*self._of_known(), *(left[number] for number in sorted(left))])

    def of_done(self) -> Profile:
        """Of the slices that are done, as it may be kept."""
        with self._lock:
            done = [self._done[number] for number in sorted(self._done)]
            return masked(self._whole.merged([*self._of_known(), *done]), self.model)

    def _of_known(self) -> list[Profile]:
        if self._known_stood.keys() == self._known:
            return [self._known_profile]
        return [_read(file) for _, file in sorted(self._known_stood.items())]

    def findings(self) -> list[Finding]:
        return compare(self.profile(), self.model, self.baselines.earlier(self.run_id))

    def keep(self, at: datetime) -> None:
        """Make the run one that later runs are compared with: it has loaded."""
        profile = self.profile()
        if profile.rows:
            self.baselines.keep(self.run_id, at, masked(profile, self.model))


def _read(file: Path) -> Profile:
    found = read(file)
    return Profile() if found is None else found[1]
