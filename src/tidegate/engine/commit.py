"""Commit: the rows of a run and its cursor into the destination, at most once. The only place that retries.

A commit id stays the same across attempts. Landed, not landed and unknown are three outcomes; the unknown
one is looked up, never guessed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.destinations.exceptions import CommitUnknownError

ATTEMPTS = 3
_PAUSE_S = 1.0


def commit_id(run_id: str, task: str) -> str:
    """The same for every attempt of a run at a task, different for any other run."""
    return hashlib.sha256(f"{run_id}/{task}".encode()).hexdigest()[:32]


def commit(
    destination: Destination, wanted: Commit, *, sleep: Callable[[float], None] = time.sleep
) -> Landed:
    """Land it. Raises `CommitLostError` where another run moved the cursor first, `CommitUnknownError`
    where after all attempts nobody can tell, or another `DestinationError`: then nothing landed.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return destination.commit(wanted)
        except CommitUnknownError:
            landed = destination.landed(wanted.commit_id)
            if landed is not None:
                return landed
            if attempt == ATTEMPTS:
                raise
            sleep(_PAUSE_S * attempt)
    raise AssertionError("unreachable")
