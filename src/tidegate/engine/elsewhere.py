"""Runs that began on other machines: what the ledger, which is one machine's own, is filled from.

A home that machines share has an entry for each run, whose name sorts the latest first, so that `runs` lists
no more than it shows; and for each command the run that it began last, written by compare-and-swap. Both are
copies: what is true of a run stands in its folder.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.engine import state_files
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.run_files import RunRow, plain_row, row_from, row_of
from tidegate.utils.gcp_errors import GooglePreconditionError
from tidegate.utils.home import Home

_LAST_S = 10**11  # later than any run begins, in epoch seconds


class Nowhere:
    """Of a home of one machine: its ledger knows all there is."""

    def run(self, run_id: str) -> list[RunRow]:  # noqa: ARG002
        return []

    def latest(self, limit: int) -> list[RunRow]:  # noqa: ARG002
        return []

    def of_command(self, workflow: str, arguments: dict[str, Any]) -> list[RunRow]:  # noqa: ARG002
        return []

    def begun(self, run_id: str) -> None:
        pass

    def ended(self, run_id: str) -> None:
        pass


@dataclass(frozen=True)
class Elsewhere(Nowhere):
    home: Home

    def run(self, run_id: str) -> list[RunRow]:
        """One or none."""
        row = row_of(self.home.root / "runs" / run_id)
        return [] if row is None else [row]

    def latest(self, limit: int) -> list[RunRow]:
        """The latest `limit` runs, all where that is negative. One request a thousand runs, and one for each
        that this machine has not seen as it is.
        """
        folder = self.home.folder("index")
        most = None if limit < 0 else limit
        self.home.mirror.fetch_those(folder, limit=most)
        found = []
        for path in sorted(folder.glob("*.json"))[:most]:
            with suppress(OSError, ValueError, TypeError, KeyError):  # of another version, or half removed
                found.append(row_from(json.loads(path.read_bytes())))
        return found

    def of_command(self, workflow: str, arguments: dict[str, Any]) -> list[RunRow]:
        """The run that this command began last; one or none."""
        try:
            run_id = state_files.load(self._latest(workflow, arguments), lambda stored: str(stored["run"]))
        except DamagedStateError:
            return []
        return [] if run_id is None else self.run(run_id)

    def begun(self, run_id: str) -> None:
        for row in self.run(run_id):
            latest = self._latest(row.workflow, row.arguments)
            # where another machine begins the same command just now: the lease of the task says which may
            with suppress(GooglePreconditionError):
                if state_files.load(latest, lambda stored: stored["run"]) != run_id:
                    state_files.save(latest, {"run": run_id})
            self._enter(row)

    def ended(self, run_id: str) -> None:
        for row in self.run(run_id):
            self._enter(row)

    def _enter(self, row: RunRow) -> None:
        number = _LAST_S - int(row.started_at.timestamp())
        state_files.replace(self.home.folder("index") / f"{number:011d}-{row.run_id}.json", plain_row(row))

    def _latest(self, workflow: str, arguments: dict[str, Any]) -> Path:
        told = json.dumps([workflow, arguments], sort_keys=True, default=str)
        return self.home.folder("latest") / f"{hashlib.sha256(told.encode()).hexdigest()[:20]}.json"


def elsewhere(home: Home) -> Nowhere:
    return Elsewhere(home) if home.mirror.shared else Nowhere()
