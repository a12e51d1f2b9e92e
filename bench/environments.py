"""Environments of the other tools, each from a lock file of its own: they do not go together."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "src")])  # of this tree, whatever is installed
PEERS = Path(__file__).resolve().parent / "peers"
_LOCKS = Path(__file__).resolve().parent / "requirements"
# As it is installed: the development environment has pandas, too, which Arrow imports where it can.
OURS = "tidegate"
RUNTIME = ROOT / "requirements" / "runtime.lock"


@cache
def python_of(name: str) -> str:
    """The interpreter of the environment `name`, made now where it is missing or its lock file has changed.

    `TIDEGATE_BENCH_ENVIRONMENTS` names another folder than `.bench` for them.
    """
    lock = RUNTIME if name == OURS else _LOCKS / f"{name}.lock"
    folder = Path(os.environ.get("TIDEGATE_BENCH_ENVIRONMENTS", ROOT / ".bench")) / name
    python, made = folder / "bin" / "python", folder / "made-from.lock"
    if not (made.is_file() and made.read_bytes() == lock.read_bytes()):
        _make(name, folder, lock)
        made.write_bytes(lock.read_bytes())
    if name == OURS:  # pip compiles what it installs; this tree is not installed
        subprocess.run([str(python), "-m", "compileall", "-qq", str(ROOT / "src")], check=True)
    return str(python)


def _make(name: str, folder: Path, lock: Path) -> None:
    print(f"making the environment of {name} (once) ...", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=True)
