"""The course of a run: what each task did when, in a few hundred buckets however long it takes.

Time is time at work: an attempt that resumes a run goes on where the one before ended. A cache for people to
look at; losing it loses no row.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from tidegate.engine.events import PageBuilt, QuotaWait, RunEvent, RunListener, ignore
from tidegate.utils.home import write_json

FILE = "timeline.json"
MOST = 240  # buckets of a task; more, and two become one
_SAVE_S = 5.0


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
class Course:
    """`tasks` holds the buckets of each task by number, of `width_s` seconds each, empty ones left out.
    `attempts` are the instants at which the run was begun and resumed, each with the seconds at work before.
    """

    width_s: float = 0.25
    worked_s: float = 0.0
    attempts: list[tuple[datetime, float]] = field(default_factory=list)
    tasks: dict[str, dict[int, Bucket]] = field(default_factory=dict)

    def bucket(self, task: str, at_s: float) -> Bucket:
        while at_s >= self.width_s * MOST:
            self._widen()
        return self.tasks.setdefault(task, {}).setdefault(int(at_s / self.width_s), Bucket())

    def wait(self, task: str, at_s: float, seconds: float) -> None:
        """A wait is of every bucket that it reaches into."""
        end = at_s + seconds
        self.bucket(task, end)
        while at_s < end:
            upto = min((int(at_s / self.width_s) + 1) * self.width_s, end)
            self.bucket(task, at_s).waited_s += upto - at_s
            at_s = upto

    def _widen(self) -> None:
        self.width_s *= 2
        for task, before in self.tasks.items():
            after: dict[int, Bucket] = {}
            for number, bucket in before.items():
                after.setdefault(number // 2, Bucket()).add(bucket)
            self.tasks[task] = after

    def plain(self) -> dict[str, Any]:
        """For JSON. Waits count up to the present: a run may be cut before they end."""
        last = int(self.worked_s / self.width_s)
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
        )


def read_course(run: Path) -> Course | None:
    """That of the run with this folder; None where it is gone, damaged or of another version."""
    try:
        return Course.restored(json.loads((run / FILE).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


class Timeline:
    """A listener that keeps the course of a run beside its plan, and hands every event on.

    Use as a context manager. What it cannot write is left out: that must not fail a run.
    """

    def __init__(
        self, run: Path, listener: RunListener = ignore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file, self._listener, self._clock = run / FILE, listener, clock
        self._lock = threading.Lock()
        self._course = read_course(run) or Course()
        self._before_s, self._began = self._course.worked_s, clock()
        self._saved = clock()

    def __call__(self, event: RunEvent) -> None:
        with self._lock:
            self._note(event)
            if self._clock() - self._saved >= _SAVE_S:
                self._save()
        self._listener(event)

    def _note(self, event: RunEvent) -> None:
        at_s = self._before_s + self._clock() - self._began
        match event:
            case PageBuilt():
                self._course.bucket(event.task, at_s).add(Bucket(1, int(event.resumed), event.rows))
            case QuotaWait(reason="quota"):
                self._course.wait(event.task, at_s, event.seconds)
            case QuotaWait():
                self._course.bucket(event.task, at_s).retries += 1
            case _:
                pass

    def _save(self) -> None:
        self._saved = self._clock()
        self._course.worked_s = self._before_s + self._saved - self._began
        with suppress(OSError):
            write_json(self._file, self._course.plain())

    def __enter__(self) -> Timeline:
        with self._lock:
            self._course.attempts.append((datetime.now(UTC), self._before_s))
            self._course.attempts = self._course.attempts[-MOST:]
            self._save()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._save()
