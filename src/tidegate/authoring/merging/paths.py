"""Where a generated file may be: in the project, whatever the names are that it was made of."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from tidegate.utils.errors import UsageError


def inside(root: Path, path: PurePosixPath) -> Path:
    """The file itself, links followed. Raises `UsageError` where that is not inside of `root`."""
    wrong = path.is_absolute() or not path.parts or ".." in path.parts or "\\" in str(path)
    if wrong or not str(path).isprintable():
        raise UsageError(f"{str(path)!r} is no path in a project", hint="Nothing was written.")
    whole = root.resolve()
    real = (whole / path).resolve()
    if not real.is_relative_to(whole):
        raise UsageError(
            f"{root / path} leads out of the project, to {real}", hint="Nothing was written. Remove the link."
        )
    return real
