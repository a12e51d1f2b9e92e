from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from tidegate.sandbox.asgi import Receive, Scope, Send
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

SERVE = """
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import serve
serve(BrevoSandbox(rows=50), on_start=lambda origin: print(origin, flush=True))
print("ended", flush=True)
"""


async def teapot(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_an_app_is_served_on_a_free_port() -> None:
    with running(teapot) as one, running(teapot) as other:
        assert one != other
        assert httpx2.get(one).status_code == httpx2.get(other).status_code == 418


def test_the_thread_is_gone_after_the_block_even_with_a_connection_open() -> None:
    with httpx2.Client() as client:
        with running(teapot) as origin:
            client.get(origin)
        assert "tidegate-sandbox" not in [thread.name for thread in threading.enumerate()]


def test_a_port_in_use_is_an_error_and_leaves_no_socket_open() -> None:
    with running(teapot) as origin:
        port = int(origin.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), running(teapot, port=port):
            pass


def test_the_port_is_closed_after_the_block() -> None:
    with running(teapot) as origin:
        pass
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(origin)


def test_answers_do_not_wait_for_a_delayed_acknowledgement() -> None:
    with running(BrevoSandbox(rows=50)) as origin, httpx2.Client() as client:
        began = time.perf_counter()
        for _ in range(25):
            client.get(f"{origin}/_sandbox/truth/contacts")
        assert time.perf_counter() - began < 25 * 0.03  # 40 ms each where Nagle's algorithm is on


def test_an_error_in_the_block_stops_the_server_and_is_raised() -> None:
    with pytest.raises(KeyError), running(teapot):
        raise KeyError
    assert "tidegate-sandbox" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_on_a_signal(sig: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        assert httpx2.get(f"{origin}/_sandbox/counters").status_code == 200
        os.kill(process.pid, sig)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_a_cut_answer_leaves_nothing_in_the_logs(capfd: pytest.CaptureFixture[str]) -> None:
    sandbox = BrevoSandbox(rows=50, faults=1.0, slow_s=0.0, quota=1000.0)
    with running(sandbox) as origin, httpx2.Client(headers={"api-key": "k"}) as client:
        while not any(status == 0 for _, _, status in sandbox.counters()["log"]):
            try:
                client.get(f"{origin}/v3/contacts")
            except httpx2.RemoteProtocolError:
                continue
    assert capfd.readouterr() == ("", "")
