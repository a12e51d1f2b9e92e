"""A state folder in Cloud Storage: the local files are what this machine has of it at the moment.

An object has the path of its file. A file that is built anew when a contract changes has its checksum in the
name of the object as well, so that each object is written once; the manifest, which is written last, says
which one is meant, and is written over the generation that was read. Nothing is looked for by listing, but
where a person asks what there is, and by `gc`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tidegate.utils.mirrors.base import Held, MirrorDamagedError
from tidegate.utils.mirrors.bucket import ABSENT, PATIENCE_S, Bucket, Stored, checksum_of
from tidegate.utils.mirrors.leases import BucketLease, Claim
from tidegate.utils.mirrors.segments import SegmentLimits, Segments

T = TypeVar("T")

LEASE_S = 60.0
FREE_SHARE = 0.25  # of the scratch disk; below that, parts are kept in the bucket only
_AT_ONCE = 8


class CloudStorage:
    """`root` is the scratch folder. `place` and `where` are those of this process (`leases.Claim`)."""

    def __init__(
        self,
        root: Path,
        url: str,
        *,
        place: str,
        where: str,
        limits: SegmentLimits | None = None,
        lease_s: float = LEASE_S,
        free_share: float = FREE_SHARE,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._root, self._limits = root, limits or SegmentLimits()
        self._place, self._where, self._lease_s = place, where, lease_s
        self._free_share = free_share
        self._bucket = Bucket(url, patience_s=patience_s)
        self._seen: dict[str, int] = {}  # generations by name; each name is one thread's at a time
        self._new: set[Path] = set()  # folders
        self._followed: set[Path] = set()  # page logs

    shared = True

    @property
    def shown(self) -> str:
        return self._bucket.url

    def until(self, stopping: Callable[[], bool]) -> None:
        self._bucket.stopping = stopping
        self._new.clear()

    def fetch_those(self, folder: Path, begins: str = "", limit: int | None = None) -> None:
        listed = self._listed(f"{self._name(folder)}/{begins}", limit)
        found = [(each, path) for each, path in listed if path.parent == folder]
        _at_once(lambda pair: self._match(*pair), found)

    def is_new(self, folder: Path) -> None:
        self._new.add(folder)

    def has(self, path: Path, version: str) -> bool:
        name = self._name(path, version)
        if name not in self._seen and self._in_new(path):
            return False
        return self._bucket.look(name) is not None

    def fetch(self, path: Path, version: str = "", to: Path | None = None) -> None:
        name = self._name(path, version)
        if to is not None:
            self._download(name, to)
            return
        if name not in self._seen and self._in_new(path):
            return
        if path.exists():
            stored = self._bucket.look(name)
            if stored is not None:
                self._match(stored, path)
                return
            path.unlink(missing_ok=True)
            self._seen[name] = ABSENT
        elif path.parent.is_dir() or self._bucket.look(name) is not None:
            self._download(name, path)

    def _match(self, stored: Stored, path: Path) -> None:
        """Make the file what is known to stand."""
        self._seen[stored.name] = stored.generation
        if not path.exists() or stored.crc32c != _checksum(path):
            self._download(stored.name, path)

    def _download(self, name: str, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(path.name + ".tmp")
        try:
            with _private(part) as file:
                stored = self._bucket.copy(name, file)
            if stored is not None:
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._seen[name] = ABSENT if stored is None else stored.generation

    def keep(self, path: Path, version: str = "") -> None:
        name = self._name(path, version)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            stored = self._bucket.swap(name, file, size, self._seen.get(name, ABSENT))
        self._seen[name] = stored.generation

    def put(self, path: Path) -> None:
        name = self._name(path)
        self._seen[name] = self._bucket.put(name, path.read_bytes()).generation

    def fetch_log(self, path: Path, segments: int = 0) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Segments(self._bucket, self._name(path), path, self._limits).restore(segments)

    def follow(self, path: Path, segments: int = 0) -> Segments:
        followed = Segments(self._bucket, self._name(path), path, self._limits)
        if path in self._followed or not self._in_new(path):
            followed.restore(segments)
        self._followed.add(path)
        return followed

    def _in_new(self, path: Path) -> bool:
        return not self._new.isdisjoint(path.parents)

    @property
    def has_room(self) -> bool:
        disk = shutil.disk_usage(self._root)
        return disk.free >= disk.total * self._free_share

    def drop(self, path: Path) -> None:
        os.truncate(path, 0)  # not removed: whoever has it open waits for this very file

    def lease(self, key: str, owner: str, *, shared: bool = False) -> BucketLease:
        name = f"leases/{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        return BucketLease(self._bucket, name, Claim(owner, self._place, self._where, self._lease_s, shared))

    def held(self, folder: Path, limit: int | None = None) -> Iterator[Held]:
        for each, path in self._listed(f"{self._name(folder)}/", limit):
            written_s = each.updated.timestamp() if each.updated else 0.0
            yield Held(path, each.size, written_s)

    def _listed(self, under: str, limit: int | None) -> Iterator[tuple[Stored, Path]]:
        """Objects with their files. A name that no file of ours has is left alone: one that others have given
        may lead anywhere on this disk.
        """
        for each in self._bucket.names(under, limit):
            path = self._root / each.name
            if _is_plain(path) and path.as_posix() == f"{self._root.as_posix()}/{each.name}":
                yield each, path

    def forget(self, *paths: Path, version: str = "") -> None:
        names = [self._name(path, version) for path in paths]
        _at_once(self._bucket.delete, names)
        for name in names:
            self._seen.pop(name, None)

    def _name(self, path: Path, version: str = "") -> str:
        if not _is_plain(path):
            raise MirrorDamagedError(f"{path} is not within the state folder {self.shown}")
        name = path.relative_to(self._root).as_posix()
        return f"{name}.{version}" if version else name


def _at_once(act: Callable[[T], object], of: Iterable[T]) -> None:
    """A few at a time. Raises what the first of them did that failed."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tidegate-bucket") as pool:
        for _ in pool.map(act, of):
            pass


def _is_plain(path: Path) -> bool:
    return ".." not in path.parts and "\0" not in str(path)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return checksum_of(file)


def _private(path: Path) -> Any:
    """A fresh file for its owner alone, open to be written."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")
