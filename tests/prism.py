"""Prism: answers as a vendor's OpenAPI description says; an npm package, for extended tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parent.parent / "node_modules" / ".bin" / "prism"
START_LIMIT_S = 60.0


@contextmanager
def prism(spec: Path) -> Iterator[str]:
    """The base URL of a Prism that mocks `spec` on loopback for as long as the block runs.

    It checks requests (401 without a key, 400 for a parameter out of range), answers with the description's
    examples, and leaves out the base path of the description's server: Brevo's contacts are at `/contacts`.
    Every offset gets the same page.
    """
    if not PROGRAM.exists() or shutil.which("node") is None:
        pytest.skip("NOT TESTED against Prism: `make test-extended` installs it where node and npm are")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [PROGRAM, "mock", "-p", str(port), "-h", "127.0.0.1", spec],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_until_it_listens(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"Prism did not listen on port {port}: exit code {server.poll()}")
