"""Where rows go: what `--to` says, from the working folder; else what the project says, from its root."""

from __future__ import annotations

import time
from collections.abc import Callable

from tidegate.destinations.base import Destination
from tidegate.destinations.registry import open_destination
from tidegate.utils.project import Project


def destination_of(
    project: Project,
    to: str | None,
    *,
    patience_s: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    cores: int = 1,
) -> Destination:
    """Nothing is opened yet. Raises `UsageError` for a destination that nobody knows."""
    folder = project.root if to is None else None
    spec = project.destination if to is None else to
    return open_destination(spec, folder=folder, patience_s=patience_s, sleep=sleep, cores=cores)
