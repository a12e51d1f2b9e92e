"""One process at a time for a run, and one run at a time for a task and destination, on a machine.

The lock is the kernel's (`flock`): it is free the moment its owner dies, however it dies. The ledger only
says who holds it, and counts owners: an owner whose epoch has passed must not commit. The shards of a run
share its locks: they are one owner. Where the home is shared by machines, the lock takes a lease there, too.
"""

from __future__ import annotations

import fcntl
import hashlib
import os

from tidegate.destinations.base import Destination
from tidegate.engine.exceptions import LockHeldError, storage_error
from tidegate.engine.ledger import Ledger
from tidegate.utils.home import Home
from tidegate.utils.mirrors.base import LeaseHeldError


class Lock:
    """Held from construction to `release`. Raises `LockHeldError` that names who holds it.

    `key` is what the lock is on, `shown` how a person calls it, `held` what to say of its holder. One that is
    `shared` is shared among the processes that take it so for the same run.
    """

    def __init__(
        self,
        home: Home,
        ledger: Ledger,
        key: str,
        shown: str,
        run_id: str,
        held: str,
        *,
        shared: bool = False,
    ) -> None:
        self._key, self._shown, self._held = key, shown, held
        self._ledger, self._run_id, self._shared = ledger, run_id, shared
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = home.lock(name)
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise storage_error(path, error) from error
        try:
            self.epoch = ledger.lease(key, run_id, os.getpid(), self._grab)
            self._lease = home.mirror.lease(key, run_id, shared=shared)
        except BlockingIOError as error:
            os.close(self._fd)
            raise self._refusal() from error
        except LeaseHeldError as error:
            os.close(self._fd)
            raise LockHeldError(
                f"{shown} is in the hands of run {error.owner} ({error.where})", hint=error.hint
            ) from error
        except BaseException:
            os.close(self._fd)
            raise

    def _grab(self, owner: str | None) -> bool:
        """Whether nobody had it. Raises `BlockingIOError` where it cannot be had.

        The ledger lets one process in at a time: what is taken twice here is taken at once for the others.
        """
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not self._shared or owner != self._run_id:
                raise
            fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)  # fails where it is not shared
            return False
        if self._shared:
            fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True

    def _refusal(self) -> LockHeldError:
        owner, pid, _ = self._ledger.holder(self._key) or ("?", "?", 0)
        return LockHeldError(
            f"{self._shown} is {self._held.format(run=owner, pid=pid)}",
            hint="Wait for it to end: only one run at a time works on a task and destination.",
        )

    def check(self) -> None:
        """Raise where somebody else has taken the lease since: this owner is a ghost."""
        holder = self._ledger.holder(self._key)
        if holder is not None and holder[2] != self.epoch:
            raise LockHeldError(f"{self._shown}: run {holder[0]} has taken over")
        try:
            self._lease.check()
        except LeaseHeldError as error:
            raise LockHeldError(
                f"{self._shown}: run {error.owner} has taken over ({error.where})", hint=error.hint
            ) from error

    def release(self) -> None:
        self._lease.release()
        os.close(self._fd)


def run_lock(home: Home, ledger: Ledger, run_id: str, *, shared: bool = False) -> Lock:
    """So that two processes with one command, or one run id, do not both work on the run."""
    held = "at work in process {pid}"
    return Lock(home, ledger, f"run {run_id}", f"run {run_id}", run_id, held, shared=shared)


def task_lock(
    home: Home, ledger: Ledger, task: str, destination: Destination, run_id: str, *, shared: bool = False
) -> Lock:
    """So that two runs do not both work towards one commit of a task."""
    key = f"{task} -> {destination.identity}"
    held = "in the hands of run {run} (process {pid})"
    shown = f"{task} into {destination.name}"
    return Lock(home, ledger, key, shown, run_id, held, shared=shared)
