"""SIGINT and SIGTERM: a run ends in order, soon, and can be resumed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import ExitCode

_GRACE_S = 5.0
_STOPPING = b"stopping: what was fetched stands; the same command resumes\n"
_LEFT = b"error: stopped while a request or commit was under way\n  Run the same command again: it resumes.\n"
_SHOW_CURSOR = b"\x1b[?25h"  # the bars hide it


@contextmanager
def stopped_by_signals(stop: Stop, *, grace_s: float = _GRACE_S) -> Iterator[None]:
    """A first signal cuts every wait; what blocks still (a slow answer, a commit) has `grace_s` seconds.

    Then the process ends where it stands, which is what a crash does, and no page or row is lost by one.
    A second signal kills at once. Belongs in the main thread: only there can signals be caught.
    """
    asked, ended = threading.Event(), threading.Event()
    signals = 0

    def watch() -> None:
        asked.wait()
        if not ended.wait(grace_s):
            _leave()

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1  # first of all: a handler is itself interrupted by the next signal
        if signals > 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        _say(_STOPPING)
        asked.set()
        stop.set()

    # started ahead of need: a signal handler must not start threads
    threading.Thread(target=watch, name="tidegate-backstop", daemon=True).start()
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        ended.set()
        asked.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave() -> None:
    _say((_SHOW_CURSOR if sys.stderr.isatty() else b"") + _LEFT)
    os._exit(int(ExitCode.TRY_AGAIN))


def _say(text: bytes) -> None:
    """Past Python's buffers: in a signal handler their lock may be held by whoever was interrupted."""
    try:
        os.write(2, text)
    except OSError:
        return
