"""What `doctor` finds on this machine: its disk, the state folder, a destination that is a file or folder."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from tidegate.app.doctor_findings import Finding, attempt, ok, wrong
from tidegate.destinations.base import Destination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.destinations.parquet import ParquetDestination
from tidegate.utils.amounts import shown_size
from tidegate.utils.home import Home
from tidegate.utils.version import __version__

# A run of a small table fits; who loads more sees what is free.
_LEAST_FREE = 100 << 20


def check_machine() -> Iterator[Finding]:
    yield ok("version", f"tidegate {__version__}, Python {platform.python_version()}")


def check_home(home: Home) -> Iterator[Finding]:
    """Makes nothing: the first run makes the folder."""
    root = home.root
    yield from _place("home", root)
    if root.is_dir() and root.stat().st_mode & 0o077:
        yield wrong("home", f"{root} holds personal data, and others may read it", f"chmod 700 {root}")


def check_destination(destination: Destination) -> Iterator[Finding]:
    """A file or folder: whether it can be written, and what is there be read by this version."""
    path = destination.path if isinstance(destination, DuckDBDestination | ParquetDestination) else None
    if path is None:
        yield ok("destination", destination.name)
        return
    there = path.exists()
    yield from _place("destination", path)
    if there:
        tables = yield from attempt("destination", destination.freshness)
        if tables is not None:
            yield ok("destination", f"{destination.name} can be opened; {len(tables):,} tables have commits")


def _place(check: str, path: Path) -> Iterator[Finding]:
    """Whether `path`, or what is to be made there, can be written, and how much room there is."""
    at = path.absolute()
    nearest = next(each for each in (at, *at.parents) if each.exists())
    if nearest != at and not nearest.is_dir():
        yield wrong(check, f"{path} cannot be made: {nearest} is a file", "Name another place.")
        return
    if not _can_write(nearest) or (at.is_file() and not _can_write(at.parent)):
        yield wrong(
            check,
            f"{path}: {nearest} cannot be written by this user",
            f"Name another place, or: chmod u+w {nearest}",
        )
        return
    free = shutil.disk_usage(nearest).free
    made = "" if nearest == at else ", will be made by the first run"
    if free < _LEAST_FREE:
        yield wrong(check, f"{path}: {shown_size(free)} free", "Free some space, or name another place.")
    else:
        yield ok(check, f"{path}{made}; {shown_size(free)} free")


def _can_write(path: Path) -> bool:
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0))
