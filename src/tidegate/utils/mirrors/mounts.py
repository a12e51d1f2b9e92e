"""Which mirror a file has: that of the state folder in which it lies.

Like the mount table of a system: who reads or writes a file need not know where the folder is kept. One
mirror for each folder in a process, so that all that is known of the bucket is known once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tidegate.utils.mirrors.base import LOCAL_ONLY, Mirror

_mounts: dict[Path, Mirror] = {}
_lock = threading.Lock()


def mounted(root: Path, make: Callable[[], Mirror]) -> Mirror:
    """The mirror of the folder: as it was made before, or made now."""
    with _lock:
        if root not in _mounts:
            _mounts[root] = make()
        return _mounts[root]


def mirror_of(path: Path) -> Mirror:
    """That of the state folder in which the path lies; of a local one, a mirror that does nothing."""
    if not _mounts:
        return LOCAL_ONLY
    return next((_mounts[each] for each in (path, *path.parents) if each in _mounts), LOCAL_ONLY)
