"""A folder for files in the making, beside those that they become."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_LEFT = re.compile(r"\.tidegate-(new|init)-[a-z0-9_]{8}")


@contextmanager
def drafts_in(folder: Path, command: Literal["new", "init"]) -> Iterator[Path]:
    """An empty folder in `folder`, removed at the end. Raises `OSError`.

    Blocks while another process has one there. So a folder that is there already is what a killed process
    has left: it is removed, too.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _locked(fd):
            _remove_left(folder)
        made = Path(tempfile.mkdtemp(prefix=f".tidegate-{command}-", dir=folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError:  # a file system without locks on folders
        return False
    return True


def _remove_left(folder: Path) -> None:
    for each in folder.iterdir():
        if _LEFT.fullmatch(each.name) and each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
