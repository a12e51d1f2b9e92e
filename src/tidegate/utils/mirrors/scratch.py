"""The scratch folder of a state folder in Cloud Storage: what this machine works on, and may lose."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tidegate.utils.errors import SettingsError
from tidegate.utils.mirrors.base import Mirror
from tidegate.utils.mirrors.bucket import check_url
from tidegate.utils.mirrors.cloud_storage import CloudStorage
from tidegate.utils.mirrors.mounts import mounted
from tidegate.utils.mirrors.segments import SegmentLimits

SCRATCH = "TIDEGATE_SCRATCH"
_HINT = f"Set {SCRATCH} to an empty folder that can be written; what is in it may be lost at any time."


def mirrored(url: str, environ: Mapping[str, str], limits: SegmentLimits) -> tuple[Path, Mirror]:
    """The scratch folder, and the mirror that keeps what must last.

    The folder is always the same for one place in Cloud Storage and one user, so what is there need not be
    fetched again. It lies in the one that is named, which may be anybody's, as a mounted volume is.
    """
    check_url(url)
    own = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    named = environ.get(SCRATCH)
    if named:
        above = _made(Path(named).absolute())
    else:
        above = _private(Path(tempfile.gettempdir(), f"tidegate-{os.getuid()}"))
    root = _private(above / own)

    def make() -> Mirror:
        place, where = _place(root, environ)
        return CloudStorage(root, url, place=place, where=where, limits=limits)

    return root, mounted(root, make)


def _made(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"the scratch folder {path} cannot be made: {error.strerror}", hint=_HINT
        ) from error
    return path


def _private(path: Path) -> Path:
    """The folder for its owner alone. One that somebody else has made is refused: it would hold pages."""
    found = _made(path).lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SettingsError(f"the scratch folder {path} belongs to somebody else", hint=_HINT)
    return path


def _place(root: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Where only one process can be at work on a run, and how a person calls it (`leases.Claim`)."""
    host = socket.gethostname()
    execution = environ.get("CLOUD_RUN_EXECUTION")
    if execution:
        task = environ.get("CLOUD_RUN_TASK_INDEX", "0")
        return f"{execution}/{task}", f"execution {execution}, task {task}"
    return f"{host}/{_token(root)}", f"{host}, process {os.getpid()}"


def _token(root: Path) -> str:
    """Tells this scratch folder from those of other machines that have the same name."""
    path, token = root / "machine", secrets.token_hex(8)
    if not path.exists():
        own = root / f"machine.{token}.tmp"
        own.write_text(token, "utf-8")
        with suppress(FileExistsError):  # of processes that begin together, one names the folder
            os.link(own, path)
        own.unlink()
    return path.read_text("utf-8")
