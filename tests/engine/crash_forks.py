"""Processes to be killed, made quickly: one imports everything, and forks a child for each job.

It forks before it has any thread of its own, so a child starts as a fresh process would.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.engine.crash_scene import Job, Scene
from tests.engine.crash_steps import SAID
from tidegate.utils.errors import TidegateError

_ROOT = Path(__file__).parents[2]
BROKE = 99  # the exit code of a child that ended by an error that is none of ours


class Forks:
    """Use as a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.engine.crash_forks"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, job: Job) -> int:
        """Begin, and give the process id; it stands for the process until it is waited for."""
        return self._ask({"start": asdict(job)})

    def wait(self, pid: int) -> int:
        """The exit code; less than 0 for a signal."""
        return self._ask({"wait": pid})

    def play(self, job: Job) -> int:
        return self.wait(self.start(job))

    def _ask(self, what: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Forks:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _serve() -> None:
    _import_what_a_run_needs()
    for line in sys.stdin:
        what = json.loads(line)
        if "start" in what:
            answer = os.fork()
            if answer == 0:
                os._exit(_child(Job(**what["start"])))
        else:
            _, status = os.waitpid(what["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _import_what_a_run_needs() -> None:
    """Half of the time of a short run goes into modules that are imported when first used."""
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "names"
        pid = os.fork()
        if pid == 0:
            _child(Job(folder, "merge", day=1))
            names.write_text("\n".join(sys.modules))
            os._exit(0)
        os.waitpid(pid, 0)
        for name in names.read_text().split():
            with suppress(ImportError):  # some are made by others at run time
                import_module(name)
    gc.collect()
    gc.freeze()


def _child(job: Job) -> int:
    said = Path(job.folder) / SAID
    try:
        return Scene(job).play()
    except TidegateError as error:
        said.write_text(str(error))
        return int(error.exit_code)
    except BaseException:  # noqa: BLE001 - told to the test
        said.write_text(traceback.format_exc())
        return BROKE


if __name__ == "__main__":
    _serve()
