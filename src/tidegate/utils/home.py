"""The state folder of a project (`TIDEGATE_HOME`): private, because the pages in it hold personal data."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.utils.errors import ExitCode, SettingsError, is_full
from tidegate.utils.mirrors.base import LOCAL_ONLY, Mirror
from tidegate.utils.mirrors.segments import SegmentLimits

_LEDGER = "ledger.db"
_HINT = (
    "Set TIDEGATE_HOME to a folder that can be written, or to gs://bucket/prefix, or leave it unset for"
    " .tidegate in the project."
)


class _StateFolderFullError(SettingsError):
    """No setting mends it, but time may."""

    exit_code = ExitCode.TRY_AGAIN


class Home:
    """Names every file of the state folder. Folders are made 0700 when they are first needed, files 0600.

    Of one in Cloud Storage `root` is the scratch folder, and `mirror` keeps the files that must last.
    """

    def __init__(self, root: Path, mirror: Mirror = LOCAL_ONLY) -> None:
        self.root = root
        self.mirror = mirror

    @classmethod
    def named(
        cls,
        name: str,
        project: Path,
        environ: Mapping[str, str] | None = None,
        limits: SegmentLimits | None = None,
    ) -> Home:
        """The folder that a person named; a relative one is meant from the project's root.

        `environ` says where the scratch folder of one in Cloud Storage is, and what the process is a part of.
        """
        if name.startswith("gs://"):
            from tidegate.utils.mirrors.scratch import mirrored

            root, mirror = mirrored(name, environ or {}, limits or SegmentLimits())
            return cls(root, mirror)
        if "://" in name:
            raise SettingsError(f"TIDEGATE_HOME is {name}: only gs:// and folders are known", hint=_HINT)
        return cls(project / Path(name).expanduser())

    @property
    def shown(self) -> str:
        """Where it is, for a person."""
        return self.mirror.shown or str(self.root)

    @property
    def exists(self) -> bool:
        """Whether anything ever ran here. Makes nothing."""
        local = (self.root / _LEDGER).is_file() or (self.root / "runs").is_dir()
        return local or self.mirror.shared  # which may hold runs of other machines

    @property
    def ledger(self) -> Path:
        path = self.folder() / _LEDGER
        try:
            path.touch(mode=0o600)
        except OSError as error:
            if is_full(error):
                raise
            raise SettingsError(
                f"the state folder {self.root} cannot be written: {error.strerror}", hint=_HINT
            ) from error
        return path

    def lock(self, name: str) -> Path:
        return self.folder("locks") / f"{name}.lock"

    def run(self, run_id: str) -> Path:
        return self.folder("runs", run_id)

    def folder(self, *parts: str) -> Path:
        """A folder under the root, made private where it is missing."""
        path = self.root
        try:
            make_private(path)
            for part in parts:
                path /= part
                make_private(path)
        except OSError as error:
            if is_full(error):
                raise _StateFolderFullError(
                    f"the state folder {path} cannot be made: the disk is full",
                    hint="Free some space and run the same command again to resume.",
                ) from error
            what = "it is a file" if path.is_file() else error.strerror
            raise SettingsError(f"the state folder {path} cannot be made: {what}", hint=_HINT) from error
        return path


def make_private(path: Path) -> None:
    """A folder for its owner alone; its name is durable when this returns."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Replace the file at once and durably: a reader sees the old content or the new, even after a crash."""
    part = path.with_name(path.name + ".tmp")
    fd = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(json.dumps(value, indent=1, sort_keys=True).encode())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def read_file(path: Path) -> bytes:
    """A small file whole: half of what `Path.read_bytes` costs, which counts where there are ten thousand."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(fd, os.fstat(fd).st_size + 1)]
        while parts[-1]:
            parts.append(os.read(fd, 1 << 20))
    finally:
        os.close(fd)
    return b"".join(parts)


def sync_folder(path: Path) -> None:
    """Make renames and new names in the folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
