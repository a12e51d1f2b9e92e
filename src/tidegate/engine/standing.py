"""What stood of a task when an attempt at it ended, in one file: of ten thousand slices it is read in a
fraction of the time that the manifest and the profile of each take.

A cache: what it says of a slice counts for as long as the slice's manifest is the very file that it was then.
Losing it, or not being able to write it, loses nothing.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.engine.drift.profile import Profile
from tidegate.engine.parts import Manifest
from tidegate.utils.home import read_file

FILE = "standing.cache"
FEWEST = 100  # slices; of fewer their own files are as quick
_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Standing:
    """Manifests by slice, and the profile of all of these slices together (without personal values)."""

    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    profile: Profile = field(default_factory=Profile)

    @classmethod
    def read(cls, folder: Path) -> Standing:
        """As it was kept, if nothing of it has changed since; else nothing."""
        try:
            stored = json.loads(read_file(folder / FILE))
            stamps = _stamps(folder)
            manifests = {}
            for name, stamp, manifest in stored["slices"]:
                if stamps.get(name) != tuple(stamp):
                    return cls()
                manifests[name] = Manifest.from_json(manifest)
            return cls(manifests, Profile.from_json(stored["profile"]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def keep(self, folder: Path) -> None:
        with suppress(OSError):
            stamps = _stamps(folder)
            slices = [
                (name, stamps[name], each.to_json())
                for name, each in self.manifests.items()
                if name in stamps
            ]
            if len(slices) < len(self.manifests):  # one is being built anew by another process
                return
            own = folder / f"{FILE}.{secrets.token_hex(6)}.tmp"
            fd = os.open(own, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(json.dumps({"slices": slices, "profile": self.profile.to_json()}))
            own.replace(folder / FILE)


def _stamps(folder: Path) -> dict[str, _Stamp]:
    """What tells the manifests in the folder from all that stood or will stand in their place."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json"):
                stat = entry.stat()
                found[entry.name.removesuffix(".json")] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found
