"""One run at a time for a task and destination on a machine.

The lock is the kernel's (`flock`): it is free the moment its owner dies, however it dies. The ledger only
says who holds it, and counts owners: an owner whose epoch has passed must not commit.
"""

from __future__ import annotations

import fcntl
import hashlib
import os

from tidegate.destinations.base import Destination
from tidegate.engine.exceptions import LockHeldError
from tidegate.engine.ledger import Ledger
from tidegate.utils.home import Home


class TaskLock:
    """Held from construction to `release`. Raises `LockHeldError` that names the run which holds it."""

    def __init__(self, home: Home, ledger: Ledger, task: str, destination: Destination, run_id: str) -> None:
        self._key = f"{task} -> {destination.identity}"
        self._ledger = ledger
        name = hashlib.sha256(self._key.encode()).hexdigest()[:16]
        self._fd = os.open(home.lock(name), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise LockHeldError(
                f"{task} into {destination.name} is in the hands of {self._holder()}",
                hint="Wait for it to end; only one run at a time works on a task and destination.",
            ) from error
        self.epoch = ledger.lease(self._key, run_id, os.getpid())

    def _holder(self) -> str:
        holder = self._ledger.holder(self._key)
        return f"run {holder[0]} (process {holder[1]})" if holder else "another run"

    def check(self) -> None:
        """Raise where somebody else has taken the lease since: this owner is a ghost."""
        holder = self._ledger.holder(self._key)
        if holder is not None and holder[2] != self.epoch:
            raise LockHeldError(f"{self._key}: run {holder[0]} has taken over")

    def release(self) -> None:
        os.close(self._fd)
