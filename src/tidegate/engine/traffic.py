"""What fetching has cost: counted while a task works, kept in the run's folder for the commit's report."""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.http_tools.events import Answered, Event, Retrying, Waiting
from tidegate.utils.errors import TidegateError
from tidegate.utils.home import write_json
from tidegate.utils.mirrors.mounts import mirror_of


@dataclass
class Traffic:
    """Of one task in one process, or summed over several. Written by the threads that fetch.

    `resumed` are pages that stood in the page log.
    """

    api_calls: int = 0
    retries: int = 0
    waited_s: float = 0.0
    bytes: int = 0
    resumed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, event: Event) -> None:
        with self._lock:
            match event:
                case Answered():
                    self.api_calls += 1
                    self.waited_s += event.waited_s
                    self.bytes += event.size
                case Retrying():
                    self.retries += 1
                    self.waited_s += event.delay_s
                case Waiting():
                    pass

    def resume(self, pages: int) -> None:
        with self._lock:
            self.resumed += pages

    @property
    def figures(self) -> dict[str, int | float]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def keep(self, run: Path, task: str) -> None:
        """In a file of its own: other shards of the run keep theirs. What cannot be written is left out, for
        a figure must not fail a run.
        """
        path = run / f"{_prefix(task)}{secrets.token_hex(6)}.json"
        with suppress(OSError, TidegateError):
            write_json(path, self.figures)
            mirror_of(path).put(path)

    @classmethod
    def kept(cls, run: Path, task: str) -> Traffic:
        """The sum of what the processes that have worked on the task have kept."""
        whole = cls()
        with suppress(OSError, TidegateError):
            mirror_of(run).fetch_those(run, _prefix(task))
        for path in sorted(run.glob(f"{_prefix(task)}*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):
                stored = json.loads(path.read_bytes())
                for name in whole.figures:
                    setattr(whole, name, getattr(whole, name) + stored[name])
        return whole


def _prefix(task: str) -> str:
    return f"traffic.{task}."
