"""The command line as a person has it: a folder, an environment, a process; and what a run left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from tidegate.cli.main import app

# A pace at which no quota makes a run wait.
QUOTA = 100_000.0
KEY = "a-key-of-the-tests"
_FOREIGN = ("BREVO_", "TIDEGATE_", "CLOUD_RUN_", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of standard output, which is JSON."""
        last: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return last

    def failed(self, code: int, *said: str) -> None:
        """It ended with this code, one message that says all of these, and no traceback."""
        assert self.code == code, self
        assert "Traceback" not in self.err + self.out, self
        for text in said:
            assert text in self.err, self


@dataclass
class Shell:
    """Runs commands in `folder`; `env` is what is set beside the environment of the tests."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / ".tidegate"

    @property
    def warehouse(self) -> Path:
        return self.folder / "x.duckdb"

    def __call__(self, *arguments: str, module: str = "tidegate", **env: str) -> Ended:
        process = self.start(*arguments, module=module, **env)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def run(self, *arguments: str, **env: str) -> Ended:
        """`tidegate run brevo ... --to x.duckdb`"""
        return self("run", "brevo", *arguments, "--to", "x.duckdb", **env)

    def start(self, *arguments: str, module: str = "tidegate", **env: str) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**inherited, "HOME": str(self.folder), **self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def inside(self, *arguments: str, **env: str) -> Ended:
        """As a call, in this process: for what ends before a process of its own would matter."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in filter(lambda each: each.startswith(_FOREIGN), list(os.environ)):
                patch.delenv(name)
            for name, value in {"HOME": str(self.folder), **self.env, **env}.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def run_inside(self, *arguments: str, **env: str) -> Ended:
        """As `run`, in this process."""
        return self.inside("run", "brevo", *arguments, "--to", "x.duckdb", **env)

    def tables(self, file: str = "x.duckdb") -> dict[str, int]:
        """How many rows each table of the warehouse has, tidegate's own and views left out."""
        path = self.folder / file
        if not path.exists():
            return {}
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            return {
                name: connection.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
                for (name,) in found
                if not name.startswith("_tidegate_")
            }

    def run_ids(self) -> list[str]:
        """The runs that `tidegate runs` lists, newest first."""
        return re.findall(r"^(?!run |---)(\S+)  ", self("runs").out, flags=re.MULTILINE)


@contextmanager
def working(process: subprocess.Popen[str], ready: Callable[[], bool]) -> Iterator[None]:
    """The block runs as soon as `ready()`; the process is gone afterwards, whatever happened."""
    try:
        deadline = time.monotonic() + 30
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the command did not come that far"
            time.sleep(0.01)
        yield
    finally:
        process.kill()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


def interrupted(process: subprocess.Popen[str], number: signal.Signals) -> tuple[Ended, float]:
    """Send the signal; give how the process ended and the seconds that it took."""
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return Ended(process.returncode, out, err), time.monotonic() - sent
