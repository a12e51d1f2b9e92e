"""One task of a run, as each of its steps knows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tidegate.destinations.base import Destination
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.events import RunEvent, RunListener
from tidegate.engine.invalid import Invalid
from tidegate.engine.locks import Lock
from tidegate.engine.over import in_words
from tidegate.engine.plan import Slice, TaskPlan
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector
from tidegate.http_tools.drivers import Stop
from tidegate.utils.project import Build


@dataclass
class Job:
    """`plan` holds the slices as soon as they are known. `where` is what the task is at, for its errors."""

    name: str
    task: Task[Any, Any, Any]
    run_id: str
    plan: TaskPlan
    run: Path  # the folder of the run
    connector: Connector
    destination: Destination
    lock: Lock
    stop: Stop
    max_wait_s: float | None
    listener: RunListener
    now: Callable[[], datetime]
    until: datetime
    baselines: Baselines
    invalid: Invalid = field(default_factory=Invalid)
    build: Build = "auto"
    again: bool = False  # a replay: of what an earlier run fetched, and nothing else
    where: str = ""
    _telling: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def folder(self) -> Path:
        return self.run / self.task.name

    def tell(self, event: RunEvent) -> None:
        """One after the other, from whichever thread."""
        with self._telling:
            self.listener(event)

    def place(self, each: Slice) -> str:
        """The task and what tells the slice from its others, for a person."""
        window = "" if each.window is None or each.cell is None else str(each.window)
        return " ".join(filter(None, (self.name, window, in_words(self.task.over, each.values))))
