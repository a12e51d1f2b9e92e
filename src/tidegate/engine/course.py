"""The course of a run: what each task did when, in a few hundred buckets however long it takes.

Time is time at work: an attempt that resumes a run goes on where the one before ended. A cache for people to
look at; losing it loses no row.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate.utils.errors import TidegateError
from tidegate.utils.mirrors.mounts import mirror_of

FILE = "timeline.json"
MOST = 240  # buckets of a task; more, and two become one
_ENDPOINTS = 50  # whose breakers are kept
CLOSED, HALF_OPEN, OPEN = STATES = ("closed", "half-open", "open")


@dataclass
class Bucket:
    """`waited_s` is for the vendor's quota: seconds of all that waited, so it may exceed the bucket's length.
    `resumed` are those of the pages that stood in the page log.
    """

    pages: int = 0
    resumed: int = 0
    rows: int = 0
    retries: int = 0
    waited_s: float = 0.0

    def add(self, other: Bucket) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Turns:
    """How often a breaker changed to each state in a bucket, and its state when that ended."""

    opened: int = 0
    probed: int = 0
    closed: int = 0
    state: str = CLOSED

    def add(self, later: Turns) -> None:
        self.opened += later.opened
        self.probed += later.probed
        self.closed += later.closed
        self.state = later.state


@dataclass
class Course:
    """`tasks` holds the buckets of each task by number, of `width_s` seconds each, empty ones left out;
    `breakers` in the same way what became of the breaker of each endpoint that had trouble.
    `attempts` are the instants at which the run was begun and resumed, each with the seconds at work before.
    """

    width_s: float = 0.25
    worked_s: float = 0.0
    attempts: list[tuple[datetime, float]] = field(default_factory=list)
    tasks: dict[str, dict[int, Bucket]] = field(default_factory=dict)
    breakers: dict[str, dict[int, Turns]] = field(default_factory=dict)

    def bucket(self, task: str, at_s: float) -> Bucket:
        return self.tasks.setdefault(task, {}).setdefault(self._number(at_s), Bucket())

    def wait(self, task: str, at_s: float, seconds: float) -> None:
        """A wait is of every bucket that it reaches into."""
        end = at_s + seconds
        self.bucket(task, end)
        while at_s < end:
            upto = min((int(at_s / self.width_s) + 1) * self.width_s, end)
            self.bucket(task, at_s).waited_s += upto - at_s
            at_s = upto

    def turn(self, breaker: str, at_s: float, turns: Turns) -> None:
        """Of more endpoints than are kept, those that had trouble first."""
        if breaker in self.breakers or len(self.breakers) < _ENDPOINTS:
            number = self._number(at_s)
            self.breakers.setdefault(breaker, {}).setdefault(number, Turns()).add(turns)

    def begin(self, at: datetime) -> None:
        """An attempt begins, and with it every breaker anew."""
        self.attempts = [*self.attempts, (at, self.worked_s)][-MOST:]
        for breaker, turns in self.breakers.items():
            if turns[max(turns)].state != CLOSED:
                self.turn(breaker, self.worked_s, Turns())

    def states(self, breaker: str) -> list[str]:
        """In each bucket up to the end the worst that the breaker was."""
        turns, carried, found = self.breakers[breaker], CLOSED, []
        for number in range(self.columns):
            here = turns.get(number)
            seen = [carried]
            if here is not None:
                seen += [OPEN] * here.opened + [HALF_OPEN] * here.probed + [here.state]
                carried = here.state
            found.append(max(seen, key=STATES.index))
        return found

    @property
    def columns(self) -> int:
        return int(self.worked_s / self.width_s) + 1

    def _number(self, at_s: float) -> int:
        while at_s >= self.width_s * MOST:
            self._widen()
        return int(at_s / self.width_s)

    def _widen(self) -> None:
        self.width_s *= 2
        for buckets in self.tasks.values():
            _halve(buckets)
        for turns in self.breakers.values():
            _halve(turns)

    def lay(self, other: Course, at_s: float, suffix: str = "") -> None:
        """Put in another one, beginning `at_s` (up to a bucket later). `suffix` tells its breakers apart."""
        self._number(at_s + other.worked_s + max(self.width_s, other.width_s))
        while self.width_s < other.width_s:
            self._widen()
        while other.width_s < self.width_s:
            other._widen()
        shift = math.ceil(at_s / self.width_s)
        for task, buckets in other.tasks.items():
            for number, bucket in buckets.items():
                self.bucket(task, (number + shift) * self.width_s).add(bucket)
        for breaker, turns in other.breakers.items():
            for number, each in sorted(turns.items()):
                self.turn(breaker + suffix, (number + shift) * self.width_s, each)
        at_s = shift * self.width_s
        self.attempts += [(instant, at_s + offset) for instant, offset in other.attempts]
        self.worked_s = max(self.worked_s, at_s + other.worked_s)

    def plain(self) -> dict[str, Any]:
        """For JSON. Waits count up to the present: a run may be cut before they end."""
        last = self.columns - 1
        return {
            "width_s": self.width_s,
            "worked_s": round(self.worked_s, 3),
            "attempts": [[at.isoformat(), round(offset, 3)] for at, offset in self.attempts],
            "tasks": {
                task: [
                    [number, *vars(each).values()]
                    for number, each in sorted(buckets.items())
                    if number <= last and any(vars(each).values())
                ]
                for task, buckets in self.tasks.items()
            },
            "breakers": {
                breaker: [[number, *vars(each).values()] for number, each in sorted(turns.items())]
                for breaker, turns in self.breakers.items()
            },
        }

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Course:
        return cls(
            float(stored["width_s"]),
            float(stored["worked_s"]),
            [(datetime.fromisoformat(at), float(offset)) for at, offset in stored["attempts"]],
            {
                task: {number: Bucket(*figures) for number, *figures in buckets}
                for task, buckets in stored["tasks"].items()
            },
            {
                breaker: {number: Turns(*figures) for number, *figures in turns}
                for breaker, turns in stored["breakers"].items()
            },
        )


def _halve(buckets: dict[int, Any]) -> None:
    """Two buckets become one, in the order of time."""
    before = sorted(buckets.items())
    buckets.clear()
    for number, bucket in before:
        earlier = buckets.setdefault(number // 2, bucket)
        if earlier is not bucket:
            earlier.add(bucket)


def read_course(run: Path) -> Course | None:
    """That of the run with this folder; None where it is gone, damaged or of another version.

    Shards lie over each other, each from its own beginning; what was done unsharded (the commit) follows.
    """
    with suppress(OSError, TidegateError):
        mirror_of(run).fetch_those(run, "timeline")
    whole = read_file(run / FILE)
    shards = [(path, course) for path in _shards(run) if (course := read_file(path)) is not None]
    if not shards:
        return whole
    course = Course()
    for path, shard in shards:
        course.lay(shard, 0.0, f" (shard {path.name.split('.')[1].replace('-', '/')})")
    course.attempts = sorted(course.attempts)[:1] + [each for each in course.attempts if each[1] > 0]
    if whole is not None:
        course.lay(whole, course.worked_s)
    return course


def _shards(run: Path) -> Iterable[Path]:
    return sorted(run.glob("timeline.*-*.json"))


def read_file(path: Path) -> Course | None:
    """The course of one process."""
    try:
        return Course.restored(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
