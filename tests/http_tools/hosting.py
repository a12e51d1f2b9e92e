"""A limiter behind a pipe, as a worker sees it, and worker processes that take from it."""

from __future__ import annotations

import threading
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from tests.http_tools.windows import crowd
from tidegate.http_tools.rate_limiters import BaseRateLimiter, HostedLimiter, LimiterHost


def hosted(limiter: BaseRateLimiter) -> HostedLimiter:
    """The host answers on a thread that ends with the pipe."""
    host, worker = Pipe()
    threading.Thread(target=LimiterHost(limiter).serve, args=(host,), daemon=True).start()
    return HostedLimiter(worker)


def take(quota: Connection, told: Connection, until: float) -> None:
    """What a worker process does: eight waiters take what they get until the moment `until`."""
    told.send("ready")
    told.send(crowd(HostedLimiter(quota), threads=4, tasks=4, until=until))


def take_and_hang(quota: Connection, told: Connection) -> None:
    HostedLimiter(quota).acquire()
    told.send("holds it")
    time.sleep(60)
