"""What must outlast the disk: a mirror keeps the files of a state folder somewhere else.

The engine works on local files and tells the mirror which are whole. Of a local home the files are all there
is (`LocalOnly`); of a home in a bucket they are what this machine has of it (`cloud_storage.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tidegate.utils.errors import ExitCode, TidegateError


class MirrorDamagedError(TidegateError):
    """Something that was written is gone or is not what was written."""


class LeaseHeldError(TidegateError):
    """`owner` and `where` are those of the holder."""

    exit_code = ExitCode.LOST

    def __init__(self, message: str, *, owner: str, where: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.owner, self.where = owner, where


class LogMirror(Protocol):
    """Follows one page log as it grows."""

    def grown(self, end: int) -> None:
        """The file is whole up to here. Does not wait; raises where keeping what came before has failed."""
        ...

    def close(self) -> int:
        """Keep what is left, and give how many segments there are in all. Blocks until they are kept."""
        ...


class Lease(Protocol):
    def check(self) -> None:
        """Raise `LeaseHeldError` where somebody else has it now."""
        ...

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """What the mirror holds of one file: bytes, and when they were written, in epoch seconds. Of a page log,
    each segment for itself: the file's path and a number.
    """

    path: Path
    size: int
    written_s: float


class Mirror(Protocol):
    """All paths are below the root of the home. Everything blocks; any thread may call."""

    @property
    def shared(self) -> bool:
        """Whether other machines may have written there, too."""
        ...

    @property
    def shown(self) -> str:
        """Where it is, for a person; nothing of a local home."""
        ...

    def until(self, stopping: Callable[[], bool]) -> None:
        """Work begins: what fails is not tried again when this says so, and nothing is known to be new."""
        ...

    def fetch_those(self, folder: Path, begins: str = "", limit: int | None = None) -> None:
        """Make the files in a folder stand whose names begin so, the first `limit` of them: what nobody can
        name.
        """
        ...

    def is_new(self, folder: Path) -> None:
        """Nothing in the folder is kept yet, and until work begins anew nobody else writes there: what is not
        kept by this process need not be asked for.
        """
        ...

    def has(self, path: Path, version: str) -> bool:
        """Whether this version of the file is kept."""
        ...

    def fetch(self, path: Path, version: str = "", to: Path | None = None) -> None:
        """Make the local file what the mirror has, or `to`; where it has none, there is none here either."""
        ...

    def keep(self, path: Path, version: str = "") -> None:
        """The file is whole: keep it, over what `fetch` has seen and over nothing else.

        Raises an error with exit code 40 where somebody else has kept another one meanwhile.
        """
        ...

    def put(self, path: Path) -> None:
        """Keep the file whatever was kept before: the last one wins."""
        ...

    def fetch_log(self, path: Path, segments: int = 0) -> None:
        """Make a page log stand as far as it was kept; where nothing was kept, what is here stays.

        `segments` are how many there must be: `MirrorDamagedError` where some are gone.
        """
        ...

    def follow(self, path: Path, segments: int = 0) -> LogMirror:
        """As `fetch_log`, and keep what is put behind that from now on. Nobody else may write the file."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether files that are kept may stay on this disk, too."""
        ...

    def drop(self, path: Path) -> None:
        """Free the disk of what a page log holds, which is kept and not needed here any more."""
        ...

    def lease(self, key: str, owner: str, *, shared: bool = False) -> Lease:
        """Take it, or raise `LeaseHeldError`. A shared one is shared with who takes it so for one owner."""
        ...

    def held(self, folder: Path, limit: int | None = None) -> Iterator[Held]:
        """What is kept below a folder, in the order of the names: for a person who asks, and for `gc`."""
        ...

    def forget(self, *paths: Path, version: str = "") -> None:
        """Keep them no longer: paths of `held`, or of files. Fine where one is gone."""
        ...


class _Nothing:
    def grown(self, end: int) -> None:
        pass

    def close(self) -> int:
        return 0

    def check(self) -> None:
        pass

    def release(self) -> None:
        pass


_NOTHING = _Nothing()


class LocalOnly:
    """The files are all there is: nothing to fetch, nothing to keep elsewhere."""

    shared = False
    shown = ""
    has_room = True

    def until(self, stopping: Callable[[], bool]) -> None:
        pass

    def fetch_those(self, folder: Path, begins: str = "", limit: int | None = None) -> None:
        pass

    def is_new(self, folder: Path) -> None:
        pass

    def has(self, path: Path, version: str) -> bool:  # noqa: ARG002
        return False

    def fetch(self, path: Path, version: str = "", to: Path | None = None) -> None:
        pass

    def keep(self, path: Path, version: str = "") -> None:
        pass

    def put(self, path: Path) -> None:
        pass

    def fetch_log(self, path: Path, segments: int = 0) -> None:
        pass

    def follow(self, path: Path, segments: int = 0) -> LogMirror:  # noqa: ARG002
        return _NOTHING

    def drop(self, path: Path) -> None:
        pass

    def lease(self, key: str, owner: str, *, shared: bool = False) -> Lease:  # noqa: ARG002
        return _NOTHING

    def held(self, folder: Path, limit: int | None = None) -> Iterator[Held]:  # noqa: ARG002
        return iter(())

    def forget(self, *paths: Path, version: str = "") -> None:
        pass


LOCAL_ONLY = LocalOnly()
