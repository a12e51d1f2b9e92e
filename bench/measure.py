"""What a process costs, as the kernel counts it when the process ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the process and of those that it waited for, from its first instruction to its last. The peak
    is that of the largest of them.
    """

    cpu_s: float
    wall_s: float
    peak_rss: int
    output: str


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a command in `folder`. Raises `RuntimeError` where it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=errors, env={**os.environ, **environment}, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(
                f"{' '.join(command[:3])} ended with code {process.returncode}:\n{errors.read()[-2000:]}"
            )
        return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss * _MAXRSS_UNIT, out.read())
