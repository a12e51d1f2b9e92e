"""What a transform may ask for beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tidegate.contracts.windows import Window


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a transform that takes one: the facts of its slice, the same at every resume.

    `run_time` is the run's upper bound, aware, fixed when the run was planned: what a transform makes of it
    does not change when the run is resumed or replayed. `window` and `account` are those of the slice, None
    for a task without them; `values` are all that the task is split over, by name.
    """

    run_time: datetime
    window: Window | None = None
    account: str | int | date | None = None
    values: Mapping[str, str | int | date] = field(default_factory=dict)
