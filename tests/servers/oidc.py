"""Authorization servers from npm: oidc-provider, which checks everything, and oauth2-mock-server."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).resolve().parents[2] / "node_modules"
START_LIMIT_S = 60.0


@contextmanager
def oidc_provider(lifetime_s: int, keys: Sequence[Any]) -> Iterator[str]:
    """The URL of an oidc-provider (`oidc.mjs`) whose tokens live `lifetime_s`; `keys` sign for its clients.

    It knows the clients `basic`, `post`, `signs` (RS256) and `signs-ec` (ES256), gives `/token`, an `/api`
    that wants a living token, `/seed?client=` with a first refresh token, and `/calls` with what it counted.
    """
    script = Path(__file__).with_name("oidc.mjs")
    with _running(
        "oidc-provider", ["node", str(script)], [str(lifetime_s), json.dumps({"keys": keys})]
    ) as url:
        yield url


@contextmanager
def oauth2_mock_server() -> Iterator[str]:
    """The URL of an oauth2-mock-server: it checks no credential."""
    program = str(MODULES / ".bin" / "oauth2-mock-server")
    with _running("oauth2-mock-server", [program, "-a", "127.0.0.1", "-p"], []) as url:
        yield url


@contextmanager
def _running(package: str, command: list[str], arguments: list[str]) -> Iterator[str]:
    if not (MODULES / package).exists() or shutil.which("node") is None:
        pytest.skip(f"NOT TESTED against {package}: `make test-extended` installs it where node and npm are")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*command, str(port), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_listens(package, server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_until_it_listens(package: str, server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{package} did not listen on port {port}: exit code {server.poll()}")
