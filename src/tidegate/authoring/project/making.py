"""Making the files of a project in a folder: all of them or none, and never over one that is there."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tidegate.authoring.drafts import drafts_in
from tidegate.authoring.project.files import SETTINGS, requirement
from tidegate.authoring.project.settings import settings_table, tidegate_table, with_settings
from tidegate.utils.errors import ExitCode, SettingsError, TidegateError, UsageError, is_full


class _FolderFullError(SettingsError):
    exit_code = ExitCode.TRY_AGAIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made, what is there and stays as it is, and the text of a `pyproject.toml` that gets our table.

    `by_hand` is what a `pyproject.toml` lacks besides, and what no program should add: lines, by their use.
    """

    folder: Path
    made: Mapping[PurePosixPath, str]
    kept: tuple[PurePosixPath, ...]
    settings: str | None = None
    by_hand: Mapping[str, str] = field(default_factory=dict)


def planned(folder: Path, files: Mapping[PurePosixPath, str], to: str) -> Plan:
    """Nothing is written. Raises `UsageError` where a file stands in the place of a folder, `SettingsError`
    for a `pyproject.toml` that cannot be read.
    """
    for place in sorted({folder / parent for path in files for parent in path.parents}):
        if os.path.lexists(place) and not place.is_dir():
            raise UsageError(
                f"{place} is in the way: a folder must be there", hint="Move it, or name another."
            )
    there = tuple(path for path in files if os.path.lexists(folder / path))
    made = {path: text for path, text in files.items() if path not in there}
    if SETTINGS not in there:
        return Plan(folder, made, there)
    text = _read(folder / SETTINGS)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{folder / SETTINGS} is not valid TOML: {error}", hint="Mend it there."
        ) from error
    by_hand = {} if _depends(content) else {"a dependency": json.dumps(requirement(to))}
    if tidegate_table(text) is not None:
        return Plan(folder, made, there, by_hand=by_hand)
    edited = with_settings(text, to)
    if edited is None:
        by_hand["a table, in the words of this file"] = settings_table(to)
    return Plan(
        folder, made, tuple(path for path in there if path != SETTINGS or edited is None), edited, by_hand
    )


def make(plan: Plan) -> None:
    """Write what is planned; where that fails, take away what was made and raise a `TidegateError`.

    A file that has come into being since is not touched, and counts as a failure.
    """
    undo: list[Path] = []
    try:
        _make_folder(plan.folder, undo)
        with _drafts(plan) as drafts:
            for path, draft in drafts.items():
                target = plan.folder / path
                _make_folder(target.parent, undo)
                _place(draft, target)
                undo.append(target)
            if plan.settings is not None:
                _replace(plan.folder / SETTINGS, plan.settings)
    except BaseException as error:
        for made in reversed(undo):
            with suppress(OSError):  # a folder into which somebody else has put a file by now
                made.rmdir() if made.is_dir() else made.unlink()
        if isinstance(error, OSError):
            raise _told(error, plan.folder) from error
        raise


@contextmanager
def _drafts(plan: Plan) -> Iterator[dict[PurePosixPath, Path]]:
    """Every file in full, in a folder of their own: a full disk shows before any is in its place."""
    with drafts_in(plan.folder, "init") as drafts:
        found = {}
        for number, (path, text) in enumerate(plan.made.items()):
            found[path] = drafts / str(number)
            found[path].write_text(text, encoding="utf-8", newline="\n")
        yield found


def _place(draft: Path, target: Path) -> None:
    """Raises `FileExistsError` rather than put it over another file."""
    try:
        os.link(draft, target)
    except OSError:  # the file is there, which copying will find, or the file system knows no hard links
        _copy(draft, target)


def _copy(draft: Path, target: Path) -> None:
    with target.open("x", encoding="utf-8", newline="\n"):
        pass  # it is ours from here on
    try:
        target.write_text(draft.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    except BaseException:
        target.unlink()
        raise


def _replace(target: Path, text: str) -> None:
    """In one step, with the mode that the file has; a link stays a link."""
    real = target.resolve()
    handle, draft = tempfile.mkstemp(prefix=f".{real.name}-", dir=real.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(real, draft)
        Path(draft).replace(real)
    finally:
        Path(draft).unlink(missing_ok=True)


def _make_folder(folder: Path, undo: list[Path]) -> None:
    for place in reversed((folder, *(each for each in folder.parents if not each.exists()))):
        with suppress(FileExistsError):
            place.mkdir()
            undo.append(place)


def _depends(content: Mapping[str, Any]) -> bool:
    """Whether tidegate is named anywhere among what a project may depend on."""
    project = content.get("project")
    if not isinstance(project, dict):
        return True  # managed by other means, which are not ours to judge
    return re.search(r"['\"]tidegate(?![\w.-])", repr(project.get("dependencies"))) is not None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}", hint="Mend it, or name another folder."
        ) from error


def _told(error: OSError, folder: Path) -> TidegateError:
    what = f"no project was made in {folder}: {error.strerror}"
    if error.filename2 or error.filename:
        what = f"{what} ({error.filename2 or error.filename})"
    if is_full(error):
        return _FolderFullError(what, hint="Make room there, and run the same command again.")
    return SettingsError(what, hint="Nothing is left of it. Name a folder that can be written.")
