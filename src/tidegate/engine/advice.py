"""How long a run of a task takes within the quota, and how often one may begin: from what the limiter and the
paginator declare, and from what earlier runs took. An estimate, which says what it assumes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tidegate.destinations.base import CursorRow
from tidegate.engine.history import Past
from tidegate.engine.over import Axis, Each, Value
from tidegate.engine.plan import Range, plan_task
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.calls import Call
from tidegate.http_tools.rate_limiters import BaseRateLimiter, Rate

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Estimate:
    """One run. `at_least`: a request for each slice, where it may take more.

    `waits_s` is the waiting for the quota, `takes_s` all that a run takes (None: not known), `apart_s` how
    far apart such runs begin at least if none waits for another (None: not known, `requests` neither).
    """

    slices: int | None
    requests: int | None
    at_least: bool
    waits_s: float | None
    takes_s: float | None
    apart_s: float | None


@dataclass(frozen=True)
class Advice:
    """`rates` hold all at once; `shared` are the tasks of the workflow that fall under one of them, too.

    `first` is a first run, `later` one that begins a day after another. `unknown` says what is not known.
    """

    rates: tuple[Rate, ...]
    page_rows: int | None
    shared: tuple[str, ...]
    first: Estimate
    later: Estimate
    past: Past | None
    unknown: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """For JSON: durations in seconds, instants ISO 8601."""
        past = self.past and asdict(self.past) | {"since": self.past.since.isoformat()}
        return {**asdict(self), "rates": [asdict(rate) for rate in self.rates], "past": past}


def advise(
    workflow: Workflow,
    task: Task[Any, Any, Any],
    connector: Connector | None,
    past: Past | None,
    now: datetime,
) -> Advice:
    """`connector` is one to look at (it is asked for no page), or None where none can be had."""
    first, later, unknown = _slices(task, now)
    if later is None and past is not None:
        later = round(past.slices)
    call = None if connector is None else _a_call(task, connector, now)
    if connector is None or call is None:
        why = "the quota, without the connector's settings" if connector is None else "what it asks for"
        return Advice((), None, (), _bare(first), _bare(later), past, (*unknown, why))
    limiter = _limiter(call)
    rates = limiter.rates if limiter is not None else ()
    # what changed since the start of time is more than what changed since yesterday
    alike = None if task.cursor is not None else past
    return Advice(
        rates,
        call.paginator.page_rows,
        tuple(_shared(workflow, task, connector, limiter, now)),
        _estimate(first, rates, alike),
        _estimate(later, rates, past),
        past,
        unknown,
    )


def _slices(task: Task[Any, Any, Any], now: datetime) -> tuple[int | None, int | None, tuple[str, ...]]:
    """How many a first run and one a day later have, as far as that is known without asking anybody."""
    loose = [axis.name for axis in task.over if _fixed(axis) is None]
    if loose:
        return None, None, (f"how many values {' and '.join(loose)} will have",)
    values = math.prod(len(_fixed(axis) or ()) for axis in task.over)
    unsplit = replace(task, over=())
    first = plan_task(unsplit, CursorRow(), Range(), now)
    later = plan_task(unsplit, CursorRow(1, first.bound), Range(), now + DAY)
    return len(first.slices) * values, len(later.slices) * values, ()


def _fixed(axis: Axis) -> Sequence[Value] | None:
    """The values of a list that is written down; None where only a run has them."""
    return None if not isinstance(axis, Each) or callable(axis.values) else axis.values


def _bare(slices: int | None) -> Estimate:
    return Estimate(slices, slices, True, None, None, None)


def _estimate(slices: int | None, rates: tuple[Rate, ...], past: Past | None) -> Estimate:
    """Each slice takes as many requests, and each request as long, as in earlier runs; or one at least."""
    if slices is None:
        return Estimate(None, None, True, None, None, None)
    known = past is not None and past.slices > 0
    requests = max(slices, math.ceil(slices * past.requests / past.slices)) if past and known else slices
    waits_s = max((rate.waiting_s(requests) for rate in rates), default=0.0)
    takes_s = None
    if past is not None and past.seconds is not None:
        takes_s = max(past.seconds / past.requests * requests, waits_s)
    apart_s = max((rate.apart_s(requests) for rate in rates), default=0.0)
    return Estimate(slices, requests, not known, waits_s, takes_s, max(apart_s, takes_s or 0.0))


def _a_call(task: Task[Any, Any, Any], connector: Connector, now: datetime) -> Call[Any] | None:
    """What the task asks for in one of its slices, with values made up where only a run has them: the route
    is the same for all. None where the task's function cannot tell without them.
    """
    window = plan_task(replace(task, over=()), CursorRow(), Range(), now).slices[-1].window
    values = [(_fixed(axis) or (_made_up(axis, now),))[0] for axis in task.over]
    try:
        return task.call(connector, window, values)
    except Exception:  # noqa: BLE001 - the user's function, asked for no more than to look at
        return None


def _made_up(axis: Axis, now: datetime) -> Value:
    kind = next(iter(axis.kinds), str)
    return now.date() if kind is date else 1 if kind is int else "1"


def _limiter(call: Call[Any]) -> BaseRateLimiter | None:
    limiter = call.client.policy.limiter
    return limiter and limiter.for_request(call.client.build_request(call.method, call.url))


def _shared(
    workflow: Workflow,
    task: Task[Any, Any, Any],
    connector: Connector,
    limiter: BaseRateLimiter | None,
    now: datetime,
) -> Iterator[str]:
    """Other tasks that the same limiter grants."""
    for other in workflow.tasks:
        call = None if other.name == task.name else _a_call(other, connector, now)
        if call is not None and limiter is not None and _limiter(call) is limiter:
            yield f"{workflow.name}.{other.name}"
