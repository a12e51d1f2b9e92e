"""A test marked `alone` has the machine to itself: those of the other workers wait until it is done.

What measures needs that. All workers lock two files of the tree: to come into the room, which many may share,
each passes a gate, and who wants to be alone holds the gate until the room is empty.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GATE, _ROOM = Path(__file__).parent / "conftest.py", Path(__file__)


@contextmanager
def turn(*, alone: bool, gate: Path = _GATE, room: Path = _ROOM) -> Iterator[None]:
    with gate.open("rb") as first, room.open("rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        try:
            fcntl.flock(second, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.flock(first, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(second, fcntl.LOCK_UN)  # closing is not enough: a process that was forked has it open
