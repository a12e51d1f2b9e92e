"""What a state folder holds of its runs: on this disk, and, where machines share it, in the bucket.

The record of a run stands at the top of its folder and is left alone; everything below is its work.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tidegate.engine.exceptions import storage_error
from tidegate.utils.home import Home
from tidegate.utils.mirrors.base import Held


class Holdings:
    """As they are now. Of a shared home everything is listed, a thousand files a request: who sweeps must
    also find what no manifest names, such as the parts of contracts that have changed since.
    """

    def __init__(self, home: Home) -> None:
        self._home, self._runs = home, home.root / "runs"
        self._kept: dict[Path, list[Held]] = defaultdict(list)
        for each in home.mirror.held(self._runs):
            folder = self._runs / each.path.relative_to(self._runs).parts[0]
            self._kept[folder].append(each)

    @property
    def total(self) -> int:
        """Bytes, here and there."""
        return size_of(self._home.root) + sum(each.size for kept in self._kept.values() for each in kept)

    def folders(self) -> list[Path]:
        """Those of runs that have any work left."""
        here = (each for each in self._runs.glob("*") if each.is_dir() and not each.is_symlink())
        return [each for each in {*here, *self._kept} if self.work(each)]

    def work(self, folder: Path) -> list[Held]:
        kept = [each for each in self._kept.get(folder, ()) if each.path.parent != folder]
        return [*kept, *_files(folder)]

    def size(self, folder: Path) -> int:
        return sum(each.size for each in self.work(folder))

    def touched_s(self, folder: Path) -> float:
        """When any of it was last written, in epoch seconds."""
        return max((each.written_s for each in self.work(folder)), default=0.0)

    def remove(self, folder: Path) -> None:
        """Take the work of a run away. Raises `StorageError` where the disk refuses."""
        for each in folder.iterdir() if folder.is_dir() else ():
            try:
                if each.is_dir() and not each.is_symlink():
                    shutil.rmtree(each)
            except OSError as error:
                raise storage_error(each, error) from error
        kept = self._kept.get(folder, [])
        self._home.mirror.forget(*(each.path for each in kept if each.path.parent != folder))
        self._kept[folder] = [each for each in kept if each.path.parent == folder]


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; 0 where there is none."""
    return sum(_size(Path(place) / name) for place, _, names in os.walk(folder) for name in names)


def _files(folder: Path) -> Iterator[Held]:
    for place, _, names in os.walk(folder):
        for name in names if Path(place) != folder else ():
            path = Path(place) / name
            try:
                found = path.lstat()
            except FileNotFoundError:  # a run at work has renamed it
                continue
            yield Held(path, found.st_size, found.st_mtime)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
