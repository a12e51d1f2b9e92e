"""The profiles of a task's earlier runs, which later ones are compared with. They hold no personal value.

One JSON file a run in a private folder of the state folder; the latest twenty are kept. Losing them loses
nothing but what later runs could be compared with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from tidegate.contracts.personal import personal_paths
from tidegate.engine.drift.profile import Profile
from tidegate.engine.exceptions import storage_error
from tidegate.utils.home import Home, read_file, write_json
from tidegate.utils.mirrors.mounts import mirror_of
from tidegate.utils.redact import MASK

_KEPT = 20


@dataclass(frozen=True)
class Baselines:
    """Those of one task; `at` is when a run was planned, and what orders them."""

    folder: Path

    @classmethod
    def of(cls, home: Home, task: str) -> Baselines:
        return cls(home.folder("drift", task))

    def earlier(self, run_id: str) -> list[Profile]:
        """Of the runs before this one, or of all where this one is not among them."""
        stored = list(self._stored())
        own = next((at for at, run, _ in stored if run == run_id), None)
        return [profile for at, run, profile in stored if run != run_id and (own is None or at < own)]

    def of_run(self, run_id: str) -> Profile | None:
        return next((profile for _, run, profile in self._stored() if run == run_id), None)

    def keep(self, run_id: str, at: datetime, profile: Profile) -> None:
        """Keep the (masked) profile of a run that has loaded, and forget the oldest."""
        write(self.folder / f"{run_id}.json", {"at": at.isoformat(), "run": run_id, **profile.to_json()})
        for _, run, _ in sorted(self._stored(), key=lambda each: each[0])[:-_KEPT]:
            (self.folder / f"{run}.json").unlink(missing_ok=True)
            mirror_of(self.folder).forget(self.folder / f"{run}.json")

    def _stored(self) -> Iterator[tuple[datetime, str, Profile]]:
        mirror_of(self.folder).fetch_those(self.folder)
        for path in sorted(self.folder.glob("*.json")):
            found = _parsed(path)
            if found is not None:
                yield datetime.fromisoformat(found[0]["at"]), path.stem, found[1]


def masked(profile: Profile, model: type[BaseModel]) -> Profile:
    """As it may be kept: without the values of places that are personal, or look so."""
    return profile.masked(personal_paths(model).covers, MASK)


def write(path: Path, stored: dict[str, object]) -> None:
    try:
        write_json(path, stored)
        mirror_of(path).put(path)
    except OSError as error:
        raise storage_error(path, error) from error


def read(path: Path) -> tuple[dict[str, str], Profile] | None:
    """What stands beside the profile, and it; None where it is gone, damaged, or of another version."""
    with suppress(OSError):
        mirror_of(path).fetch(path)
    return _parsed(path)


def _parsed(path: Path) -> tuple[dict[str, str], Profile] | None:
    try:
        stored = json.loads(read_file(path))
        return stored, Profile.from_json(stored)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
