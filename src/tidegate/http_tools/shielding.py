"""What must run to its end: a client that is closed waits for it before its connections go.

Only a rotating refresh is shielded. Cut half-way, the next refresh token would be lost, and with it the
session.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

# A call for a token takes a minute at most; then its store has it.
_LONGEST_S = 75.0

_lock = threading.Lock()
# What is under way, and on whose connections. Event loops hold tasks weakly: this keeps them, too.
_under_way: dict[futures.Future[None] | asyncio.Future[Any], object] = {}
_here = threading.local()


@contextmanager
def under_way(http: object) -> Iterator[None]:
    """Meanwhile this thread runs something that is shielded, over the connections `http`."""
    end: futures.Future[None] = futures.Future()
    with _lock:
        _under_way[end] = http
    _here.end = end
    try:
        yield
    finally:
        _here.end = None
        _forget(end)
        end.set_result(None)


def hold(task: asyncio.Future[Any], http: object) -> None:
    """The same of a task."""
    with _lock:
        _under_way[task] = http
    task.add_done_callback(_forget)


def wait(http: object) -> None:
    """Until no thread has anything shielded on `http`, but for the thread that asks (a signal handler's)."""
    own = getattr(_here, "end", None)
    futures.wait(
        [each for each in _on(http) if isinstance(each, futures.Future) and each is not own], _LONGEST_S
    )


async def wait_async(http: object) -> None:
    """Until no task has anything shielded on `http`."""
    if tasks := [each for each in _on(http) if isinstance(each, asyncio.Future)]:
        await asyncio.wait(tasks, timeout=_LONGEST_S)


def _on(http: object) -> list[futures.Future[None] | asyncio.Future[Any]]:
    with _lock:
        return [each for each, owner in _under_way.items() if owner is http]


def _forget(each: futures.Future[None] | asyncio.Future[Any]) -> None:
    with _lock:
        _under_way.pop(each, None)
