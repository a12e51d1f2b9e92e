"""WireMock: an API that resets, garbles and dribbles on order; an npm package that needs Java."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "node_modules" / ".bin" / "wiremock"
START_LIMIT_S = 60.0


@dataclass(frozen=True)
class WireMock:
    """A running server and its admin API."""

    url: str
    admin: httpx2.Client

    def reset(self) -> None:
        """Forget stubs, scenarios and requests."""
        self.admin.post("/reset").raise_for_status()

    def stub(self, path: str, response: dict[str, Any], **mapping: Any) -> None:
        """Answer any method on `path`; `mapping` adds a scenario or a priority."""
        request = {"method": "ANY", "urlPath": path}
        self.admin.post(
            "/mappings", json={"request": request, "response": response, **mapping}
        ).raise_for_status()

    def scenario(self, path: str, *responses: dict[str, Any]) -> None:
        """The responses one after the other; the last one stays."""
        for at, response in enumerate(responses):
            then = {"newScenarioState": f"{at + 1}"} if at + 1 < len(responses) else {}
            state = "Started" if at == 0 else f"{at}"
            self.stub(path, response, scenarioName=path, requiredScenarioState=state, **then)

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The requests to `path` that the server has seen, the first one first."""
        found = self.admin.get("/requests").raise_for_status().json()["requests"]
        seen = [each["request"] for each in found if each["request"]["url"].partition("?")[0] == path]
        return sorted(seen, key=lambda each: int(each["loggedDate"]))


@contextmanager
def wiremock() -> Iterator[WireMock]:
    """A WireMock on loopback for as long as the block runs."""
    if not PROGRAM.exists() or shutil.which("node") is None or shutil.which("java") is None:
        pytest.skip("NOT TESTED against WireMock: it needs node, npm and java (`make test-extended`)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [PROGRAM, "--port", str(port), "--bind-address", "127.0.0.1", "--disable-banner"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(server, url)
        with httpx2.Client(base_url=f"{url}/__admin", timeout=10) as admin:
            yield WireMock(url, admin)
            admin.post("/shutdown")  # the program is a child of npm's wrapper: asked, it ends with it
    finally:
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.terminate()
            server.wait(timeout=10)


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx2.get(f"{url}/__admin/mappings", timeout=2).raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"WireMock did not answer at {url}: exit code {server.poll()}")
