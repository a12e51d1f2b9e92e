"""What a quota's proof counts: grants in any window, and shares of those who wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from tidegate.http_tools.rate_limiters import BaseRateLimiter


def most_in_any_window(stamps: Sequence[float], window_s: float) -> int:
    ordered = sorted(stamps)
    most, first = 0, 0
    for last, stamp in enumerate(ordered):
        while ordered[first] <= stamp - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def steady_rate(stamps: Sequence[float], limit: int, window_s: float) -> float:
    """Grants in the median window of those that follow the first, which is granted at once.

    A count up to some moment would not do: grants come in bunches, and the last may be late and still count.
    """
    lasts = sorted(stamps)[limit - 1 :: limit]
    return limit * window_s / median(later - sooner for sooner, later in pairwise(lasts))


def crowd(limiter: BaseRateLimiter, *, threads: int, tasks: int, until: float) -> list[tuple[str, float]]:
    """Threads, and tasks of one event loop, that take as many slots as they get until the moment `until`."""
    granted: list[tuple[str, float]] = []

    def thread(name: str) -> None:
        while time.monotonic() < until:
            limiter.acquire()
            granted.append((name, time.monotonic()))

    async def task(name: str) -> None:
        while time.monotonic() < until:
            await limiter.acquire_async()
            granted.append((name, time.monotonic()))

    async def all_tasks() -> None:
        await asyncio.gather(*(task(f"task {number}") for number in range(tasks)))

    running = [threading.Thread(target=thread, args=(f"thread {number}",)) for number in range(threads)]
    running.append(threading.Thread(target=lambda: asyncio.run(all_tasks())))
    for each in running:
        each.start()
    for each in running:
        each.join()
    return granted


def least_share(names: Sequence[str], everybody: int) -> float:
    """What the one with least got, in fair shares; 0 where somebody got nothing."""
    shares = Counter(names)
    return min(shares.values()) * everybody / len(names) if len(shares) == everybody else 0.0
