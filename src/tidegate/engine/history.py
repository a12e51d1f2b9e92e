"""What earlier runs of a task took, from the ledger and from what each run's folder tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from tidegate.engine.course import read_course
from tidegate.engine.ledger import Ledger, RunRow
from tidegate.utils.home import Home

_LOOKED_AT, _MOST = 200, 10  # runs


@dataclass(frozen=True)
class Past:
    """Medians over the last `runs` runs that loaded the task in one go; the first of them began at `since`.

    `seconds` is from the task's beginning to its last page; None where no run has left its course.
    """

    runs: int
    since: datetime
    slices: float
    requests: float
    pages: float
    rows: float
    seconds: float | None


def past_of(home: Home, workflow: str, task: str) -> Past | None:
    """Of runs as a scheduler begins them: no replay, backfill or full refresh, and none that was resumed, of
    which only the last attempt's requests are known. None where there is none. Makes nothing.
    """
    if not home.exists:
        return None
    with Ledger(home) as ledger:
        rows = [row for row in ledger.runs(_LOOKED_AT) if row.workflow == workflow and _is_usual(row)]
    found = list(_ran(rows, f"{workflow}.{task}"))[:_MOST]
    if not found:
        return None
    times = [taken for row, _ in found if (taken := _seconds(home, row, f"{workflow}.{task}")) is not None]

    def middle(name: str) -> float:
        return float(median(each[name] for _, each in found))

    return Past(
        len(found),
        min(row.started_at for row, _ in found),
        middle("slices"),
        middle("api_calls"),
        middle("pages"),
        middle("rows_fetched"),
        median(times) if times else None,
    )


def _is_usual(row: RunRow) -> bool:
    return not any(row.arguments.get(name) for name in ("replay", "from", "until", "full_refresh"))


def _ran(rows: Iterable[RunRow], task: str) -> Iterator[tuple[RunRow, dict[str, Any]]]:
    for row in rows:
        for each in row.summary["tasks"] if row.summary else ():
            asked_for_all = each["api_calls"] and not each["pages_resumed"]
            if each["task"] == task and each["status"] == "loaded" and asked_for_all:
                yield row, each


def _seconds(home: Home, row: RunRow, task: str) -> float | None:
    course = read_course(home.root / "runs" / row.run_id)
    if course is None or len(course.attempts) != 1 or not course.tasks.get(task):
        return None
    return min((max(course.tasks[task]) + 1) * course.width_s, course.worked_s)
