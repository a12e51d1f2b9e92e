"""What a transform may ask for beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tidegate.contracts.windows import Window


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a transform that takes one: the facts of its slice, the same at every resume.

    `run_time` is the run's upper bound, aware, fixed when the run was planned: what a transform makes of it
    does not change when the run is resumed or replayed. `window` and `account` are those of the slice, None
    for a task without them.
    """

    run_time: datetime
    window: Window | None = None
    account: str | None = None
