"""One process at a time for a run, and one run at a time for a task and destination, on a machine.

The lock is the kernel's (`flock`): it is free the moment its owner dies, however it dies. The ledger only
says who holds it, and counts owners: an owner whose epoch has passed must not commit.
"""

from __future__ import annotations

import fcntl
import hashlib
import os

from tidegate.destinations.base import Destination
from tidegate.engine.exceptions import LockHeldError, storage_error
from tidegate.engine.ledger import Ledger
from tidegate.utils.home import Home


class Lock:
    """Held from construction to `release`. Raises `LockHeldError` that names who holds it.

    `key` is what the lock is on, `shown` how a person calls it, `held` what to say of its holder.
    """

    def __init__(self, home: Home, ledger: Ledger, key: str, shown: str, run_id: str, held: str) -> None:
        self._key, self._shown, self._ledger = key, shown, ledger
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = home.lock(name)
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise storage_error(path, error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.epoch = ledger.lease(key, run_id, os.getpid())
        except BlockingIOError as error:
            os.close(self._fd)
            raise LockHeldError(
                f"{shown} is {held.format(**self._holder())}",
                hint="Wait for it to end: only one run at a time works on a task and destination.",
            ) from error
        except BaseException:
            os.close(self._fd)
            raise

    def _holder(self) -> dict[str, object]:
        owner, pid, _ = self._ledger.holder(self._key) or ("?", "?", 0)
        return {"run": owner, "pid": pid}

    def check(self) -> None:
        """Raise where somebody else has taken the lease since: this owner is a ghost."""
        holder = self._ledger.holder(self._key)
        if holder is not None and holder[2] != self.epoch:
            raise LockHeldError(f"{self._shown}: run {holder[0]} has taken over")

    def release(self) -> None:
        os.close(self._fd)


def run_lock(home: Home, ledger: Ledger, run_id: str) -> Lock:
    """So that two processes with one command, or one run id, do not both work on the run."""
    return Lock(home, ledger, f"run {run_id}", f"run {run_id}", run_id, "at work in process {pid}")


def task_lock(home: Home, ledger: Ledger, task: str, destination: Destination, run_id: str) -> Lock:
    """So that two runs do not both work towards one commit of a task."""
    key = f"{task} -> {destination.identity}"
    held = "in the hands of run {run} (process {pid})"
    return Lock(home, ledger, key, f"{task} into {destination.name}", run_id, held)
