"""Make the environment of the stand-ins for BigQuery and Cloud Storage, which want a Python 3.13.

    python scripts/standins.py [--if-possible] [FOLDER]

FOLDER is `.standins` unless said. The interpreter is the one that PYTHON313 names, else `python3.13` on PATH,
else the newest 3.13 of pyenv or uv; only one that starts and says that it is 3.13 is taken. DuckDB's
extensions are put under FOLDER/home, so that nothing is fetched later; FOLDER/.ready is there when all is.
With --if-possible the lack of an interpreter is said and is no failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "standins.lock"
TIME_LIMIT_S = 900
IMPORT = """
import sys
from duckdb_extensions import import_extension

for name in sys.argv[1:]:
    import_extension(name)
"""


def candidates(environ: dict[str, str]) -> Iterator[str]:
    """Where a Python 3.13 may be, best first; PYTHON313 leaves no other choice."""
    if named := environ.get("PYTHON313"):
        yield named
        return
    if on_path := shutil.which("python3.13", path=environ.get("PATH")):
        yield on_path
    home = Path(environ.get("HOME", "/"))
    for folder in (
        Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
    ):
        # A shim of pyenv is on PATH for every version, also where it finds none.
        found = [*folder.glob("3.13*/bin/python3.13"), *folder.glob("cpython-3.13*/bin/python3.13")]
        yield from map(str, sorted(found, key=_patch, reverse=True))


def _patch(path: Path) -> int:
    """13 for `3.13.13` and for `cpython-3.13.13-linux`; a release goes before what has no number."""
    digits = path.parts[-3].partition("3.13.")[2].partition("-")[0]
    return int(digits) if digits.isdecimal() else -1


def interpreter(environ: dict[str, str]) -> str | None:
    return next((python for python in candidates(environ) if _is_313(python)), None)


def _is_313(python: str) -> bool:
    command = [python, "-c", "import sys, venv, ensurepip; print(sys.version_info[:2])"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and said.stdout.strip() == "(3, 13)"


def extensions(lock: str) -> list[str]:
    """The names by which DuckDB knows the extensions of the lock file."""
    prefix = "duckdb-extension-"
    pinned = [line.partition("==")[0] for line in lock.splitlines() if line.startswith(prefix)]
    return [name.removeprefix(prefix).replace("-", "_") for name in pinned]


def build(python: str, folder: Path) -> None:
    """Make the environment anew. Raises `CalledProcessError` when a step fails."""
    new = folder / "bin" / "python"
    home = folder / "home"
    _run([python, "-m", "venv", "--clear", str(folder)])
    _run([str(new), "-m", "pip", "-qq", "--disable-pip-version-check", "install",
          "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)])  # fmt: skip
    home.mkdir(exist_ok=True)
    _run([str(new), "-c", IMPORT, *extensions(LOCK.read_text("utf-8"))], HOME=str(home))
    (folder / ".ready").touch()


def _run(command: list[str], **variables: str) -> None:
    subprocess.run(command, env=os.environ | variables, timeout=TIME_LIMIT_S, check=True)


def main(arguments: list[str]) -> int:
    optional = "--if-possible" in arguments
    folder = Path(next((each for each in arguments if not each.startswith("-")), ROOT / ".standins"))
    python = interpreter(dict(os.environ))
    if python is None:
        named = os.environ.get("PYTHON313")
        print(
            f"PYTHON313={named} is no Python 3.13 with venv"
            if named
            else "no Python 3.13 found: the tests against the BigQuery and Cloud Storage stand-ins skip; "
            "PYTHON313=/path/to/python3.13 names one"
        )
        return 0 if optional and not named else 1
    print(
        f"installing the stand-ins for BigQuery and Cloud Storage into {folder.name} (once, about a minute)"
    )
    try:
        build(python, folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        print(f"the stand-ins could not be installed: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
