"""A lease in the bucket: one run at a time on what it is for, on whichever machine.

A courtesy, which spares work: what decides in the end is the cursor in the destination. The object is written
anew while its owner works, and is no longer valid `lease_s` after it was last written, both times by the
server's clock. It is taken over at once by whoever works at the place where the dead owner did.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tidegate.utils.errors import TidegateError
from tidegate.utils.gcp_errors import GooglePreconditionError
from tidegate.utils.mirrors.base import LeaseHeldError
from tidegate.utils.mirrors.bucket import ABSENT, Bucket, Stored

_OFTEN = 3  # it is written so many times in the time that it is valid
_WRITE_S = 1.0  # Cloud Storage takes one write a second to one object


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants it. `place` is where only one process can be at work: a slot of an execution, or the scratch
    folder of a machine, whose own lock is held; `where` is what a person is told. A `shared` one is shared
    with the others who claim it so for the same owner.
    """

    owner: str
    place: str
    where: str
    lease_s: float
    shared: bool = False


class BucketLease:
    """Held from construction to `release`; a thread writes it anew. Raises `LeaseHeldError`."""

    def __init__(self, bucket: Bucket, name: str, claim: Claim) -> None:
        self._bucket, self._name, self._claim = bucket, name, claim
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._lost = False
        self._generation = self._take()
        self._written = time.monotonic()
        self._thread = threading.Thread(target=self._renew, name="tidegate-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Write it anew, unless that was done just now. Raises where somebody else has it."""
        with self._lock:
            if not self._lost and time.monotonic() - self._written > _WRITE_S:
                self._write()
            if not self._lost:
                return
        self._refuse(self._bucket.read(self._name))

    def release(self) -> None:
        """Give it back; where that fails it runs out by itself."""
        self._released.set()
        self._thread.join()
        if not self._lost:
            with suppress(TidegateError):
                self._bucket.delete(self._name, self._generation)

    def _take(self) -> int:
        with suppress(GooglePreconditionError):
            return self._swap(ABSENT)
        for _ in range(2):
            found = self._bucket.read(self._name)
            if found is not None and not self._is_free(found[0]):
                self._refuse(found)
            with suppress(GooglePreconditionError):
                return self._swap(ABSENT if found is None else found[1].generation)
        self._refuse(self._bucket.read(self._name))
        raise AssertionError("unreachable")

    def _is_free(self, content: bytes) -> bool:
        held = _parsed(content)
        if held.get("place") == self._claim.place or self._shares(held):
            return True
        now = self._bucket.look(self._name)
        return now is None or self._idle_s(now) > float(held.get("lease_s", self._claim.lease_s))

    def _shares(self, held: dict[str, Any]) -> bool:
        return self._claim.shared and bool(held.get("shared")) and held.get("owner") == self._claim.owner

    def _idle_s(self, held: Stored) -> float:
        """Seconds since it was written, by the server's clock at both ends."""
        asked = self._bucket.put(f"{self._name}.asked", self._claim.owner.encode())
        if asked.updated is None or held.updated is None:
            return 0.0
        return (asked.updated - held.updated) / timedelta(seconds=1)

    def _refuse(self, found: tuple[bytes, Stored] | None) -> None:
        held = _parsed(found[0]) if found else {}
        lease_s = float(held.get("lease_s", self._claim.lease_s))
        raise LeaseHeldError(
            f"{self._bucket.shown(self._name)} is held by run {held.get('owner', '?')}",
            owner=str(held.get("owner", "?")),
            where=str(held.get("where", "?")),
            hint=f"Wait for it to end. If it was killed, its lease runs out within {lease_s:g} s.",
        )

    def _renew(self) -> None:
        while not self._released.wait(self._claim.lease_s / _OFTEN):
            # what cannot be written now is tried again at the next turn, and before the commit
            with self._lock, suppress(TidegateError):
                self._write()
            if self._lost:
                return

    def _write(self) -> None:
        try:
            self._generation = self._swap(self._generation)
        except GooglePreconditionError:
            self._rejoin()
        self._written = time.monotonic()

    def _rejoin(self) -> None:
        """Somebody else has written or removed it: fine where it is shared with them, lost where not."""
        found = self._bucket.read(self._name)
        if found is None or self._shares(_parsed(found[0])):
            with suppress(GooglePreconditionError):
                self._generation = self._swap(ABSENT if found is None else found[1].generation)
                return
        self._lost = True

    def _swap(self, generation: int) -> int:
        claim = self._claim
        told: dict[str, Any] = {
            "owner": claim.owner,
            "place": claim.place,
            "where": claim.where,
            "lease_s": claim.lease_s,
            "shared": claim.shared,
            "write": uuid.uuid4().hex,  # no two contents are the same, so no other's is taken for ours
        }
        body = json.dumps(told, indent=1).encode()
        return self._bucket.swap(self._name, body, len(body), generation).generation


def _parsed(content: bytes) -> dict[str, Any]:
    """Of a lease that another version wrote, what can be read."""
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
