"""The listener that writes down the course of a run while it works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from tidegate.engine.course import CLOSED, FILE, OPEN, Bucket, Course, Turns, read_file
from tidegate.engine.events import PageBuilt, QuotaWait, RunEvent, RunListener, ignore
from tidegate.engine.shards import Shard
from tidegate.http_tools.events import BreakerChanged, Event
from tidegate.utils.errors import TidegateError
from tidegate.utils.home import write_json
from tidegate.utils.mirrors.mounts import mirror_of

_SAVE_S = 5.0
_WHOLE = Shard()


class Timeline:
    """A listener that keeps the course of a run beside its plan, and hands every event on.

    Use as a context manager. What it cannot write is left out: that must not fail a run. Each shard has a
    file of its own.
    """

    def __init__(
        self,
        run: Path,
        listener: RunListener = ignore,
        clock: Callable[[], float] = time.monotonic,
        *,
        shard: Shard = _WHOLE,
    ) -> None:
        name = FILE if shard.is_whole else f"timeline.{shard.number}-{shard.count}.json"
        self._file, self._listener, self._clock = run / name, listener, clock
        self._lock = threading.Lock()
        with suppress(OSError, TidegateError):
            mirror_of(self._file).fetch(self._file)
        self._course = read_file(self._file) or Course()
        self._before_s, self._began = self._course.worked_s, clock()
        self._saved = clock()

    def __call__(self, event: RunEvent) -> None:
        with self._lock:
            self._note(event)
            if self._clock() - self._saved >= _SAVE_S:
                self._save()
        self._listener(event)

    def hear(self, event: Event) -> None:
        """For who tells of breakers."""
        if isinstance(event, BreakerChanged):
            self(event)

    def _note(self, event: RunEvent) -> None:
        at_s = self._before_s + self._clock() - self._began
        match event:
            case PageBuilt():
                self._course.bucket(event.task, at_s).add(Bucket(1, int(event.resumed), event.rows))
            case QuotaWait(reason="quota"):
                self._course.wait(event.task, at_s, event.seconds)
            case QuotaWait():
                self._course.bucket(event.task, at_s).retries += 1
            case BreakerChanged(after=after):
                opened, closed = after == OPEN, after == CLOSED
                turns = Turns(int(opened), int(not (opened or closed)), int(closed), after)
                self._course.turn(event.breaker or "all endpoints", at_s, turns)
            case _:
                pass

    def _save(self) -> None:
        self._saved = self._clock()
        self._course.worked_s = self._before_s + self._saved - self._began
        with suppress(OSError):
            write_json(self._file, self._course.plain())

    def __enter__(self) -> Timeline:
        with self._lock:
            self._course.begin(datetime.now(UTC))
            self._save()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._save()
        with suppress(OSError, TidegateError):
            mirror_of(self._file).put(self._file)
