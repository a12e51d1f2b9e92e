"""Writing several files: all of them, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tidegate.authoring.drafts import drafts_in
from tidegate.authoring.merging.paths import inside
from tidegate.utils.errors import ExitCode, SettingsError, TidegateError, is_full
from tidegate.utils.home import sync_folder

_AGAIN = "Nothing was changed. Run the same command again."


class _TryAgainError(TidegateError):
    exit_code = ExitCode.TRY_AGAIN


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is what the file must still be (None: nothing is there), `after` what it becomes."""

    before: bytes | None
    after: bytes


def place(root: Path, changes: Mapping[PurePosixPath, Change]) -> None:
    """Write all, in this order, durably. Folders that are missing are made; a file keeps its mode.

    Each file is replaced in one step. Where one cannot be, those before it are put back and an error is
    raised: `TidegateError`, worth trying again (20) for a full disk or a file that has changed meanwhile,
    else `SettingsError`. After a crash some may be new and others old. Blocks while another process places
    files here.
    """
    targets = {inside(root, path): change for path, change in changes.items()}
    try:
        with drafts_in(root, "new") as drafts:
            _place(targets, _Drafts(drafts))
    except OSError as error:
        raise _told(error, root) from error


def _place(targets: Mapping[Path, Change], drafts: _Drafts) -> None:
    undo: list[Callable[[], object]] = []
    try:
        for target, change in targets.items():
            drafts.write(target, change.after)
        for target, change in targets.items():
            _check(target, change.before)
        for target in targets:
            _make_folder(target.parent, undo)
            drafts.put(target, undo)
        for folder in {target.parent for target in targets}:
            sync_folder(folder)
    except BaseException:
        for step in reversed(undo):
            with suppress(OSError):  # a folder into which somebody else has put a file by now
                step()
        raise


@dataclass(slots=True)
class _Drafts:
    """New contents and old ones, in a folder beside the files, from where they are renamed."""

    folder: Path
    files: dict[Path, Path] = field(default_factory=dict)

    def write(self, target: Path, content: bytes) -> None:
        draft = self.files[target] = self.folder / str(len(self.files))
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)

    def put(self, target: Path, undo: list[Callable[[], object]]) -> None:
        draft = self.files[target]
        if target.exists():
            old = draft.with_suffix(".old")
            try:
                os.link(target, old)
            except OSError:  # a file system that knows no hard links
                shutil.copy2(target, old)
            undo.append(lambda: old.replace(target))
        else:
            undo.append(lambda: target.unlink(missing_ok=True))
        draft.replace(target)


def _make_folder(folder: Path, undo: list[Callable[[], object]]) -> None:
    for place in reversed((folder, *folder.parents)):
        if not place.exists():
            place.mkdir()
            undo.append(place.rmdir)


def _check(target: Path, before: bytes | None) -> None:
    there = target.read_bytes() if target.exists() else None
    if there != before:
        raise _TryAgainError(f"{target} has changed meanwhile", hint=_AGAIN)


def _told(error: OSError, root: Path) -> TidegateError:
    where = error.filename2 or error.filename or root
    if is_full(error):
        return _TryAgainError(f"{where} cannot be written: the disk is full", hint=_AGAIN)
    return SettingsError(f"{where} cannot be written: {error.strerror}", hint="Nothing was changed.")
