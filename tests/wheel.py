"""tidegate as users have it: a wheel, and an environment with it in which no source tree is near."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def built_wheel(folder: Path) -> Path:
    """Built without the network: hatchling is among what the developers have."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("tidegate-*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """The `bin` of a new environment with the wheel; what it depends on is that of this environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    bin_ = folder / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(bin_ / "python"), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)],
        check=True,
        capture_output=True,
    )
    (packages,) = (folder / "lib").glob("python*/site-packages")
    # behind its own packages; .pth files that lie there, such as that of the source tree, are not read
    (packages / "developers.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return bin_
