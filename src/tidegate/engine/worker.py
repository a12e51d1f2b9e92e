"""What a worker process does: one shard of one stage of a run, under the quota that its parent hosts."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tidegate.destinations.registry import open_destination
from tidegate.engine.events import RunEvent
from tidegate.engine.run import Options, Runner
from tidegate.engine.shards import Shard
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.rate_limiters import HostedLimiter
from tidegate.utils.errors import ExitCode, TidegateError
from tidegate.utils.heaps import keep_heaps_few
from tidegate.utils.home import Home
from tidegate.utils.mirrors.segments import SegmentLimits

STOP = "stop"
_GRACE_S = 5.0  # of what blocks still when it hears that


@dataclass(frozen=True)
class Errand:
    """All that a worker is told; it reads the rest from the run's folder. Sent by pickle: tasks and the
    factory go by their names.
    """

    workflow: Workflow
    options: Options
    shard: Shard
    stage: int
    destination: str
    home: str
    segments: SegmentLimits


def work(errand: Errand, quota: Connection, line: Connection) -> None:
    """Runs in a process of its own. On `line` go `(kind, value)`: events, and at last a report or an error.

    It ends early when it hears `STOP` there, or when its parent is gone: where something blocks still (a slow
    answer, the workflow's own code), as by a crash, so that it holds no lock that the next run needs.
    """
    keep_heaps_few()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the whole group; the parent says when
    stop, sending = Stop(), threading.Lock()
    threading.Thread(target=_obey, args=(line, stop), name="tidegate-orders", daemon=True).start()

    def tell(kind: str, value: Any) -> None:
        with sending, suppress(OSError):
            line.send((kind, value))

    def hear(event: RunEvent) -> None:
        tell("event", event)

    try:
        tell("report", _extract(errand, quota, hear, stop))
    except TidegateError as error:
        tell("error", error)


def _extract(errand: Errand, quota: Connection, hear: Any, stop: Stop) -> Any:
    connector = errand.workflow.factory.create_connector()
    if connector.client.policy.limiter is not None:
        connector.client.limited_by(HostedLimiter(quota))
    home = Home.named(errand.home, Path.cwd(), os.environ, errand.segments)
    return Runner(
        errand.workflow,
        open_destination(errand.destination),
        home,
        errand.options,
        listener=hear,
        stop=stop,
        connector=connector,
    ).extract(errand.shard, errand.stage)


def _obey(line: Connection, stop: Stop) -> None:
    with suppress(EOFError, OSError):
        line.recv()  # there is one order only
    stop.set()
    time.sleep(_GRACE_S)
    os._exit(int(ExitCode.TRY_AGAIN))
